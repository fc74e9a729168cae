"""The atoms of one configuration in slices, with their stencils, as the kernels need them."""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from hrtem_assets.fft import LANES, aligned
from hrtem_assets.waves.engine import Atoms
from hrtem_assets.waves.fused.stencils import PAD, Stencil
from hrtem_assets.waves.fused.tiles import add_strip

# abTEM puts an atom on a slice boundary into the following slice, rounding errors notwithstanding
_BOUNDARY_A = 1e-12
# the order in which atoms are added decides the rounding, so it must not follow the lanes of a machine
STRIP = 16


class Stencils(NamedTuple):
    """All stencils of a structure, one after the other.

    Attributes:
        phases: float32, rad, row after row, stencil after stencil.
        starts, widths: int64 (elements,), where each stencil begins and how long its rows are.
        reach: int64 (elements, 4), pixels before and after the atom in x, before and after it in y.
        chords: int64 (elements, distances), see `Stencil`.
        remainders: float64 (elements,), rad, see `Stencil`.
    """

    phases: NDArray[np.float32]
    starts: NDArray[np.int64]
    widths: NDArray[np.int64]
    reach: NDArray[np.int64]
    chords: NDArray[np.int64]
    remainders: NDArray[np.float64]


class SlicedAtoms(NamedTuple):
    """Atoms in groups: the particle atoms of a slice, its substrate atoms, those of the next slice ...

    Within a group they are ordered by strips of STRIP rows, and by x within a strip.

    Attributes:
        pixel: int64 (N, 2), grid point (x, y) at or before each atom.
        fraction: float32 (N, 2), how far it lies beyond that point, in pixels.
        element: int64 (N,), index into the stencils.
        edges: int64 (slices, 3): where the slice's particle atoms begin, its substrate atoms begin, and it ends.
    """

    pixel: NDArray[np.int64]
    fraction: NDArray[np.float32]
    element: NDArray[np.int64]
    edges: NDArray[np.int64]


def join_stencils(stencils: list[Stencil]) -> Stencils:
    """Put the stencils of all elements into one array."""
    sizes = [s.phases.size for s in stencils]
    longest = max(len(s.chords) for s in stencils)
    return Stencils(
        phases=aligned(np.concatenate([s.phases.ravel() for s in stencils])),
        starts=np.cumsum([0, *sizes[:-1]]),
        widths=np.array([s.phases.shape[1] for s in stencils]),
        reach=np.array([[s.before_x, s.after_x, s.before_y, s.after_y] for s in stencils]),
        chords=np.array([np.pad(s.chords, (0, longest - len(s.chords))) for s in stencils]),
        remainders=np.array([s.remainder for s in stencils]),
    )


def place_atoms(
    positions_a: Any, cell_a: tuple[float, float, float], points: tuple[int, int], slices: int, xp: Any = np
) -> tuple[Any, Any, Any]:
    """Slices and pixels of atoms, by abTEM's rules.

    Args:
        positions_a: float64 (..., 3), Å, array of the namespace.
        cell_a: sides (x, y, z) of the cell in Å.
        points: grid points (x, y).
        slices: number of slices.
        xp: array namespace.

    Returns:
        which: int64 (...), slice of each atom.
        pixel: int64 (..., 2), grid point (x, y) at or before it.
        fraction: float32 (..., 2), how far it lies beyond that point, in pixels.
    """
    positions = xp.mod(positions_a, xp.asarray(cell_a))
    ends = np.cumsum(np.full(slices, cell_a[2] / slices)) - _BOUNDARY_A
    which = xp.minimum(xp.searchsorted(xp.asarray(ends), positions[..., 2], side="right"), slices - 1)
    # abTEM rounds positions in pixels to single precision
    coordinates = (positions[..., :2] / xp.asarray(np.array(cell_a[:2]) / points)).astype(np.float32)
    pixel = xp.floor(coordinates).astype(np.int64)
    fraction = coordinates - pixel.astype(np.float32)
    return which, pixel % xp.asarray(points), fraction


