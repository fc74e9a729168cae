"""What a configuration costs Prismatic: memory, refused beforehand where it is not there, and time."""

import math
import os
from pathlib import Path

from hrtem_assets.campaign import PrismaticFields, Simulation
from hrtem_assets.waves.cell import grid_points, slice_count

BYTES_PER_POINT = 20
BASE_BYTES = 200_000_000
# CPU seconds measured on a core of 2.5 GHz: per patch pixel and slice of an atom, per grid point of a slice
_SECONDS_PER_PATCH_PIXEL, _SECONDS_PER_POINT = 2e-7, 1e-7
_MEMINFO = Path("/proc/meminfo")


def memory_bytes(cell_a: tuple[float, float, float], simulation: Simulation) -> int:
    """Peak memory of Prismatic's process: 20 B per grid point and slice, and what it takes to start.

    Args:
        cell_a: sides (x, y, z) of the cell in Å.
        simulation: sampling and slice thickness.
    """
    nx, ny = grid_points(cell_a, simulation.sampling_a)
    return BYTES_PER_POINT * nx * ny * slice_count(cell_a, simulation.slice_thickness_a) + BASE_BYTES


def cpu_seconds(atoms: int, cell_a: tuple[float, float, float], simulation: Simulation) -> float:
    """Roughly how long Prismatic calculates on one thread; potentials, atom by atom, are most of it.

    Args:
        atoms: number of atoms.
        cell_a: sides (x, y, z) of the cell in Å.
        simulation: sampling, slice thickness and the bound of potentials.
    """
    nx, ny = grid_points(cell_a, simulation.sampling_a)
    slices = slice_count(cell_a, simulation.slice_thickness_a)
    bound = PrismaticFields.of(simulation).prismatic.potential_bound_a
    patch = (2 * math.ceil(bound / simulation.sampling_a) + 1) ** 2
    slices_of_an_atom = min(slices, 2 * bound / simulation.slice_thickness_a + 1)
    return (
        atoms * patch * slices_of_an_atom * _SECONDS_PER_PATCH_PIXEL + nx * ny * slices * _SECONDS_PER_POINT
    )


def require_memory(cell_a: tuple[float, float, float], simulation: Simulation) -> None:
    """Refuse a configuration that does not fit.

    Raises:
        MemoryError: names what is needed, what is there, and what to change.
    """
    needed, available = memory_bytes(cell_a, simulation), available_bytes()
    if needed > available:
        nx, ny = grid_points(cell_a, simulation.sampling_a)
        slices = slice_count(cell_a, simulation.slice_thickness_a)
        raise MemoryError(
            f"Prismatic needs about {needed / 1e9:.1f} GB for {nx} x {ny} pixels and {slices} slices, and "
            f"{available / 1e9:.1f} GB are available; use fewer workers, thicker slices, a smaller cell, or "
            f"another engine"
        )


def available_bytes() -> int:
    """Memory that a new process may take: Linux's own estimate, elsewhere all that is installed."""
    if _MEMINFO.is_file():
        for line in _MEMINFO.read_text().splitlines():
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                return int(rest.split()[0]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
