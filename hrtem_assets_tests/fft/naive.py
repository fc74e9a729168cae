"""The transform as it is defined, in a few lines: the oracle of the fast one."""

import numpy as np


def dft(columns: np.ndarray, sign: int) -> np.ndarray:
    """Sum over j of exp(sign 2 pi i j k / n) columns[j], in double precision, by a matrix; O(n²)."""
    j = np.arange(len(columns))
    return np.exp(sign * 2j * np.pi * (np.outer(j, j) % len(j)) / len(j)) @ columns
