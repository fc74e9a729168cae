"""Columns of atoms that stand along the beam, of particles whose orientation has them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from hrtem_assets.campaign import Lattice
from hrtem_assets.crystal.atoms import Listed
from hrtem_assets.crystal.cells import Cell
from hrtem_assets.crystal.choices import unit_cell
from hrtem_assets.crystal.expansion import cell_vectors
from hrtem_assets.crystal.zone_axes import turned_zone_axes
from hrtem_assets.specimen.structure import Structure

# projected atoms nearer than this are of one column
SAME_COLUMN_A = 0.2
# columns nearer than this are none that an image shows apart
LEAST_SPACING_A = 1.0
# nor do any stand farther apart in what people image
MOST_SPACING_A = 10.0
# part of the columns that may stand too near to others, as at boundaries of grains
MOST_CROWDED = 0.1
# circles of a diameter do not fill a plane more densely
MOST_PER_A2 = 2 / math.sqrt(3) / LEAST_SPACING_A**2


@dataclass(frozen=True)
class Columns:
    """Columns of a structure.

    Attributes:
        position_a: x and y of each, from the cell's corner, at the middle of its atoms, float64 (N, 2), Å.
        atoms: how many it holds, int64 (N,).
        number: their atomic number; 0 where they differ, int64 (N,).
        particle: index of the particle, int64 (N,).
    """

    position_a: NDArray[np.float64]
    atoms: NDArray[np.int64]
    number: NDArray[np.int64]
    particle: NDArray[np.int64]


def columns(structure: Structure, lattices: Sequence[Lattice]) -> Columns:
    """The columns of all particles that are seen along a zone axis.

    A particle has columns if, from its top to its bottom, those of a zone axis shift sideways by no more than half the
    distance between neighbours, which are 1 Å apart or more. Of several such axes that with the widest distance counts.

    Args:
        structure: the atomic model.
        lattices: of its particles, by their phases; none for atoms from files, which have no columns then.
    """
    found = []
    for k, particle in enumerate(structure.particles if lattices else ()):
        of = structure.particle == k
        if not of.any():
            continue
        height_a = 2 * particle.radius_a
        if not particle.is_sphere:
            height_a = float(np.ptp(structure.positions_a[of, 2]))
        axis = _seen_along(lattices[particle.phase], particle.quaternion, height_a)
        if axis is None:
            continue
        gathered = _gathered(structure.positions_a[of], structure.numbers[of], axis)
        # other domains of a twinned particle may not stand along the beam
        if particle.is_sphere or _are_columns(gathered[0]):
            found.append((k, *gathered))
    if not found:
        none = np.empty(0, np.int64)
        return Columns(np.empty((0, 2)), none, none, none)
    return Columns(
        np.concatenate([positions for _, positions, _, _ in found]),
        np.concatenate([atoms for _, _, atoms, _ in found]),
        np.concatenate([numbers for _, _, _, numbers in found]),
        np.repeat([k for k, *_ in found], [len(atoms) for _, _, atoms, _ in found]),
    )


def most_columns(radius_a: float) -> int:
    """More columns than a particle of some radius can have.

    Args:
        radius_a: Å.
    """
    return math.ceil(math.pi * (radius_a + LEAST_SPACING_A) ** 2 * MOST_PER_A2)


def column_map(
    position_a: NDArray[np.float64], sampling_a: float, side_px: int, sigma_a: float
) -> NDArray[np.float64]:
    """A Gaussian of height 1 at each column; where some overlap, the highest counts. Float64 (y, x).

    Args:
        position_a: x and y of each column, (N, 2), Å.
        sampling_a: pixel, Å.
        side_px: pixels along a side.
        sigma_a: standard deviation, Å.
    """
    reach = math.ceil(4 * sigma_a / sampling_a)
    heat = np.zeros((side_px, side_px))
    for x, y in position_a / sampling_a:
        first_y, first_x = (max(0, math.ceil(v) - reach) for v in (y, x))
        rows, cols = (np.arange(a, min(side_px, a + 2 * reach + 1)) for a in (first_y, first_x))
        gaussian = np.exp(-(((rows[:, None] - y) ** 2 + (cols - x) ** 2) * sampling_a**2) / (2 * sigma_a**2))
        box = heat[first_y : first_y + len(rows), first_x : first_x + len(cols)]
        np.maximum(box, gaussian, out=box)
    return heat


def _seen_along(
    lattice: Lattice, quaternion: tuple[float, float, float, float], height_a: float
) -> NDArray[np.float64] | None:
    """The zone axis, a unit vector of the structure's frame, whose columns stand along the beam; None for none."""
    indices, directions = turned_zone_axes(lattice.cell, quaternion)
    best, widest_a = None, 0.0
    for uvw, direction in zip(indices.tolist(), directions, strict=True):
        if direction[2] <= 0.9:
            continue
        shift_a = height_a * math.hypot(direction[0], direction[1]) / direction[2]
        spacing_a = column_spacing_a(lattice, tuple(uvw)) if shift_a < MOST_SPACING_A / 2 else 0.0
        if spacing_a >= LEAST_SPACING_A and shift_a <= spacing_a / 2 and spacing_a > widest_a + 1e-6:
            best, widest_a = direction, spacing_a
    return best


