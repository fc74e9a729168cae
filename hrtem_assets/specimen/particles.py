"""One spherical particle: crystal, orientation and stacking faults, as a Construction Zone volume."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from hrtem_assets.campaign import Lattice, Site, Specimen
from hrtem_assets.specimen import czone_compat as cz
from hrtem_assets.specimen.crystals import crystal_generator
from hrtem_assets.specimen.structure import Particle

# In (0002) planes, c/2 apart. Two planes of cap leave room for two faults at any radius from 15 Å in CdSe.
FAULT_SEPARATION = 3
FAULT_TO_POLE = 2


def particle_volume(
    specimen: Specimen, radius_a: float, center_a: NDArray[np.float64], rng: np.random.Generator
) -> tuple[Particle, cz.Volume | cz.MultiVolume]:
    """A particle with random crystal position, stacking faults and orientation.

    The centre of the sphere is uniform in the unit cell, so particles of one radius differ in shape and
    number of atoms. The crystal is cut, and faulted, at the origin in its standard orientation, where
    Construction Zone's fault prefab is valid; the particle is then centred, turned and moved. Each particle
    of a faulted specimen is asked for 0 to `max_stacking_faults` faults, uniformly; where fewer fit, as many
    as fit are made, and `Particle.fault_planes_a` holds those made.

    Args:
        specimen: lattice and largest number of stacking faults.
        radius_a: radius in Å.
        center_a: centre (x, y, z) in the structure, (3,), Å.
        rng: random numbers.
    """
    lattice = specimen.lattice
    if specimen.max_stacking_faults:
        lattice = _faultable(lattice)
    generator = crystal_generator(lattice, specimen.lattice_name)
    offset = generator.voxel.bases @ rng.random(3)
    quaternion = uniform_quaternion(rng)
    planes: tuple[int, ...] = ()
    half_c = generator.lattice.c / 2
    if specimen.max_stacking_faults:
        wanted = int(rng.integers(0, specimen.max_stacking_faults + 1))
        planes = fault_planes(wanted, radius_a / half_c, offset[2] / half_c, rng)

    volume = cz.Volume(alg_objects=[cz.Sphere(radius=radius_a, center=offset)], generator=generator)
    if planes:
        volume = cz.wurtzite_faults(volume, generator, list(planes))
    for step in (
        cz.Translation(shift=-offset),
        cz.Rotation(matrix=Rotation.from_quat(quaternion).as_matrix()),
        cz.Translation(shift=center_a),
    ):
        volume.transform(step)
    x, y, z = (float(v) for v in center_a)
    qx, qy, qz, qw = (float(v) for v in quaternion)
    particle = Particle(
        center_a=(x, y, z),
        radius_a=float(radius_a),
        quaternion=(qx, qy, qz, qw),
        fault_planes_a=tuple(float(p * half_c - offset[2]) for p in planes),
    )
    return particle, volume


def uniform_quaternion(rng: np.random.Generator) -> NDArray[np.float64]:
    """A rotation uniform over SO(3), as a unit quaternion (x, y, z, w) with w >= 0, float64 (4,)."""
    quaternion = rng.normal(size=4)
    # no product of vectors by a library: the last bit of its sum depends on the processor
    return quaternion / np.copysign(np.sqrt(np.square(quaternion).sum()), quaternion[3])


def fault_planes(wanted: int, radius: float, center: float, rng: np.random.Generator) -> tuple[int, ...]:
    """Heights of stacking faults, uniform over all choices that keep their distances.

    Args:
        wanted: how many are asked for; as many as fit are returned.
        radius: radius of the particle; as all lengths here, in units of c/2.
        center: height of its centre.
        rng: random numbers.

    Returns:
        ascending whole numbers, `FAULT_SEPARATION` or more apart and `FAULT_TO_POLE` or more from both poles.
    """
    lowest = int(np.ceil(center - radius + FAULT_TO_POLE))
    highest = int(np.floor(center + radius - FAULT_TO_POLE))
    slots = max(0, highest - lowest + 1)
    placed = min(wanted, -(-slots // FAULT_SEPARATION))
    if not placed:
        return ()
    # with the space that the distances use up taken out, any distinct choice is valid
    free = slots - (placed - 1) * (FAULT_SEPARATION - 1)
    chosen = np.sort(rng.choice(free, size=placed, replace=False))
    return tuple(int(lowest + p + i * (FAULT_SEPARATION - 1)) for i, p in enumerate(chosen))


def _faultable(lattice: Lattice) -> Lattice:
    """The same wurtzite crystal with the lower atom of its bonds along c at height 0, where the prefab cuts."""
    first, second = (site.position[2] for site in lattice.sites)
    lower = first if (second - first) % 1.0 < 0.5 else second
    sites = tuple(
        Site(element=s.element, position=(s.position[0], s.position[1], s.position[2] - lower))
        for s in lattice.sites
    )
    return lattice.model_copy(update={"sites": sites})
