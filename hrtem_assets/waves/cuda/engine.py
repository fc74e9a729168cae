"""The fused engine on a device, behind the interface of all engines."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.backend.memory import how_many_fit
from hrtem_assets.campaign import FusedFields, Simulation
from hrtem_assets.fft import plan
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.waves.cell import grid_points, slice_count
from hrtem_assets.waves.cuda.atoms import DeviceStencils, batch_atoms, device_stencils
from hrtem_assets.waves.cuda.filters import Grid, aperture
from hrtem_assets.waves.cuda.multislice import FILLING_PIXELS, Multislice, bytes_needed
from hrtem_assets.waves.engine import Atoms, ExitWaves
from hrtem_assets.waves.engines.fused import FusedEngine, stencils_of


class CudaEngine(FusedEngine):
    """The fused engine with all phonons of several structures side by side on a device.

    Where waves are computed is no part of the recipe: name, settings and versions are those of the fused engine.
    The same bit for bit from run to run on one device, however many structures are computed together; the waves of
    `FusedEngine` to 1e-5.

    Args:
        backend: the device.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def exit_waves(self, atoms: Atoms, simulation: Simulation) -> ExitWaves:
        """Exit waves of one structure, complex64 (phonon, y, x), on the host; see `FusedEngine.exit_waves`."""
        waves = self.exit_waves_of([atoms], simulation)[0]
        return ExitWaves(self.backend.to_host(waves.full), self.backend.to_host(waves.vacuum))

    def exit_waves_of(self, structures: Sequence[Atoms], simulation: Simulation) -> list[ExitWaves]:
        """Exit waves of several structures; they stay on the device.

        Args:
            structures: displaced atoms, in cells of the same sides x and y and with the same number of phonons.
            simulation: as for `FusedEngine.exit_waves`.

        Returns:
            waves of each, arrays of the device; complex64 (phonon, y, x) on the output grid.

        Raises:
            ValueError: for a finite projection, a grid with a prime factor above 7, or structures that do not match.
            DeviceMemoryError: if one structure does not fit into the memory that is left.
        """
        self.check(simulation)
        waves: list[ExitWaves | None] = [None] * len(structures)
        for i, atoms in enumerate(structures):
            if len(atoms.numbers) == 0:
                waves[i] = self._incident(atoms, simulation)
        todo = [i for i, w in enumerate(waves) if w is None]
        # structures of like depth beside each other enter and leave together
        todo.sort(key=lambda i: -structures[i].cell_a[2])
        while todo:
            count = self._fitting([structures[i] for i in todo], simulation)
            batch, todo = todo[:count], todo[count:]
            made = self._batch([structures[i] for i in batch], simulation)
            for i, (full, vacuum) in zip(batch, made, strict=True):
                waves[i] = ExitWaves(full, vacuum)
        return [w for w in waves if w is not None]

    def structures_at_once(self, simulation: Simulation) -> int:
        """How many structures fill the device; of these, as many are computed together as fit into its memory."""
        return -(-FILLING_PIXELS // (simulation.frozen_phonons * simulation.grid**2))

    def _fitting(self, structures: Sequence[Atoms], simulation: Simulation) -> int:
        points = grid_points(structures[0].cell_a, simulation.sampling_a)
        phonons = len(structures[0].positions_a)
        nx, ny = grid_points(structures[0].cell_a, simulation.output_sampling_a)
        each, once = bytes_needed(
            points,
            (ny, nx),
            phonons,
            max(slice_count(a.cell_a, simulation.slice_thickness_a) for a in structures),
            max(len(a.numbers) for a in structures),
        )
        fitting = how_many_fit(
            each,
            once,
            self.backend.free_bytes(),
            f"one structure of {points[0]} x {points[1]} pixels and {phonons} frozen phonons",
            "choose a smaller simulation.cell_a, a coarser simulation.sampling_a or fewer simulation.frozen_phonons",
        )
        return min(fitting, len(structures), self.structures_at_once(simulation))

    def _incident(self, atoms: Atoms, simulation: Simulation) -> ExitWaves:
        nx, ny = grid_points(atoms.cell_a, simulation.output_sampling_a)
        full, vacuum = self.backend.xp.ones((2, len(atoms.positions_a), ny, nx), np.complex64)
        return ExitWaves(full, vacuum)

    def _batch(self, structures: Sequence[Atoms], simulation: Simulation) -> Any:
        first = structures[0]
        kinds = {(a.cell_a[:2], len(a.positions_a)) for a in structures}
        if len(kinds) > 1:
            raise ValueError(
                f"structures of one batch must share cell sides and phonons, not {sorted(kinds)}; split it"
            )
        points = grid_points(first.cell_a, simulation.sampling_a)
        nx, ny = grid_points(first.cell_a, simulation.output_sampling_a)
        for size in points:
            plan(size)  # refuses what the processor's engine refuses
        slices = [slice_count(a.cell_a, simulation.slice_thickness_a) for a in structures]
        elements = np.unique(np.concatenate([a.numbers for a in structures]))
        grid, filters = _grid(points, first.cell_a[:2], simulation, self.backend)
        stencils = _stencils(tuple(elements.tolist()), points, first.cell_a[:2], simulation, self.backend)
        atoms = batch_atoms(structures, slices, points, elements, stencils.remainders, self.backend)
        phonons = len(first.positions_a)
        mode = FusedFields.of(simulation).fused_mode
        multislice = Multislice(grid, atoms, stencils, phonons, mode, filters, self.backend)
        return multislice.exit_waves((ny, nx))


@lru_cache(maxsize=2)
def _grid(
    points: tuple[int, int], extent_a: tuple[float, float], simulation: Simulation, backend: Backend
) -> tuple[Grid, Any]:
    grid = Grid(points, extent_a, simulation.slice_thickness_a, wavelength_a(simulation.beam_energy_kev))
    return grid, aperture(grid, backend)


@lru_cache(maxsize=8)
def _stencils(
    elements: tuple[int, ...],
    points: tuple[int, int],
    extent_a: tuple[float, float],
    simulation: Simulation,
    backend: Backend,
) -> DeviceStencils:
    return device_stencils(stencils_of(elements, points, extent_a, simulation), backend.xp)
