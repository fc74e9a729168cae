"""The atomic model of one structure: what the specimen room makes and every later asset reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SUBSTRATE = -1


@dataclass(frozen=True)
class Particle:
    """One particle: a sphere, or a body of planes.

    Attributes:
        center_a: centre (x, y, z) in Å, in the frame of the structure.
        radius_a: radius of the sphere of equal volume in Å.
        quaternion: orientation (x, y, z, w), crystal frame to structure frame; of twins and grains that of the first.
        fault_planes_a: signed distances of its stacking-fault planes from its centre, along its c axis, in Å.
        phase: index of its crystal among those of the specimen.
        shape: index of its shape among those of the specimen.
        faces: outward normal (x, y, z) of each face in the frame of the structure, its distance from the centre in Å,
            and the domain that it bounds, float64 (F, 5); none for a whole sphere.
        ball_a: radius of a sphere that bounds all domains, Å; infinite for bodies of planes alone.
        defects: what was made inside, by names such as `vacancies_count`.
        faulted: whether stacking faults, twins, grain boundaries or dislocations were made in it.
    """

    center_a: tuple[float, float, float]
    radius_a: float
    quaternion: tuple[float, float, float, float]
    fault_planes_a: tuple[float, ...] = ()
    phase: int = 0
    shape: int = 0
    faces: tuple[tuple[float, float, float, float, float], ...] = ()
    ball_a: float = float("inf")
    defects: Mapping[str, float] = field(default_factory=dict)
    faulted: bool = False

    @property
    def is_sphere(self) -> bool:
        """Whether it is a whole sphere."""
        return not self.faces


@dataclass(frozen=True)
class Structure:
    """Particles on a substrate, in a cell periodic in x and y.

    The substrate fills 0 <= z <= `substrate_thickness_a`, or an uneven film of that mean thickness, perhaps with
    contamination over everything; particles rest above it, or stand beside its edge.

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
        support_end_a: x of the substrate's edge in Å; infinite where it has none.
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
    support_end_a: float = float("inf")

    @property
    def particle_atoms(self) -> int:
        """How many leading atoms belong to particles."""
        return int(np.count_nonzero(self.particle != SUBSTRATE))
