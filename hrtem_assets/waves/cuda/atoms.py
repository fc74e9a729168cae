"""The atoms of a batch of structures on a device: sorted by configuration, slice and bin, with their stencils."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.waves.engine import Atoms
from hrtem_assets.waves.fused.atoms import place_atoms
from hrtem_assets.waves.fused.stencils import PAD, Stencil

# as in multislice.cu
BIN_X, BIN_Y = 32, 16


@dataclass(frozen=True)
class DeviceStencils:
    """Stencils of all elements as the kernels read them.

    Attributes:
        arguments: of the kernels: phases float32, rad, row by row [y][x] with a border of one zero; starts, widths and
            reach (before x, after x, before y, after y), int32 by element; the greatest reaches.
        remainders: rad, by element, see `Stencil`.
    """

    arguments: tuple[Any, ...]
    remainders: tuple[float, ...]


@dataclass(frozen=True)
class BatchAtoms:
    """Atoms of all configurations in groups: the particle atoms of a slice, its substrate atoms, those of the next ...

    Slices are counted so that the last ones of all structures fall together.

    Attributes:
        arguments: of the kernels: pixels (x, y) int32, fractions (x, y) float32, elements int32, and the first atom of
            every configuration, group and bin, int32.
        everywhere: float32 (configurations, 2 * slices), phase that each group gives to the whole grid, rad.
        counts: int64 (configurations, slices, 2), particle atoms and substrate atoms, on the host.
    """

    arguments: tuple[Any, ...]
    everywhere: Any
    counts: NDArray[np.int64]


def device_stencils(stencils: Sequence[Stencil], xp: Any) -> DeviceStencils:
    """Transpose stencils to rows along x and put them into one array."""
    tables, reach = [], []
    for s in stencils:
        columns = s.before_y + s.after_y + 1
        # rows of a stencil already have a zero before and after
        kept = s.phases[:, PAD - 1 : PAD + columns + 1]
        tables.append(np.ascontiguousarray(kept.T))
        reach.append((s.before_x, s.after_x, s.before_y, s.after_y))
    starts = np.cumsum([0, *(t.size for t in tables[:-1])])
    integers = (starts, np.array([t.shape[1] for t in tables]), np.array(reach))
    return DeviceStencils(
        arguments=(
            xp.asarray(np.concatenate([t.ravel() for t in tables])),
            *(xp.asarray(i.astype(np.int32)) for i in integers),
            *np.max(reach, axis=0).astype(np.int32),
        ),
        remainders=tuple(s.remainder for s in stencils),
    )


def bins(points: tuple[int, int]) -> tuple[int, int]:
    """Bins along x and y."""
    return -(-points[0] // BIN_X), -(-points[1] // BIN_Y)


def batch_atoms(
    structures: Sequence[Atoms],
    slices: Sequence[int],
    points: tuple[int, int],
    elements: NDArray[np.uint8],
    remainders: Sequence[float],
    backend: Backend,
) -> BatchAtoms:
    """Sort the atoms of structures that share a grid.

    Args:
        structures: displaced atoms, the same number of phonons each.
        slices: of each structure.
        points: grid points (x, y).
        elements: atomic numbers, sorted, in the order of the stencils.
        remainders: of the stencils, rad.
        backend: where to sort them.
    """
    xp = backend.xp
    bins_x, bins_y = bins(points)
    most, phonons = max(slices), len(structures[0].positions_a)
    configurations = len(structures) * phonons
    keys, pixels, fractions, species = [], [], [], []
    for i, (atoms, count) in enumerate(zip(structures, slices, strict=True)):
        positions = xp.asarray(atoms.positions_a)
        which, pixel, fraction = place_atoms(positions, atoms.cell_a, points, count, xp)
        substrate = xp.arange(len(atoms.numbers)) >= atoms.particle_atoms
        configuration = xp.arange(i * phonons, (i + 1) * phonons)[:, None]
        group = (configuration * most + which + (most - count)) * 2 + substrate
        keys.append(((group * bins_y + pixel[..., 1] // BIN_Y) * bins_x + pixel[..., 0] // BIN_X).ravel())
        pixels.append(pixel.reshape(-1, 2).astype(np.int32))
        fractions.append(fraction.reshape(-1, 2))
        element = xp.asarray(np.searchsorted(elements, atoms.numbers).astype(np.int32))
        species.append(xp.broadcast_to(element, which.shape).ravel())
    key = xp.concatenate(keys)
    order = xp.argsort(key, kind="stable")
    key, element = key[order], xp.concatenate(species)[order]
    pixel, fraction = xp.concatenate(pixels)[order], xp.concatenate(fractions)[order]
    groups = configurations * 2 * most
    starts = xp.searchsorted(key, xp.arange(groups * bins_x * bins_y + 1)).astype(np.int32)
    edges = starts[:: bins_x * bins_y]
    everywhere = xp.zeros(groups)
    for i, remainder in enumerate(remainders):
        # counted in integers, so that the order of a sum on the device cannot matter
        before = xp.concatenate([xp.zeros(1, np.int64), xp.cumsum((element == i).astype(np.int64))])[edges]
        everywhere += (before[1:] - before[:-1]) * remainder
    columns = (pixel[:, 0], pixel[:, 1], fraction[:, 0], fraction[:, 1])
    return BatchAtoms(
        arguments=(*(xp.ascontiguousarray(c) for c in columns), element, starts),
        everywhere=everywhere.astype(np.float32),
        counts=backend.to_host(edges[1:] - edges[:-1]).reshape(configurations, most, 2),
    )
