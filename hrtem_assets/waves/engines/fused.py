"""The fused engine behind the interface of all engines: tables once, then one configuration per thread."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from queue import SimpleQueue

import numpy as np

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.campaign import FusedFields, Simulation
from hrtem_assets.campaign.engines.fused import Fused
from hrtem_assets.imaging.electrons import interaction_parameter, wavelength_a
from hrtem_assets.waves.agreement import SAME_ALGORITHM
from hrtem_assets.waves.cell import grid_points, slice_count
from hrtem_assets.waves.engine import Atoms, ExitWaveEngine, ExitWaves
from hrtem_assets.waves.fused.atoms import join_stencils, slice_atoms
from hrtem_assets.waves.fused.multislice import Multislice
from hrtem_assets.waves.fused.spectrum import Spectrum
from hrtem_assets.waves.fused.stencils import Stencil, stencil

_BYTES_PER_POINT = 62
# phase that cutting off the potentials may lose in all slices together, in rad
_STENCIL_ERROR = {"exact": 4e-6, "fast": 1e-4}


class FusedEngine(Fused, ExitWaveEngine):
    """abTEM's multislice with infinite projections, bit for bit the same for any number of threads.

    Also with AVX2 and with AVX-512. A processor that cannot fuse products and sums rounds differently (1e-6 of the
    wave).

    Args:
        threads: configurations that are computed at a time.
    """

    code_version = "2"
    packages = ("abtem", "ase", "ducc0", "llvmlite", "numba", "numpy")
    bounds = SAME_ALGORITHM
    runs_on_devices = True

    def __init__(self, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"threads = {threads} must be at least 1; pass the number of cores to use")
        self.threads = threads

    @classmethod
    def on_device(cls, device: Backend) -> ExitWaveEngine:
        from hrtem_assets.waves.cuda.engine import CudaEngine

        return CudaEngine(device)

    def exit_waves(self, atoms: Atoms, simulation: Simulation) -> ExitWaves:
        """Exit waves of all configurations, of the whole structure and of its particles in vacuum.

        Args:
            atoms: displaced atoms; the cell's sides are whole numbers of pixels and slices.
            simulation: beam energy, samplings, slice thickness, scattering factors; `fused_mode` exact is abTEM's
                algorithm to float32 noise (1e-5), fast leaves the transmission function unfiltered (1.5e-3).

        Returns:
            complex64 (phonon, y, x) on the output grid.

        Raises:
            ValueError: for a finite projection, or a grid with a prime factor above 7.
        """
        self.check(simulation)
        points = grid_points(atoms.cell_a, simulation.sampling_a)
        nx, ny = grid_points(atoms.cell_a, simulation.output_sampling_a)
        slices = slice_count(atoms.cell_a, simulation.slice_thickness_a)
        shape = (len(atoms.positions_a), ny, nx)
        waves = ExitWaves(np.ones(shape, np.complex64), np.ones(shape, np.complex64))
        if len(atoms.numbers) == 0:
            return waves
        elements = np.unique(atoms.numbers)
        stencils = join_stencils(stencils_of(elements.tolist(), points, atoms.cell_a[:2], simulation))
        spectrum = _spectrum(
            points, atoms.cell_a[:2], simulation.slice_thickness_a, simulation.beam_energy_kev
        )
        threads = min(self.threads, len(atoms.positions_a))
        idle: SimpleQueue[Multislice] = SimpleQueue()
        for _ in range(threads):
            idle.put(Multislice(spectrum, stencils, FusedFields.of(simulation).fused_mode))

        def compute(configuration: int) -> None:
            multislice = idle.get()
            try:
                sliced = slice_atoms(atoms, configuration, points, slices, elements)
                full, vacuum = multislice.exit_waves(sliced, (ny, nx))
                waves.full[configuration], waves.vacuum[configuration] = full, vacuum
            finally:
                idle.put(multislice)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(compute, range(len(atoms.positions_a))))
        return waves

    def memory_bytes(self, simulation: Simulation, height_a: float) -> int:
        """Most memory that a calculation takes beside atoms and exit waves, with one thread.

        Stencils are computed in double precision on the whole grid; filters and waves take less.

        Args:
            simulation: grid.
            height_a: of no influence.
        """
        return _BYTES_PER_POINT * simulation.grid**2


def stencils_of(
    elements: Sequence[int], points: tuple[int, int], extent_a: tuple[float, float], simulation: Simulation
) -> list[Stencil]:
    """Stencils as precise as the simulation's mode asks for.

    Args:
        elements: atomic numbers.
        points: grid points (x, y).
        extent_a: sides (x, y) of the cell in Å.
        simulation: beam energy, scattering factors and mode.
    """
    sigma = interaction_parameter(simulation.beam_energy_kev)
    error = _STENCIL_ERROR[FusedFields.of(simulation).fused_mode]
    return [stencil(z, simulation.parametrization, points, extent_a, sigma, error) for z in elements]


@lru_cache(maxsize=2)
def _spectrum(
    points: tuple[int, int], extent_a: tuple[float, float], slice_thickness_a: float, beam_energy_kev: float
) -> Spectrum:
    """Filters, which all structures of a campaign share."""
    return Spectrum(*points, extent_a, slice_thickness_a, wavelength_a(beam_energy_kev))
