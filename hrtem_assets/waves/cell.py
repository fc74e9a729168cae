"""From the frame of a structure to the frame of the beam, and the grids that cover its cell."""

import math

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Simulation
from hrtem_assets.specimen.structure import Structure


def place_in_cell(
    structure: Structure, simulation: Simulation
) -> tuple[NDArray[np.float64], tuple[float, float, float], float]:
    """Put a structure into a simulation cell that the beam enters at z = 0 and leaves at its far side.

    `beam_entry` "substrate" keeps the structure's z axis; "particles" reflects it. x and y stay as they are,
    so waves and labels share pixels; the reflected atoms scatter as the structure does from the other side.

    Args:
        structure: atoms with the substrate at z >= 0 and the particles above it.
        simulation: beam side, empty space before and after the atoms, slice thickness.

    Returns:
        positions: float64 (N, 3), Å, in the beam's frame, `vacuum_a` from either end or more.
        cell_a: sides (x, y, z) in Å; z is a whole number of slices.
        exit_plane_z_a: where the exit plane lies in the structure's own frame, Å.
    """
    positions = structure.positions_a.astype(np.float64)
    z = positions[:, 2]
    bottom, top = (float(z.min()), float(z.max())) if z.size else (0.0, 0.0)
    vacuum, thickness = simulation.vacuum_a, simulation.slice_thickness_a
    # a thousandth of a slice forgives rounding, and is far below the empty space
    slices = max(1, math.ceil((top - bottom + 2 * vacuum) / thickness - 1e-3))
    depth = slices * thickness
    if simulation.beam_entry == "substrate":
        positions[:, 2] = z - bottom + vacuum
        exit_plane = bottom - vacuum + depth
    else:
        positions[:, 2] = top + vacuum - z
        exit_plane = top + vacuum - depth
    return positions, (structure.cell_a, structure.cell_a, depth), exit_plane


def grid_points(cell_a: tuple[float, float, float], sampling_a: float) -> tuple[int, int]:
    """Pixels (x, y) that cover the cell.

    Args:
        cell_a: sides (x, y, z) of the cell in Å.
        sampling_a: pixel in Å.

    Raises:
        ValueError: if a side is not a whole number of pixels.
    """
    points = [side / sampling_a for side in cell_a[:2]]
    for name, n, side in zip("xy", points, cell_a, strict=False):
        if n < 1.5 or abs(n - round(n)) > 1e-6 * n:
            raise ValueError(
                f"cell side {name} = {side} Å is {n:.4f} pixels of {sampling_a} Å; it must be a whole "
                f"number: change the cell to {max(2, round(n)) * sampling_a:.6g} Å or change the sampling"
            )
    return round(points[0]), round(points[1])


def slice_count(cell_a: tuple[float, float, float], slice_thickness_a: float) -> int:
    """Number of slices in the cell.

    Args:
        cell_a: sides (x, y, z) of the cell in Å.
        slice_thickness_a: thickness of a slice in Å.

    Raises:
        ValueError: if the cell is not a whole number of slices deep.
    """
    slices = cell_a[2] / slice_thickness_a
    if slices < 0.5 or abs(slices - round(slices)) > 1e-6 * slices:
        raise ValueError(
            f"cell side z = {cell_a[2]} Å is {slices:.4f} slices of {slice_thickness_a} Å; it must be "
            f"a whole number: change it to {max(1, math.ceil(slices)) * slice_thickness_a:.6g} Å"
        )
    return round(slices)
