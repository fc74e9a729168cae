"""The atomic model of one structure: what the specimen room makes and every later asset reads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SUBSTRATE = -1


@dataclass(frozen=True)
class Particle:
    """One spherical particle.

    Attributes:
        center_a: centre (x, y, z) in Å, in the frame of the structure.
        radius_a: radius in Å.
        quaternion: orientation (x, y, z, w), crystal frame to structure frame.
        fault_planes_a: signed distances of its stacking-fault planes from its centre, along its c axis, in Å.
    """

    center_a: tuple[float, float, float]
    radius_a: float
    quaternion: tuple[float, float, float, float]
    fault_planes_a: tuple[float, ...] = ()


@dataclass(frozen=True)
class Structure:
    """Particles on a substrate, in a cell periodic in x and y.

    The substrate fills 0 <= z <= `substrate_thickness_a`, or an uneven film of that mean thickness, perhaps with
    contamination over everything; particles rest above it.

    Attributes:
        positions_a: atoms, float32 (N, 3), Å; x and y in [0, cell_a); particle atoms come first.
        numbers: atomic numbers, uint8 (N,).
        particle: index into `particles` of each atom, int16 (N,); `SUBSTRATE` for the substrate.
        particles: the particles placed.
        requested_particles: how many were asked for; fewer are placed where no room was left.
        substrate_thickness_a: substrate thickness in Å.
        cell_a: side of the square cell in Å.
        seed: 64-bit seed from which all of it was drawn.
        contamination_a: thickness of the contamination in Å; 0 for none.
    """

    positions_a: NDArray[np.float32]
    numbers: NDArray[np.uint8]
    particle: NDArray[np.int16]
    particles: tuple[Particle, ...]
    requested_particles: int
    substrate_thickness_a: float
    cell_a: float
    seed: int
    contamination_a: float = 0.0

    @property
    def particle_atoms(self) -> int:
        """How many leading atoms belong to particles."""
        return int(np.count_nonzero(self.particle != SUBSTRATE))
