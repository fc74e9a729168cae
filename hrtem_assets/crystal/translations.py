"""Translations of a crystal that are shorter than its cell: what centring adds, found from its atoms."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.crystal.crystal import SYMMETRY_TOLERANCE_A, Crystal, spglib_cell


@lru_cache(maxsize=64)
def translations(crystal: Crystal) -> NDArray[np.float64]:
    """All lattice translations within the cell, as fractions of its edges, the first of them zero; float64 (N, 3).

    Args:
        crystal: which.
    """
    import spglib

    found = spglib.get_symmetry(spglib_cell(crystal), symprec=SYMMETRY_TOLERANCE_A)
    if found is None:
        return np.zeros((1, 3))
    same = (found["rotations"] == np.eye(3, dtype=int)).all(axis=(1, 2))
    return np.asarray(found["translations"][same], np.float64)
