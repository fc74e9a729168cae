"""A crystal as geometry asks for it: axes, planes and directions in its frame, and its point group."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.crystal.atoms import Atoms, Listed
from hrtem_assets.crystal.cells import Cell
from hrtem_assets.crystal.choices import unit_cell
from hrtem_assets.crystal.exact import determinant, inverse, length, product
from hrtem_assets.crystal.expansion import cell_vectors

Indices = tuple[int, int, int]

# two atoms of a perfect crystal that are farther apart than their shortest distance times this are no neighbours
SHELL = 1.15
SYMMETRY_TOLERANCE_A = 1e-3
# lattices that have an atom, or the like of it, halfway along every face diagonal of a cubic cell
_FACE_CENTRED = ("F",)


@dataclass(frozen=True)
class Crystal:
    """A crystal in its own frame, a along x and b in the xy plane.

    Attributes:
        space_group: international number, as written; 1 for crystals from files.
        choice: origin or axes, where there are several.
        cell: a, b, c in Å, alpha, beta, gamma in degrees.
        listed: element and fractional coordinates of each site.
    """

    space_group: int
    choice: str
    cell: Cell
    listed: Listed

    @property
    def atoms(self) -> Atoms:
        """Every atom of the unit cell."""
        return unit_cell(self.space_group, self.choice, self.cell, self.listed)

    @property
    def vectors_a(self) -> NDArray[np.float64]:
        """Edges of the cell as rows, float64 (3, 3), Å."""
        return cell_vectors(self.cell)

    @property
    def volume_a3(self) -> float:
        """Of the unit cell."""
        return float(abs(determinant(self.vectors_a)))

    @property
    def atoms_per_a3(self) -> float:
        """Number density."""
        return len(self.atoms) / self.volume_a3

    @property
    def shortest_a(self) -> float:
        """Shortest distance between two atoms, Å."""
        return self.atoms.shortest.distance_a

    @property
    def elements(self) -> tuple[str, ...]:
        """Chemical symbols, sorted."""
        return tuple(sorted(self.atoms.counts))

    def normal(self, plane: Indices) -> NDArray[np.float64]:
        """Unit normal of a plane (hkl)."""
        normal = product(inverse(self.vectors_a), np.array(plane, np.float64))
        return np.asarray(normal / length(normal))

    def spacing_a(self, plane: Indices) -> float:
        """Distance of neighbouring planes (hkl) of the cell, Å."""
        return float(1 / length(product(inverse(self.vectors_a), np.array(plane, np.float64))))

    def direction(self, indices: Indices) -> NDArray[np.float64]:
        """Unit vector along a direction [uvw]."""
        along = product(np.array(indices, np.float64), self.vectors_a)
        return np.asarray(along / length(along))

    def family(self, plane: Indices) -> NDArray[np.float64]:
        """Unit normals of all planes {hkl} that the point group makes of one, float64 (N, 3)."""
        return _distinct(product(self.point_group, self.normal(plane)))

    @cached_property
    def point_group(self) -> NDArray[np.float64]:
        """Rotations and improper rotations of the point group, in the crystal's frame, float64 (N, 3, 3)."""
        return _symmetry(self)[1]

    @cached_property
    def found_space_group(self) -> int:
        """International number as spglib finds it: also of crystals that came as a list of atoms."""
        return _symmetry(self)[0]

    @property
    def is_face_centred_cubic(self) -> bool:
        """Whether its lattice is fcc in a cubic cell: fcc metals, rock salt, zincblende, diamond, fluorite."""
        return _symmetry(self)[2] in _FACE_CENTRED and self.found_space_group >= 195 and self._is_cubic_cell

    @property
    def is_wurtzite(self) -> bool:
        """Whether atoms stand as in wurtzite."""
        return self.found_space_group == 186 and len(self.atoms) == 4

    @property
    def is_hexagonal_close_packed(self) -> bool:
        """Whether atoms stand as in hcp metals."""
        return self.found_space_group == 194 and len(self.atoms) == 2

    @property
    def _is_cubic_cell(self) -> bool:
        a, b, c, *angles = self.cell
        return bool(np.allclose((b, c), a, rtol=1e-6) and np.allclose(angles, 90.0, atol=1e-6))


@lru_cache(maxsize=64)
def _symmetry(crystal: Crystal) -> tuple[int, NDArray[np.float64], str]:
    # half a second to import, needed by few
    import spglib

    vectors = crystal.vectors_a
    found = spglib.get_symmetry_dataset(spglib_cell(crystal), symprec=SYMMETRY_TOLERANCE_A)
    if found is None:
        return 1, np.eye(3)[None], "P"
    # of columns of fractional coordinates: x' = V^T W V^-T x
    back = inverse(vectors.T)
    turned = np.array([product(vectors.T, turn, back) for turn in found.rotations])
    return int(found.number), _distinct(turned.reshape(-1, 9)).reshape(-1, 3, 3), str(found.international)[0]


def spglib_cell(crystal: Crystal) -> Any:
    """A crystal as spglib takes it: edges, fractional coordinates and a number for each element."""
    atoms = crystal.atoms
    kinds = sorted(set(atoms.symbols))
    return crystal.vectors_a, np.mod(atoms.fractions, 1.0), [kinds.index(s) for s in atoms.symbols]


def _distinct(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows without repeats, in the order of the first of each."""
    _, first = np.unique(np.round(rows, 6) + 0.0, axis=0, return_index=True)
    return rows[np.sort(first)]
