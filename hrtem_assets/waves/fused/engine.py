"""The fused engine behind the interface of all engines: tables once, then one configuration per thread."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from queue import SimpleQueue

import numpy as np

from hrtem_assets.campaign import Simulation
from hrtem_assets.waves.cell import grid_points, slice_count
from hrtem_assets.waves.electrons import interaction_parameter, wavelength_a
from hrtem_assets.waves.engine import Atoms, ExitWaves, OneByOne
from hrtem_assets.waves.fused.atoms import join_stencils, slice_atoms
from hrtem_assets.waves.fused.multislice import Multislice
from hrtem_assets.waves.fused.spectrum import Spectrum
from hrtem_assets.waves.fused.stencils import Stencil, stencil
from hrtem_assets.waves.versions import package_versions

CODE_VERSION = "2"
VERSIONED_PACKAGES = ("abtem", "ase", "ducc0", "llvmlite", "numba", "numpy")
# phase that cutting off the potentials may lose in all slices together, in rad
_STENCIL_ERROR = {"exact": 4e-6, "fast": 1e-4}


class FusedEngine(OneByOne):
    """abTEM's multislice with infinite projections, bit for bit the same for any number of threads.

    Also with AVX2 and with AVX-512. A processor that cannot fuse products and sums rounds differently (1e-6 of the
    wave).

    Args:
        threads: configurations that are computed at a time.
    """

    name = "fused"

    def __init__(self, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"threads = {threads} must be at least 1; pass the number of cores to use")
        self.threads = threads

    def versions(self) -> dict[str, str]:
        """Versions of the packages that decide the numbers, for the recipe."""
        return package_versions(VERSIONED_PACKAGES, CODE_VERSION)

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
        require_infinite_projections(simulation)
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
            idle.put(Multislice(spectrum, stencils, simulation.fused_mode))

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


def require_infinite_projections(simulation: Simulation) -> None:
    """Raise a `ValueError` that names the repair for a simulation with finite projections."""
    if simulation.projection != "infinite":
        raise ValueError(
            f"simulation.projection = {simulation.projection!r}: the fused engine has infinite projections "
            f"only; set projection: infinite, or engine: abtem"
        )


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
    error = _STENCIL_ERROR[simulation.fused_mode]
    return [stencil(z, simulation.parametrization, points, extent_a, sigma, error) for z in elements]


@lru_cache(maxsize=2)
def _spectrum(
    points: tuple[int, int], extent_a: tuple[float, float], slice_thickness_a: float, beam_energy_kev: float
) -> Spectrum:
    """Filters, which all structures of a campaign share."""
    return Spectrum(*points, extent_a, slice_thickness_a, wavelength_a(beam_energy_kev))
