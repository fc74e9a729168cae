"""Domains of crystal filled with atoms, and volumes whose atoms are known already."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ase.data import atomic_numbers
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hrtem_assets.campaign.lattices import Lattice
from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.exact import product
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.defect import Atoms
from hrtem_assets.specimen import czone_compat as cz

# what lies on a face belongs to the domain
_ON_FACE_A = 1e-3
# of the shortest distance: atoms of two domains that are nearer are one, or have no room
_SAME_OF_SHORTEST = 0.75


class ReadyVolume(cz.BaseVolume):  # Construction Zone has no types
    """A volume for Construction Zone's scenes whose atoms are there already."""

    def __init__(
        self,
        atoms: NDArray[np.float64],
        species: NDArray[np.int64],
        interior: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
    ) -> None:
        """Atoms and where they keep others out.

        Args:
            atoms: positions, float64 (N, 3), Å.
            species: atomic numbers, int64 (N,).
            interior: which points (M, 3) lie inside.
        """
        self._atoms, self._species, self._interior, self._priority = atoms, species, interior, 0

    def populate_atoms(self) -> None:
        """Nothing is left to do."""

    def checkIfInterior(self, testPoints: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points lie inside."""
        return self._interior(testPoints)

    def transform(self, transformation: Any) -> None:
        """Refused: it is where it shall be.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("a volume with atoms of its own is not moved")


def filler(lattice: Lattice) -> Callable[[Sequence[Domain]], Atoms]:
    """What fills domains with the atoms of a lattice.

    Args:
        lattice: the crystal; its settings are checked.
    """
    crystal = lattice.crystal
    cell = crystal.atoms
    numbers = np.array([atomic_numbers[symbol] for symbol in cell.symbols], np.int64)

    def fill(domains: Sequence[Domain]) -> Atoms:
        parts = [_in_domain(crystal, cell.fractions, numbers, domain, k) for k, domain in enumerate(domains)]
        kept: list[Atoms] = []
        for part in parts:
            if kept and len(part):
                earlier = np.concatenate([p.positions_a for p in kept])
                near = _SAME_OF_SHORTEST * crystal.shortest_a
                distances, _ = cKDTree(earlier).query(part.positions_a, distance_upper_bound=near)
                part = part.kept(~np.isfinite(distances))
            kept.append(part)
        return Atoms(
            np.concatenate([p.positions_a for p in kept]),
            np.concatenate([p.numbers for p in kept]),
            np.concatenate([p.domain for p in kept]),
        )

    return fill


def _in_domain(
    crystal: Crystal, fractions: NDArray[np.float64], numbers: NDArray[np.int64], domain: Domain, index: int
) -> Atoms:
    try:
        corners = domain.vertices()
    except ValueError:
        # a slice thinner than nothing
        return Atoms(np.empty((0, 3)), np.empty(0, np.int64), np.empty(0, np.int64))
    into = product(domain.frame, crystal.vectors_a.T)
    cells = np.linalg.solve(into, (corners - domain.origin).T).T
    low, high = np.floor(cells.min(axis=0)).astype(int) - 1, np.ceil(cells.max(axis=0)).astype(int) + 1
    steps = [
        np.arange(a, b + 1)[:, None] * into[:, i] for i, (a, b) in enumerate(zip(low, high, strict=True))
    ]
    basis = product(fractions, into.T) + domain.origin
    found, kinds = [], []
    # sheet by sheet, so that what lies outside does not pile up
    for sheet in steps[0]:
        places = (sheet + steps[1][:, None] + steps[2]).reshape(-1, 3)
        places = (places[:, None] + basis).reshape(-1, 3)
        inside = domain.holds(places, _ON_FACE_A)
        found.append(places[inside])
        kinds.append(np.tile(numbers, len(places) // len(numbers))[inside])
    positions = np.concatenate(found)
    return Atoms(positions, np.concatenate(kinds), np.full(len(positions), index, np.int64))