def column_spacing_a(lattice: Lattice, uvw: tuple[int, int, int]) -> float:
    """Distance between neighbouring columns of a perfect crystal along a direction, Å.

    Args:
        lattice: the crystal.
        uvw: indices of the direction.
    """
    return _spacing_a(lattice.space_group, lattice.choice, lattice.cell, lattice.listed, uvw)


@lru_cache(maxsize=1024)
def _spacing_a(space_group: int, choice: str, cell: Cell, listed: Listed, uvw: tuple[int, int, int]) -> float:
    vectors, reach = cell_vectors(cell), range(-3, 4)
    cells = np.array([(i, j, k) for i in reach for j in reach for k in reach])
    atoms = (cells[:, None] + unit_cell(space_group, choice, cell, listed).fractions).reshape(-1, 3) @ vectors
    flat = atoms @ _across(np.array(uvw) @ vectors)
    middles = _clusters(flat)[1]
    # those in the middle have all their neighbours
    central = middles[np.linalg.norm(middles, axis=1) <= np.linalg.norm(vectors, axis=1).min()]
    return float(cKDTree(middles).query(central, k=2)[0][:, 1].min())


def _gathered(
    positions_a: NDArray[np.float32], numbers: NDArray[np.uint8], axis: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Middle (x, y), number of atoms and atomic number of each column along an axis."""
    atoms = positions_a.astype(np.float64)
    of, middles = _clusters(atoms @ _across(axis))
    count = np.bincount(of, minlength=len(middles))
    position = np.stack([np.bincount(of, atoms[:, i]) / count for i in (0, 1)], axis=1)
    least, most = np.full(len(middles), 255), np.zeros(len(middles), np.int64)
    np.minimum.at(least, of, numbers)
    np.maximum.at(most, of, numbers)
    return position, count, np.where(least == most, most, 0)


def _are_columns(position_a: NDArray[np.float64]) -> bool:
    if len(position_a) < 2:
        return True
    nearest = cKDTree(position_a).query(position_a, k=2)[0][:, 1]
    return bool(np.mean(nearest < LEAST_SPACING_A) < MOST_CROWDED)


def _across(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two unit vectors across an axis and each other, as columns (3, 2)."""
    along = axis / np.linalg.norm(axis)
    other = np.eye(3)[np.abs(along).argmin()]
    first = np.cross(along, other)
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(along, first)], axis=1)


def _clusters(points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Which cluster each point (N, 2) belongs to, and the middle of each cluster."""
    pairs = cKDTree(points).query_pairs(SAME_COLUMN_A, output_type="ndarray")
    n = len(points)
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    clusters, of = connected_components(graph, directed=False)
    count = np.bincount(of, minlength=clusters)
    middles = np.stack([np.bincount(of, points[:, i]) / count for i in (0, 1)], axis=1)
    return of.astype(np.int64), middles