def slice_atoms(
    atoms: Atoms, configuration: int, points: tuple[int, int], slices: int, elements: NDArray[np.uint8]
) -> SlicedAtoms:
    """Sort one configuration into slices as abTEM does.

    Args:
        atoms: displaced atoms.
        configuration: which frozen phonon.
        points: grid points (x, y).
        slices: number of slices.
        elements: atomic numbers, sorted, in the order of the stencils.
    """
    which, pixel, fraction = place_atoms(atoms.positions_a[configuration], atoms.cell_a, points, slices)
    substrate = np.arange(len(which)) >= atoms.particle_atoms
    group = 2 * which + substrate
    # neighbours in x follow each other, so that what they touch stays in the cache
    strips = -(-points[1] // STRIP)
    order = np.argsort((group * strips + pixel[:, 1] // STRIP) * points[0] + pixel[:, 0], kind="stable")
    groups = np.searchsorted(group[order], np.arange(2 * slices + 1))
    return SlicedAtoms(
        pixel=pixel[order],
        fraction=fraction[order],
        element=np.searchsorted(elements, atoms.numbers[order]),
        edges=np.stack([groups[0:-1:2], groups[1::2], groups[2::2]], axis=1),
    )


@numba.njit(nogil=True)
def add_atoms(
    phases: NDArray[np.float32],
    points: tuple[int, int],
    first_y: int,
    atoms: SlicedAtoms,
    begin: int,
    end: int,
    stencils: Stencils,
) -> bool:
    """Add the phases of one group's atoms begin ... end - 1 to rows first_y ... first_y + LANES - 1 of the grid.

    Args:
        phases: float32 (x * LANES,), rad.
        points: grid points (x, y).

    Returns:
        whether any atom reaches these rows.
    """
    reached = False
    before, after = stencils.reach[:, 2].max(), stencils.reach[:, 3].max()
    for image in range(-1, 2):
        # rows as this periodic image of the atoms sees them
        low = first_y - image * points[1]
        a = _first_from(atoms.pixel, begin, end, (low - after - 1) // STRIP)
        stop = _first_from(atoms.pixel, begin, end, (low + LANES - 1 + before) // STRIP + 1)
        while a < stop:
            element = atoms.element[a]
            # row of lane 0, counted from the atom
            offset = low - atoms.pixel[a, 1]
            if offset <= stencils.reach[element, 3] + 1 and offset + LANES > -stencils.reach[element, 2]:
                _add_atom(phases, points[0], offset, atoms, a, stencils)
                reached = True
            a += 1
    return reached


@numba.njit(nogil=True)
def _first_from(pixel: NDArray[np.int64], begin: int, end: int, strip: int) -> int:
    """The first atom of a group in this strip of rows or a later one."""
    while begin < end:
        middle = (begin + end) // 2
        if pixel[middle, 1] // STRIP < strip:
            begin = middle + 1
        else:
            end = middle
    return begin


@numba.njit(nogil=True)
def _add_atom(
    phases: NDArray[np.float32], nx: int, offset: int, atoms: SlicedAtoms, a: int, stencils: Stencils
) -> None:
    element = atoms.element[a]
    # interpolation reaches one row further: distance of the nearest lane from rows 0 and 1
    nearest = max(offset - 1, -(offset + LANES - 1), 0)
    chord = stencils.chords[element, nearest]
    begin = -min(chord, stencils.reach[element, 0])
    end = min(chord, stencils.reach[element, 1]) + 2
    width = stencils.widths[element]
    corner = stencils.starts[element] + (stencils.reach[element, 0] + 1) * width
    corner += offset + stencils.reach[element, 2] + PAD
    p = begin
    while p < end:
        row = (atoms.pixel[a, 0] + p) % nx
        count = min(end - p, nx - row)
        add_strip(
            phases,
            row,
            count,
            stencils.phases,
            corner + p * width,
            width,
            atoms.fraction[a, 0],
            atoms.fraction[a, 1],
        )
        p += count
