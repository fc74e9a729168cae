"""The one interface of all exit-wave engines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Simulation


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


class ExitWaveEngine(Protocol):
    """Computes exit waves; phase convention exp(+i sigma V), propagator exp(-i pi lambda dz k^2)."""

    name: str

    def versions(self) -> dict[str, str]:
        """Versions of the packages that decide the numbers, for the recipe."""
        ...

    def exit_waves(self, atoms: Atoms, simulation: Simulation) -> ExitWaves:
        """Exit waves of all configurations, of the whole structure and of its particles in vacuum, on the host."""
        ...

    def exit_waves_of(self, structures: Sequence[Atoms], simulation: Simulation) -> list[ExitWaves]:
        """Exit waves of several structures, as arrays of the device that computed them."""
        ...

    def structures_at_once(self, simulation: Simulation) -> int:
        """How many structures `exit_waves_of` should be given to be at its fastest; it also takes more or fewer."""
        ...


class OneByOne:
    """What an engine of the processor gains nothing from: several structures at a time."""

    def exit_waves_of(
        self: ExitWaveEngine, structures: Sequence[Atoms], simulation: Simulation
    ) -> list[ExitWaves]:
        """Exit waves of several structures, one after the other."""
        return [self.exit_waves(atoms, simulation) for atoms in structures]

    def structures_at_once(self, simulation: Simulation) -> int:
        """One."""
        return 1
