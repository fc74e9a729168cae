"""The reference engine: abTEM's multislice, step by step as published."""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Simulation
from hrtem_assets.campaign.engines.abtem import Abtem
from hrtem_assets.waves.agreement import SAME_ALGORITHM
from hrtem_assets.waves.cell import grid_points, slice_count
from hrtem_assets.waves.engine import Atoms, ExitWaveEngine, ExitWaves
from hrtem_assets.waves.resampling import fourier_crop

_BYTES_PER_POINT = 150


class AbtemEngine(Abtem, ExitWaveEngine):
    """Runs abTEM on one core in single precision, one configuration after the other.

    abTEM plans its Fourier transforms by timing them, so repeated runs differ by about 1e-7.
    """

    code_version = "1"
    packages = ("abtem", "ase", "ducc0", "numpy", "pyfftw")
    bounds = SAME_ALGORITHM

    def exit_waves(self, atoms: Atoms, simulation: Simulation) -> ExitWaves:
        """Exit waves of all configurations, of the whole structure and of its particles in vacuum.

        Args:
            atoms: displaced atoms; the cell's sides are whole numbers of pixels and slices.
            simulation: beam energy, samplings, slice thickness, scattering factors and projection.

        Returns:
            complex64 (phonon, y, x) on the output grid.
        """
        everything, particles = slice(None), slice(0, atoms.particle_atoms)
        return ExitWaves(
            full=self._waves(atoms, everything, simulation), vacuum=self._waves(atoms, particles, simulation)
        )

    def memory_bytes(self, simulation: Simulation, height_a: float) -> int:
        """Most memory that a calculation takes beside atoms and exit waves: a few slices of the potential.

        Args:
            simulation: grid.
            height_a: of no influence.
        """
        return _BYTES_PER_POINT * simulation.grid**2

    def _waves(self, atoms: Atoms, which: slice, simulation: Simulation) -> NDArray[np.complex64]:
        nx, ny = grid_points(atoms.cell_a, simulation.output_sampling_a)
        waves = np.empty((len(atoms.positions_a), ny, nx), np.complex64)
        for wave, positions in zip(waves, atoms.positions_a, strict=True):
            # abTEM's arrays are [x, y]
            exit_wave = _multislice(positions[which], atoms.numbers[which], atoms.cell_a, simulation).T
            wave[...] = fourier_crop(np.ascontiguousarray(exit_wave), (ny, nx))
        return waves


def _multislice(
    positions_a: NDArray[np.float64],
    numbers: NDArray[np.uint8],
    cell_a: tuple[float, float, float],
    simulation: Simulation,
) -> NDArray[np.complex64]:
    import abtem
    import ase
    import dask

    slices = slice_count(cell_a, simulation.slice_thickness_a)
    with (
        abtem.config.set(
            {"device": "cpu", "precision": "float32", "fftw.threads": 1, "diagnostics.progress_bar": False}
        ),
        dask.config.set(scheduler="synchronous"),
    ):
        potential = abtem.Potential(
            ase.Atoms(numbers=numbers, positions=positions_a, cell=cell_a, pbc=True),
            gpts=grid_points(cell_a, simulation.sampling_a),
            # a list keeps the number of slices free from rounding
            slice_thickness=(cell_a[2] / slices,) * slices,
            parametrization=simulation.parametrization,
            projection=simulation.projection,
        )
        incident = abtem.PlaneWave(energy=simulation.beam_energy_kev * 1e3)
        exit_wave = incident.multislice(potential, lazy=False, pbar=False)
        return np.asarray(exit_wave.array)  # type: ignore[union-attr]
