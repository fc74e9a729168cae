"""Passes over a whole wave: along rows through a slice's transmission function, along columns through space.

A wave is a flat float32 array in the layout of `spectrum.Spectrum`; several are rows of one array.
"""

from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from hrtem_assets.fft import (
    LANES,
    ROW,
    Plan,
    filtered,
    fingerprint,
    forward,
    gather_tile,
    inverse,
    multiplied,
    scatter_tile,
)
from hrtem_assets.waves.fused.atoms import SlicedAtoms, Stencils, add_atoms
from hrtem_assets.waves.fused.tiles import exponentials

# of all that is compiled into the kernels below, for their cache on disk
SOURCES = fingerprint(Path(__file__).parent)


class Layout(NamedTuple):
    """Where the columns of a wave belong in its rows; see `Spectrum`."""

    x: Plan
    y: Plan
    padded_rows: int
    slots: NDArray[np.int64]
    dropped: NDArray[np.int64]


class Blocks(NamedTuple):
    """Work space of one thread for LANES rows: a wave's, the transmission function's, and phases."""

    wave: NDArray[np.float32]
    transmission: NDArray[np.float32]
    phases: NDArray[np.float32]


@numba.njit(nogil=True, cache=True)
def propagate(
    layout: Layout, wave: NDArray[np.float32], factors: NDArray[np.float32], sources: int = SOURCES
) -> None:
    """Multiply a wave's spectrum by `factors` (see `fft.filtered`), column block by column block."""
    blocks = len(layout.slots) // LANES
    for k in range(blocks):
        filtered(layout.y, wave, k * layout.padded_rows, factors, k * layout.y.size)


@numba.njit(nogil=True)
def gather_rows(layout: Layout, wave: NDArray[np.float32], y: int, block: NDArray[np.float32]) -> None:
    """Transposed rows y ... y + LANES - 1 of a wave; frequencies beyond the aperture are zero."""
    for k in range(len(layout.slots) // LANES):
        gather_tile(wave, k * layout.padded_rows + y, layout.slots, k * LANES, block)
    for slot in layout.dropped:
        for q in range(slot * ROW, (slot + 1) * ROW):
            block[q] = np.float32(0.0)


@numba.njit(nogil=True)
def scatter_rows(layout: Layout, block: NDArray[np.float32], wave: NDArray[np.float32], y: int) -> None:
    """Undoes `gather_rows`."""
    for k in range(len(layout.slots) // LANES):
        scatter_tile(block, layout.slots, k * LANES, wave, k * layout.padded_rows + y)


@numba.njit(nogil=True)
def transmit_rows(layout: Layout, blocks: Blocks, wave: NDArray[np.float32], y: int) -> None:
    """Multiply rows of a wave by the transmission function in `blocks`."""
    gather_rows(layout, wave, y, blocks.wave)
    multiplied(layout.x, blocks.wave, blocks.transmission)
    scatter_rows(layout, blocks.wave, wave, y)


@numba.njit(nogil=True)
def _add_groups(
    phases: NDArray[np.float32],
    points: tuple[int, int],
    y: int,
    atoms: SlicedAtoms,
    group: tuple[int, int, int],
    stencils: Stencils,
) -> bool:
    """Phases of particle atoms group[0] ... group[1] - 1 and substrate atoms group[1] ... group[2] - 1."""
    particles = add_atoms(phases, points, y, atoms, group[0], group[1], stencils)
    substrate = add_atoms(phases, points, y, atoms, group[1], group[2], stencils)
    return particles or substrate


@numba.njit(nogil=True, cache=True)
def transmit_directly(
    layout: Layout,
    blocks: Blocks,
    waves: NDArray[np.float32],
    atoms: SlicedAtoms,
    group: tuple[int, int, int],
    stencils: Stencils,
    sources: int = SOURCES,
) -> None:
    """Multiply waves by exp(i phase) of some atoms (see `_add_groups`); rows that none reaches are left alone."""
    nx, ny = layout.x.size, layout.y.size
    for y in range(0, ny, LANES):
        blocks.phases[:] = np.float32(0.0)
        if not _add_groups(blocks.phases, (nx, ny), y, atoms, group, stencils):
            continue
        # the waves' own transforms multiply by nx
        exponentials(blocks.phases, nx, 1.0 / nx, blocks.transmission)
        for w in range(len(waves)):
            transmit_rows(layout, blocks, waves[w], y)


@numba.njit(nogil=True, cache=True)
def transmission_function(
    layout: Layout,
    blocks: Blocks,
    transmission: NDArray[np.float32],
    atoms: SlicedAtoms,
    group: tuple[int, int, int],
    stencils: Stencils,
    sources: int = SOURCES,
) -> None:
    """exp(i phase) of some atoms (see `_add_groups`), transformed along x, written in the layout of a wave."""
    nx, ny = layout.x.size, layout.y.size
    everywhere = 0.0
    for a in range(group[0], group[2]):
        everywhere += stencils.remainders[atoms.element[a]]
    for y in range(0, ny, LANES):
        blocks.phases[:] = np.float32(everywhere)
        _add_groups(blocks.phases, (nx, ny), y, atoms, group, stencils)
        exponentials(blocks.phases, nx, 1.0, blocks.wave)
        forward(layout.x, blocks.wave, 0)
        scatter_rows(layout, blocks.wave, transmission, y)


@numba.njit(nogil=True, cache=True)
def transmit_filtered(
    layout: Layout,
    blocks: Blocks,
    waves: NDArray[np.float32],
    transmission: NDArray[np.float32],
    sources: int = SOURCES,
) -> None:
    """Multiply waves by a transmission function given in the layout of a wave."""
    for y in range(0, layout.y.size, LANES):
        gather_rows(layout, transmission, y, blocks.transmission)
        inverse(layout.x, blocks.transmission, 0)
        for w in range(len(waves)):
            transmit_rows(layout, blocks, waves[w], y)
