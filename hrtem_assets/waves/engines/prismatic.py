"""Prismatic 2.0 behind the interface of all engines: the independent second opinion."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Simulation
from hrtem_assets.campaign.engines.prismatic import Prismatic
from hrtem_assets.waves.agreement import INDEPENDENT
from hrtem_assets.waves.cell import grid_points
from hrtem_assets.waves.engine import Atoms, ExitWaveEngine, ExitWaves
from hrtem_assets.waves.prismatic.cost import cpu_seconds, memory_bytes, require_memory
from hrtem_assets.waves.prismatic.environment import prismatic_python
from hrtem_assets.waves.prismatic.inputs import atoms_file, parameters
from hrtem_assets.waves.prismatic.process import run
from hrtem_assets.waves.resampling import fourier_crop

# a slow or crowded machine may take this many times the estimate
PATIENCE = 20.0
LEAST_TIMEOUT_S = 120.0


class PrismaticEngine(Prismatic, ExitWaveEngine):
    """Runs Prismatic's HRTEM mode, one configuration after the other, each in a process of its own.

    Its potentials are Kirkland's in three dimensions, cut off at `prismatic.potential_bound_a`; it shares no
    code with the other engines.
    """

    code_version = "1"
    packages = ("ducc0", "numpy")
    bounds = INDEPENDENT
    bounded_fields = ("prismatic",)

    def versions(self) -> dict[str, str]:
        """Versions of the packages that decide the numbers, for the recipe.

        Prismatic's is a constant: no other version has the mode, and any other is refused. So recipes can be
        checked where Prismatic is not installed.
        """
        return super().versions() | {"prismatic": "2.0"}

    def exit_waves(self, atoms: Atoms, simulation: Simulation) -> ExitWaves:
        """Exit waves of all configurations, of the whole structure and of its particles in vacuum.

        Args:
            atoms: displaced atoms; the cell's sides are whole numbers of slices and of four pixels.
            simulation: beam energy, samplings, slice thickness, Kirkland's scattering factors, and Prismatic's
                own settings. `output_sampling_a` is at least twice `sampling_a`.

        Returns:
            complex64 (phonon, y, x) on the output grid.

        Raises:
            PrismaticNotFoundError: if there is no Prismatic 2.0; says how to install it.
            PrismaticError: if it fails; with the end of its log.
            MemoryError: if it would not fit.
            ValueError: for settings or atoms that it cannot take.
        """
        python = prismatic_python()
        full = _waves(python, atoms, len(atoms.numbers), simulation)
        if atoms.particle_atoms == len(atoms.numbers):
            return ExitWaves(full=full, vacuum=full.copy())
        return ExitWaves(full=full, vacuum=_waves(python, atoms, atoms.particle_atoms, simulation))

    def memory_bytes(self, simulation: Simulation, height_a: float) -> int:
        """Most memory that a calculation takes beside atoms and exit waves, with that of Prismatic's own process.

        Args:
            simulation: grid and slices.
            height_a: of the cell along the beam, Å, at most.
        """
        depth_a = math.ceil(height_a / simulation.slice_thickness_a) * simulation.slice_thickness_a
        cell_a = (simulation.cell_a, simulation.cell_a, depth_a)
        # its waves have half as many points along a side, and are copied as they are turned and cut
        return memory_bytes(cell_a, simulation) + 6 * simulation.grid**2


def _waves(python: Path, atoms: Atoms, count: int, simulation: Simulation) -> NDArray[np.complex64]:
    """Waves of the first `count` atoms, complex64 (phonon, y, x)."""
    settings = parameters(atoms.cell_a, simulation)
    nx, ny = grid_points(atoms.cell_a, simulation.output_sampling_a)
    waves = np.ones((len(atoms.positions_a), ny, nx), np.complex64)
    if not count:
        # without atoms, which Prismatic does not take, the incident wave is all there is
        return waves
    require_memory(atoms.cell_a, simulation)
    points_x, points_y = grid_points(atoms.cell_a, simulation.sampling_a)
    shape = (points_x // 2, points_y // 2)
    timeout_s = LEAST_TIMEOUT_S + PATIENCE * cpu_seconds(count, atoms.cell_a, simulation)
    for wave, positions in zip(waves, atoms.positions_a[:, :count], strict=True):
        text = atoms_file(positions, atoms.numbers[:count], atoms.cell_a)
        # its arrays are [x, y]
        exit_wave = run(python, settings, text, shape, timeout_s).T
        wave[...] = fourier_crop(np.ascontiguousarray(exit_wave), (ny, nx))
    return waves
