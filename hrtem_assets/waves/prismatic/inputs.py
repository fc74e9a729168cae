"""What Prismatic is given: the file of atoms and the parameters of one configuration, checked beforehand.

Bad input ends Prismatic's process, or worse, yields a wave of NaN; so all of it is refused here.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import PrismaticFields, Simulation
from hrtem_assets.campaign.engines.prismatic import Prismatic
from hrtem_assets.waves.cell import grid_points, slice_count

ATOMS_FILE, OUTPUT_FILE = "atoms.xyz", "output.h5"
# Kirkland's table ends with lawrencium
LARGEST_NUMBER = 103


def atoms_file(
    positions_a: NDArray[np.float64], numbers: NDArray[np.uint8], cell_a: tuple[float, float, float]
) -> str:
    """The text of Prismatic's file of atoms, in which the beam comes from z = c.

    Args:
        positions_a: (N, 3), Å, z in [0, c]; the beam travels along +z. x and y may leave the cell: they wrap.
        numbers: atomic numbers, uint8 (N,).
        cell_a: sides (x, y, z) of the cell in Å.

    Returns:
        a comment, the sides, one line `Z x y z occupancy u_rms` per atom, and -1.

    Raises:
        ValueError: if there is no atom, or one that Prismatic cannot take.
    """
    if positions_a.shape != (len(numbers), 3) or not len(numbers):
        raise ValueError(
            f"positions_a has shape {positions_a.shape} for {len(numbers)} atomic numbers; Prismatic needs one "
            f"position (x, y, z) for each, and at least one atom"
        )
    if not np.isfinite(positions_a).all():
        raise ValueError("positions_a holds NaN or infinity; find the step that made it")
    bad = numbers[(numbers < 1) | (numbers > LARGEST_NUMBER)]
    if bad.size:
        raise ValueError(
            f"atomic number {bad[0]} must be between 1 and {LARGEST_NUMBER}; Prismatic has no other"
        )
    depth = cell_a[2]
    outside = positions_a[(positions_a[:, 2] < 0) | (positions_a[:, 2] > depth), 2]
    if outside.size:
        raise ValueError(
            f"an atom has z = {outside[0]} Å, outside the cell; it must be between 0 and {depth} Å"
        )
    lines = ["one frozen-phonon configuration", " ".join(f"{side:.8f}" for side in cell_a)]
    lines += [
        f"{number} {x:.8f} {y:.8f} {depth - z:.8f} 1 0"
        for number, (x, y, z) in zip(numbers.tolist(), positions_a.tolist(), strict=True)
    ]
    return "\n".join([*lines, "-1", ""])


def parameters(cell_a: tuple[float, float, float], simulation: Simulation) -> dict[str, Any]:
    """Arguments of `pyprismatic.Metadata` for the exit wave of one configuration at the end of its cell.

    Args:
        cell_a: sides (x, y, z) of the cell in Å.
        simulation: beam energy, sampling, slice thickness and Prismatic's own settings.

    Raises:
        ValueError: if Prismatic cannot follow the settings, or would change the grid.
    """
    Prismatic.check(simulation)
    for name, points in zip("xy", grid_points(cell_a, simulation.sampling_a), strict=True):
        if points % 4:
            raise ValueError(
                f"cell side {name} = {points} pixels of sampling_a = {simulation.sampling_a}: engine prismatic "
                f"needs a multiple of 4; change the cell or the sampling"
            )
    settings, thickness = PrismaticFields.of(simulation).prismatic, simulation.slice_thickness_a
    return {
        "algorithm": "hrtem",
        "filenameAtoms": ATOMS_FILE,
        "filenameOutput": OUTPUT_FILE,
        "E0": simulation.beam_energy_kev,
        "realspacePixelSizeX": simulation.sampling_a,
        "realspacePixelSizeY": simulation.sampling_a,
        "interpolationFactorX": 1,
        "interpolationFactorY": 1,
        "tileX": 1,
        "tileY": 1,
        "tileZ": 1,
        # 2D potentials would put atoms on whole pixels
        "potential3D": True,
        "potBound": settings.potential_bound_a,
        "sliceThickness": _thickness_that_divides(cell_a[2], slice_count(cell_a, thickness)),
        "zSampling": settings.subslices(thickness, simulation.sampling_a),
        "numSlices": 0,
        "numFP": 1,
        # its own phonons cannot be repeated; ours are in the positions
        "includeThermalEffects": False,
        "includeOccupancy": False,
        **dict.fromkeys(("minXtilt", "maxXtilt", "minYtilt", "maxYtilt", "minRtilt", "maxRtilt"), 0.0),
        "xTiltOffset": 0.0,
        "yTiltOffset": 0.0,
        # waves come out propagated back to the middle of the cell; this brings them to its end
        "probeDefocus": cell_a[2] / 2,
        "saveComplexOutputWave": True,
        "save3DOutput": False,
        "numThreads": settings.threads,
        "numGPUs": 0,
        "maxFileSize": 10**12,
    }


def _thickness_that_divides(depth_a: float, slices: int) -> float:
    """The slice thickness of which Prismatic, rounding up in single precision, finds no more than `slices`."""
    depth, thickness = np.float32(depth_a), np.float32(depth_a / slices)
    while np.ceil(depth / thickness) > slices:
        thickness = np.nextafter(thickness, np.float32(np.inf))
    return float(thickness)
