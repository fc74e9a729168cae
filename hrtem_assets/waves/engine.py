"""What every exit-wave engine is: its declaration, and how it computes, is versioned and held to the reference."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.base.errors import HrtemError
from hrtem_assets.campaign import Simulation
from hrtem_assets.campaign.declaration import EngineDeclaration
from hrtem_assets.waves.agreement import Bounds
from hrtem_assets.waves.versions import installed_version


@dataclass(frozen=True)
class Atoms:
    """Frozen-phonon configurations of one structure, ready to be simulated.

    Attributes:
        positions_a: displaced atoms, float64 (phonon, N, 3), Å, already within the cell; the beam travels
            along +z.
        numbers: atomic numbers, uint8 (N,).
        particle_atoms: the first `particle_atoms` atoms belong to particles, the others to the substrate.
        cell_a: sides (x, y, z) of the cell in Å; z a whole number of slices.
    """

    positions_a: NDArray[np.float64]
    numbers: NDArray[np.uint8]
    particle_atoms: int
    cell_a: tuple[float, float, float]


@dataclass(frozen=True)
class ExitWaves:
    """Exit waves of one structure; the incident wave has amplitude 1.

    Attributes:
        full: particles and substrate, complex64 (phonon, y, x), at the exit plane, on the output grid.
        vacuum: the particles alone, with the same displacements; same shape.
    """

    full: NDArray[np.complex64]
    vacuum: NDArray[np.complex64]


class EngineNotInstalledError(HrtemError, RuntimeError):
    """What an engine needs is not installed; the message says what, and how to install it."""


class ExitWaveEngine(EngineDeclaration, ABC):
    """Computes exit waves; phase convention exp(+i sigma V), propagator exp(-i pi lambda dz k^2).

    An engine derives from this and from its declaration in `campaign.engines`, and is made without arguments.

    Attributes:
        code_version: raised when a change of the engine's code changes its numbers; part of the recipe.
        packages: distributions whose versions decide the numbers.
        bounds: how well its waves must agree with those of the reference engine.
        bounded_fields: its own fields that the cross-check takes from the campaign; the bounds hold for all their
            values. Others are at their defaults.
        runs_on_devices: whether it computes on a device where there is one.
    """

    code_version: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]
    bounds: ClassVar[Bounds]
    bounded_fields: ClassVar[tuple[str, ...]] = ()
    runs_on_devices: ClassVar[bool] = False

    @classmethod
    def on_device(cls, device: Backend) -> "ExitWaveEngine":
        """The engine that computes the same on a device; asked for where `runs_on_devices` holds."""
        raise NotImplementedError(f"engine {cls.name} computes on the processor only")

    def versions(self) -> dict[str, str]:
        """Versions that decide the numbers, for the recipe: of packages by name, of the engine's code under `code`."""
        return {"code": self.code_version} | {name: installed_version(name) for name in self.packages}

    @abstractmethod
    def exit_waves(self, atoms: Atoms, simulation: Simulation) -> ExitWaves:
        """Exit waves of all configurations, of the whole structure and of its particles in vacuum, on the host.

        Args:
            atoms: displaced atoms; the cell's sides are whole numbers of pixels and slices.
            simulation: grids, slices and physics; what the engine cannot follow is refused.

        Returns:
            complex64 (phonon, y, x) on the output grid.

        Raises:
            ValueError: for settings that the engine cannot follow.
            EngineNotInstalledError: if it is not there.
        """

    @abstractmethod
    def memory_bytes(self, simulation: Simulation, height_a: float) -> int:
        """Most memory that a calculation on the processor takes beside atoms and exit waves; fitted to measured peaks.

        Args:
            simulation: grid, slices and mode.
            height_a: of the cell along the beam, Å, at most.
        """

    def exit_waves_of(self, structures: Sequence[Atoms], simulation: Simulation) -> list[ExitWaves]:
        """Exit waves of several structures, as arrays of the device that computed them; one after the other here.

        Args:
            structures: displaced atoms of each.
            simulation: as for `exit_waves`.
        """
        return [self.exit_waves(atoms, simulation) for atoms in structures]

    def structures_at_once(self, simulation: Simulation) -> int:
        """How many structures `exit_waves_of` should be given to be at its fastest; it also takes more or fewer."""
        return 1
