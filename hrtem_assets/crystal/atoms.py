"""Every atom of a unit cell: formula, density, and the atoms that are nearest to each other."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hrtem_assets.crystal.cells import Cell, volume_a3
from hrtem_assets.crystal.elements import covalent_radius_a, mass_density_g_per_cm3, reduced, write_formula
from hrtem_assets.crystal.expansion import cell_vectors

_SAME_PLACE_A = 1e-3

Listed = tuple[tuple[str, tuple[float, float, float]], ...]
"""Element and fractional coordinates of each listed site."""


@dataclass(frozen=True)
class Contact:
    """Two neighbouring atoms.

    Args:
        distance_a: between them, Å.
        radii_a: the sum of their covalent radii, Å.
        sites: listed site of each, the lower first; twice the same for an atom and its own image.
        pair: the two elements, such as `Na-Cl`.
        words: the two in full, such as `Na at (0, 0, 0) and Cl at (0.5, 0.5, 0.5)`.
    """

    distance_a: float
    radii_a: float
    sites: tuple[int, int]
    pair: str
    words: str

    @property
    def ratio(self) -> float:
        """Distance over sum of radii."""
        return self.distance_a / self.radii_a


@dataclass(frozen=True, eq=False)
class Atoms:
    """Every atom of a unit cell.

    Args:
        cell: edges (Å) and angles (degrees).
        listed: the sites that they come from.
        sites: which listed site each atom comes from, int64 (N,).
        fractions: fractional coordinates, float64 (N, 3).
    """

    cell: Cell
    listed: Listed
    sites: NDArray[np.int64]
    fractions: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.sites)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Element of each atom."""
        return tuple(self.listed[site][0] for site in self.sites.tolist())

    @cached_property
    def counts(self) -> Counter[str]:
        """Atoms of each element in the cell."""
        return Counter(self.symbols)

    @property
    def formula(self) -> str:
        """Simplest formula, such as `Fe3O4`."""
        return write_formula(reduced(self.counts)[0])

    @property
    def formula_units(self) -> int:
        """Z: how many of the simplest formula the cell holds."""
        return reduced(self.counts)[1]

    @property
    def content(self) -> str:
        """The formula of the whole cell, such as `Fe24O32`."""
        return write_formula(self.counts)

    @property
    def density_g_per_cm3(self) -> float:
        """Mass density."""
        volume = volume_a3(self.cell)
        return sum(mass_density_g_per_cm3(symbol, n / volume) for symbol, n in self.counts.items())

    @property
    def density_per_a3(self) -> float:
        """Number density in atoms/Å³."""
        return len(self) / volume_a3(self.cell)

    @property
    def shortest(self) -> Contact:
        """The two atoms nearest to each other, periodic images included."""
        return self._contacts[0]

    @property
    def tightest(self) -> Contact:
        """The two atoms whose distance is least against the sum of their covalent radii."""
        return self._contacts[1]

    @cached_property
    def _contacts(self) -> tuple[Contact, Contact]:
        kinds = sorted(self.counts)
        of_kind = np.array([covalent_radius_a(kind) for kind in kinds])
        radii = of_kind[np.searchsorted(kinds, self.symbols)]
        touching = 2 * float(radii.max())
        reach = touching
        while True:
            first, second, distance = self._pairs(reach)
            if len(distance):
                ratio = distance / (radii[first] + radii[second])
                # no pair out of reach has a smaller one
                if ratio.min() <= reach / touching:
                    break
            reach *= 2
        contacts = (
            self._contact(
                int(first[k]), int(second[k]), float(distance[k]), float(radii[first[k]] + radii[second[k]])
            )
            for k in (np.argmin(distance), np.argmin(ratio))
        )
        return next(contacts), next(contacts)

    def _pairs(self, reach_a: float) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Pairs of atoms and their distances up to a reach: one atom of each site with all, images included."""
        vectors = cell_vectors(self.cell)
        # of the unit cell's faces from the origin
        margin = reach_a * np.linalg.norm(np.linalg.inv(vectors), axis=0)
        steps = [np.arange(-n, n + 1) for n in np.ceil(margin).astype(int)]
        shifts = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 1, 3)
        home = np.mod(self.fractions, 1.0)
        around = (home + shifts).reshape(-1, 3)
        near = np.flatnonzero(((around > -margin) & (around < 1.0 + margin)).all(axis=1))
        _, first = np.unique(self.sites, return_index=True)
        trees = cKDTree(home[first] @ vectors), cKDTree(around[near] @ vectors)
        pairs = trees[0].sparse_distance_matrix(trees[1], reach_a, output_type="ndarray")
        i, image = first[pairs["i"]], near[pairs["j"]]
        # an atom is not its own neighbour; its images are
        other = image != len(home) * (len(shifts) // 2) + i
        return i[other], image[other] % len(home), pairs["v"][other]

    def _contact(self, i: int, j: int, distance_a: float, radii_a: float) -> Contact:
        one, other = sorted((int(self.sites[i]), int(self.sites[j])))
        names = [site_in_words(*self.listed[one]), site_in_words(*self.listed[other])]
        return Contact(
            distance_a=distance_a,
            radii_a=radii_a,
            sites=(one, other),
            pair="-".join(self.listed[site][0] for site in (one, other)),
            words=f"{names[0]} and its own image" if one == other else " and ".join(names),
        )


def site_in_words(symbol: str, at: tuple[float, float, float]) -> str:
    """A site in words: `Na at (0, 0, 0)`."""
    return f"{symbol} at ({', '.join(f'{x:.6g}' for x in at)})"


def same_crystal(one: Atoms, other: Atoms) -> bool:
    """Whether a shift of the origin turns one into the other.

    Args:
        one: of a cell.
        other: of the same cell.
    """
    if one.counts != other.counts:
        return False
    vectors = cell_vectors(one.cell)
    symbols = np.array(one.symbols), np.array(other.symbols)
    tree = cKDTree(np.mod(other.fractions, 1.0), boxsize=1.0)

    def fits(atoms: NDArray[np.int64], shifts: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which shifts (M, 3) take all of some atoms of the one onto like atoms of the other."""
        moved = np.mod(one.fractions[atoms] + shifts[:, None], 1.0)
        _, match = tree.query(moved)
        off = moved - other.fractions[match]
        near = np.linalg.norm((off - np.round(off)) @ vectors, axis=-1) < _SAME_PLACE_A
        fit: NDArray[np.bool_] = (near & (symbols[1][match] == symbols[0][atoms])).all(axis=1)
        return fit

    rarest = min(one.counts, key=lambda symbol: one.counts[symbol])
    anchor = one.fractions[symbols[0] == rarest][0]
    shifts = other.fractions[symbols[1] == rarest] - anchor
    everything = np.arange(len(one))
    # a few atoms exclude nearly all shifts
    shifts = shifts[fits(everything[:: max(1, len(one) // 3)], shifts)]
    return any(bool(fits(everything, shift[None]).all()) for shift in shifts)
