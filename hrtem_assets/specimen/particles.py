"""One particle: crystal, shape, what is inside, and orientation, as a Construction Zone volume."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from hrtem_assets.campaign import Lattice, Site, Specimen
from hrtem_assets.campaign.materials import Phase, shape_names
from hrtem_assets.crystal.exact import inverse, product
from hrtem_assets.morphology.bodies import Domain, circumradius, of_unit_size, reach
from hrtem_assets.morphology.defect import Piece
from hrtem_assets.morphology.defects.stacking_faults import StackingFaults
from hrtem_assets.morphology.orientation import Surroundings, uniform_quaternion
from hrtem_assets.morphology.stacking import chosen_heights
from hrtem_assets.specimen import czone_compat as cz
from hrtem_assets.specimen.crystals import crystal_generator
from hrtem_assets.specimen.filling import ReadyVolume, filler
from hrtem_assets.specimen.structure import Particle
from hrtem_assets.specimen.substrate import random_sequential

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
    lattice = specimen.crystal
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
    particle = Particle(
        center_a=(x, y, z),
        radius_a=float(radius_a),
        quaternion=_recorded(quaternion, lattice, generator.voxel.bases),
        fault_planes_a=tuple(float(p * half_c - offset[2]) for p in planes),
    )
    return particle, volume


def _recorded(
    quaternion: NDArray[np.float64], lattice: Lattice, bases: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    """The rotation from the crystal's frame, a along x and b in the xy plane, where Construction Zone's has c along
    z.
    """
    own = lattice.crystal.vectors_a.T
    if not np.allclose(bases, own, atol=1e-9 * np.abs(own).max()):
        between = bases @ inverse(own)
        quaternion = (Rotation.from_quat(quaternion) * Rotation.from_matrix(between)).as_quat(canonical=True)
    x, y, z, w = (float(v) for v in quaternion)
    return x, y, z, w


@dataclass(frozen=True, eq=False)
class Shaped:
    """A particle that is made and turned, its centre at 0.

    Attributes:
        positions_a: atoms in the frame of the structure, float64 (N, 3), Å.
        numbers: atomic numbers, int64 (N,).
        domains: its body in that frame, in Å.
        particle: what is recorded of it.
    """

    positions_a: NDArray[np.float64]
    numbers: NDArray[np.int64]
    domains: tuple[Domain, ...]
    particle: Particle

    def placed(self, center_a: NDArray[np.float64]) -> tuple[Particle, ReadyVolume]:
        """The particle at its place, as a volume and as it is recorded.

        Args:
            center_a: centre (x, y, z), (3,), Å.
        """

        radius_a = circumradius(self.domains)

        def interior(points: NDArray[np.float64]) -> NDArray[np.bool_]:
            from_center = points - center_a
            near = np.flatnonzero(np.square(from_center).sum(axis=1) <= (1.001 * radius_a) ** 2)
            within = np.zeros(len(near), bool)
            for domain in self.domains:
                within |= domain.holds(from_center[near])
            inside = np.zeros(len(points), bool)
            inside[near] = within
            return inside

        x, y, z = (float(v) for v in center_a)
        volume = ReadyVolume(self.positions_a + center_a, self.numbers, interior)
        return replace(self.particle, center_a=(x, y, z)), volume


def shaped_particle(
    phases: Sequence[Phase],
    chosen: tuple[int, int],
    radius_a: float,
    around: Surroundings,
    rng: np.random.Generator,
) -> Shaped:
    """A particle as its phase's rule makes it.

    A body of one domain has its centre anywhere in the unit cell, so that particles of one size differ; twins and the
    like have an atom where their planes meet.

    Args:
        phases: crystals of the specimen.
        chosen: index of the phase, and of the shape in its rule.
        radius_a: of the sphere of equal volume, Å.
        around: what it is laid on.
        rng: random numbers.
    """
    phase = phases[chosen[0]]
    rule, crystal = phase.rule, phase.lattice.crystal
    shape = rule.shapes[chosen[1]]
    body = shape.body(crystal, rng)
    turn = rule.orientation.rotation(crystal, shape.contact_normal(crystal), around, rng)
    cut = rule.drawn(lambda _, of: of.draw(rng)).contact_cut
    if cut:
        body = _cut_for_contact(body, product(turn.T, around.down), cut)
    anchor = crystal.atoms.fractions[0] if shape.centred else rng.random(3)
    center = product(anchor, crystal.vectors_a)
    domains = tuple(
        replace(domain.scaled(radius_a), origin=product(-domain.frame, center)) for domain in body
    )
    piece = Piece(crystal, domains, radius_a, filler(phase.lattice), random_sequential)
    found: dict[str, float] = {}
    for defect in rule.inside:
        piece, record = defect.cut(piece, rng)
        found |= {f"{defect.name}_{name}": float(value) for name, value in record.items()}
    atoms = piece.fill(piece.domains)
    for defect in rule.inside:
        atoms, record = defect.change(piece, atoms, rng)
        found |= {f"{defect.name}_{name}": float(value) for name, value in record.items()}
    faulted = any(
        defect.faulted and any(found.get(f"{defect.name}_{name}", 0.0) for name in defect.records)
        for defect in rule.inside
    )
    turned = tuple(domain.turned(turn) for domain in piece.domains)
    x, y, z, w = (float(v) for v in Rotation.from_matrix(turn).as_quat(canonical=True))
    return Shaped(
        product(atoms.positions_a, turn.T),
        atoms.numbers,
        turned,
        Particle(
            center_a=(0.0, 0.0, 0.0),
            radius_a=float(radius_a),
            quaternion=(x, y, z, w),
            phase=chosen[0],
            shape=shape_names(phases).index(shape.name),
            faces=_faces(turned),
            ball_a=turned[0].ball,
            defects=found,
            faulted=faulted,
        ),
    )


def with_layer_faults(phase: Phase, most: int) -> Phase:
    """A phase whose particles have stacking faults, as `max_stacking_faults` asks of crystals that are not wurtzite."""
    rule = phase.rule.model_copy(update={"inside": (StackingFaults(fewest=0, most=most),)})
    return phase.model_copy(update={"particle": rule})


def domains_of(particle: Particle) -> tuple[Domain, ...]:
    """The body of a particle as it was recorded, about its centre, in the frame of the structure."""
    if particle.is_sphere:
        radius_a = particle.ball_a if math.isfinite(particle.ball_a) else particle.radius_a
        return (Domain(np.empty((0, 3)), np.empty(0), ball=radius_a),)
    faces = np.array(particle.faces)
    return tuple(
        Domain(faces[of, :3], faces[of, 3], ball=particle.ball_a)
        for of in (faces[:, 4] == k for k in range(int(faces[:, 4].max()) + 1))
    )


def _cut_for_contact(body: Sequence[Domain], down: NDArray[np.float64], part: float) -> tuple[Domain, ...]:
    """A body of unit size with a part of its height cut off below, of unit size again."""
    low, high = reach(body, down), reach(body, -down)
    return of_unit_size([domain.cut(down, low - part * (low + high)) for domain in body])


def _faces(domains: Sequence[Domain]) -> tuple[tuple[float, float, float, float, float], ...]:
    return tuple(
        (float(nx), float(ny), float(nz), float(distance), float(k))
        for k, domain in enumerate(domains)
        for (nx, ny, nz), distance in zip(domain.normals, domain.distances, strict=True)
    )


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
    return tuple(
        chosen_heights(rng, wanted, center - radius, center + radius, FAULT_SEPARATION, FAULT_TO_POLE)
    )


def _faultable(lattice: Lattice) -> Lattice:
    """The same wurtzite crystal with the lower atom of its bonds along c at height 0, where the prefab cuts."""
    first, second = (site.position[2] for site in lattice.sites)
    lower = first if (second - first) % 1.0 < 0.5 else second
    sites = tuple(
        Site(element=s.element, position=(s.position[0], s.position[1], s.position[2] - lower))
        for s in lattice.sites
    )
    return lattice.model_copy(update={"sites": sites})
