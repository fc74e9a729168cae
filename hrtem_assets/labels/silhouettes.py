"""Where particles lie, seen along the beam: from their atoms, so that any shape will do."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from hrtem_assets.specimen.structure import Structure

# holes between atomic columns are less than twice as wide in any crystal of the usual elements
CLOSING_A = 3.0
# from an atom's centre to the outline
ATOM_RADIUS_A = 1.0


@dataclass(frozen=True)
class Silhouette:
    """One particle within its box of pixels.

    Attributes:
        box: rows and columns of the image; empty where no atom of the particle is in the cell.
        covered: bool (y, x) of the box: where the particle lies.
        top_a: float (y, x) of the box: height of the nearest projected atom, which grows away from the substrate, Å.
    """

    box: tuple[slice, slice]
    covered: NDArray[np.bool_]
    top_a: NDArray[np.float64]


def silhouettes(structure: Structure, sampling_a: float, side_px: int) -> list[Silhouette]:
    """The silhouette of each particle: all that lies within 1 Å of its projected atoms, with gaps of up to 6 Å closed.

    Args:
        structure: the atomic model.
        sampling_a: pixel, Å.
        side_px: pixels along a side of the cell.
    """
    pixels = np.minimum(np.rint(structure.positions_a[:, :2] / sampling_a), side_px - 1).astype(np.int64)
    return [
        _silhouette(pixels[of := structure.particle == k], structure.positions_a[of, 2], sampling_a, side_px)
        for k in range(len(structure.particles))
    ]


def _silhouette(
    pixels: NDArray[np.int64], heights_a: NDArray[np.float32], sampling_a: float, side_px: int
) -> Silhouette:
    if not len(pixels):
        nothing = np.empty((0, 0))
        return Silhouette((slice(0, 0), slice(0, 0)), nothing.astype(bool), nothing)
    # beyond what is closed, so that the box's edge never counts
    margin = int(np.ceil(2 * CLOSING_A / sampling_a)) + 1
    low = pixels.min(axis=0) - margin
    shape = tuple(pixels.max(axis=0) + margin + 1 - low)[::-1]
    tops = np.full(shape, -np.inf)
    x, y = (pixels - low).T
    np.maximum.at(tops, (y, x), heights_a)
    distance_a, nearest = distance_transform_edt(np.isneginf(tops), sampling_a, return_indices=True)
    widened = distance_a <= CLOSING_A
    covered = distance_transform_edt(np.pad(widened, 1), sampling_a)[1:-1, 1:-1] > CLOSING_A - ATOM_RADIUS_A
    top_a = tops[tuple(nearest)]
    # what lies in the cell
    inside = tuple(slice(max(0, -a), max(0, side_px - a)) for a in low[::-1])
    box = tuple(slice(max(0, a), min(side_px, a + n)) for a, n in zip(low[::-1].tolist(), shape, strict=True))
    covered |= distance_a <= ATOM_RADIUS_A
    return Silhouette((box[0], box[1]), covered[inside], top_a[inside])


def instances(
    mask: NDArray[np.bool_], shapes: list[Silhouette], structure: Structure, sampling_a: float
) -> NDArray[np.int64]:
    """To which particle each pixel of a mask belongs: 1 for the first, 0 for none, int64 (y, x).

    Where silhouettes overlap, a pixel belongs to the particle whose atom there lies farthest from the substrate; beside
    them all, to that of the nearest projected atom. What a particle's wave carries across the cell's edge is nobody's.

    Args:
        mask: bool (y, x).
        shapes: of each particle.
        structure: the atomic model.
        sampling_a: pixel, Å.
    """
    owner = np.zeros(mask.shape, np.int64)
    top_a = np.full(mask.shape, -np.inf)
    for number, shape in enumerate(shapes, 1):
        over = shape.covered & (shape.top_a > top_a[shape.box])
        owner[shape.box][over], top_a[shape.box][over] = number, shape.top_a[over]
    owner[~mask] = 0
    beside = np.argwhere(mask & (owner == 0))
    n = structure.particle_atoms
    if len(beside) and n:
        # rounded to 32 bits, a position may be that of the opposite edge
        places = structure.positions_a[:n, :2].astype(np.float64) % structure.cell_a
        at = beside[:, ::-1] * sampling_a % structure.cell_a
        nearest = cKDTree(places, boxsize=structure.cell_a).query(at)[1]
        across = (np.abs(places[nearest] - at) > structure.cell_a / 2).any(axis=1)
        owner[tuple(beside.T)] = np.where(across, 0, structure.particle[nearest] + 1)
    return owner
