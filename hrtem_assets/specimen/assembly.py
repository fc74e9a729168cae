"""A whole structure: particles on a substrate, drawn from one seed, assembled in a Construction Zone scene."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.campaign.settings import Contamination
from hrtem_assets.morphology.bodies import reach
from hrtem_assets.morphology.species import number as number_of
from hrtem_assets.specimen.bounds import substrate_atoms
from hrtem_assets.specimen.contamination import contamination
from hrtem_assets.specimen.film import Unevenness, unevenness
from hrtem_assets.specimen.own_structures import frame_for, model, own_of
from hrtem_assets.specimen.placement import place_in_region, place_particles
from hrtem_assets.specimen.structure import SUBSTRATE, Particle, Structure
from hrtem_assets.specimen.support import EdgeLine, Slab, drawn_edge, drawn_slab, surroundings

# Part of the recipe of every structure: raise it whenever a change here or in this room changes atoms.
CODE_VERSION = "1"
# Distributions that decide the numbers, besides this one.
VERSIONED_PACKAGES = ("czone", "numpy", "numba", "scipy", "pymatgen", "pymatgen-core")


def build_structure(campaign: Campaign, specimen: Specimen, index: int) -> Structure:
    """One structure of a specimen; the same whenever, wherever and beside whatever it is made.

    The substrate fills 0 <= z <= thickness. A particle's body touches its top, a sphere's centre lies at z = thickness
    + radius; on a crystalline support its lowest atom keeps `placement.clearance_a` from the uppermost ones.
    Atoms outside the cell in x or y are dropped. No atom of one body then lies within `placement.clearance_a`
    of another body's, periodic images included: substrate atoms give way to particles, and a later particle's to
    an earlier one's where two that are cut by opposite edges would meet across the seam of the cell. Fluctuations of
    the film and contamination lift all of it, so that z starts at 0; contamination gives way to all else.

    Args:
        campaign: substrate, placement, cell and seed.
        specimen: lattice, sizes and stacking faults.
        index: structure index within the specimen, from 0.

    Raises:
        ValueError: if the lattice or the substrate cannot be built; the message names the setting.
    """
    # a second of imports, needed only where structures are made
    from hrtem_assets.specimen import czone_compat as cz

    seed = structure_seed(campaign, specimen.key, index, "structures")
    rng = np.random.default_rng(seed)
    cell = campaign.simulation.cell_a
    rule, substrate, size = campaign.placement, campaign.substrate, specimen.size

    asked = int(rng.integers(rule.count_min, rule.count_max + 1))
    radii = rng.uniform(size.radius_min_a, size.radius_max_a, size=asked)
    thickness = float(rng.uniform(substrate.thickness_min_a, substrate.thickness_max_a))
    # random numbers of its own: the particles stay what they are
    film_rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(b"film")))
    uneven = unevenness(substrate.fluctuations, thickness, cell, film_rng)
    grown_a = _contamination_thickness_a(substrate.contamination, film_rng)
    edge = drawn_edge(substrate.edge, cell, film_rng)
    slab = drawn_slab(substrate, cell, film_rng) if substrate.crystal is not None else None
    if substrate.crystal is not None:
        thickness = slab.thickness_a if slab is not None else 0.0
    # below an even film lie its thicker places, and contamination of its back
    floor = grown_a if substrate.contamination.on("back") else 0.0
    top = floor + thickness + (uneven.deepest_a if uneven else 0.0)

    make = _maker(campaign, specimen, index, seed, radii, rng)
    centers, placed = _places(make.extents_a, campaign, edge, rng)
    particles, bodies, owners = list[Particle](), list[Any](), list[Any]()
    for (x, y), number in zip(centers, placed.tolist(), strict=True):
        made, volume, owner = make(number, _Rest(float(x), float(y), (floor, top), slab is not None, edge))
        # the lower number wins; equal ones would both lose what they share
        volume.priority = len(bodies)
        owners.append(np.where(owner < 0, owner, owner + len(particles)))
        particles += made
        bodies.append(volume)
    film = _film_volume(campaign, thickness, (floor, top), uneven, slab, rng) if make.has_film else None
    if film is not None:
        film.priority = len(bodies)
        bodies.append(film)

    height = max([top, *(p.center_a[2] + p.radius_a for p in particles)])
    scene = cz.Scene(bounds=np.array([[0.0, 0.0, 0.0], [cell, cell, height]]), objects=bodies)
    scene.populate()
    if film is not None:
        owners.append(np.full(len(film.atoms), SUBSTRATE))
    positions, numbers = scene.all_atoms, scene.all_species
    kept = scene._checks
    # owners of a body that all belongs to one particle are told once
    owner = np.concatenate(
        [np.broadcast_to(of, len(check))[check] for of, check in zip(owners, kept, strict=True)]
    ).astype(np.int16)
    body = np.repeat(np.arange(len(kept), dtype=np.int16), [np.count_nonzero(check) for check in kept])

    inside = np.all((positions[:, :2] >= 0.0) & (positions[:, :2] < cell), axis=1)
    of_film = len(kept) - 1 if film is not None else len(kept)
    if edge is not None:
        inside &= ~(edge.beyond(positions) & (body == of_film))
    positions, numbers, owner, body = (values[inside] for values in (positions, numbers, owner, body))
    if substrate.composition is not None:
        numbers = _composed(numbers, body == of_film, substrate.composition, film_rng)
    if grown_a and make.has_film:
        layer = contamination(
            substrate.contamination, grown_a, uneven, (floor, top), particles, cell, film_rng
        )
        layer_number = number_of(substrate.contamination.element)
        positions = np.concatenate([positions, layer])
        numbers = np.concatenate([numbers, np.full(len(layer), layer_number, numbers.dtype)])
        owner = np.concatenate([owner, np.full(len(layer), SUBSTRATE, owner.dtype)])
        body = np.concatenate([body, np.full(len(layer), len(kept), body.dtype)])
    clear = _clear_of_others(positions, body, cell, rule.clearance_a)
    positions, numbers, owner = positions[clear], numbers[clear], owner[clear]
    # support that came with a particle's atoms stands before the next particle
    order = np.argsort(owner < 0, kind="stable")
    positions, numbers, owner = positions[order], numbers[order], owner[order]
    # what hangs below the support's face lifts all
    lift = max(0.0, -float(positions[:, 2].min())) if len(positions) else 0.0
    if lift:
        positions[:, 2] += lift
        particles = [replace(p, center_a=(*p.center_a[:2], p.center_a[2] + lift)) for p in particles]
    return Structure(
        positions_a=_as_float32(positions, cell),
        numbers=numbers.astype(np.uint8),
        particle=owner,
        particles=tuple(particles),
        requested_particles=make.asked,
        substrate_thickness_a=thickness if make.has_film else 0.0,
        cell_a=cell,
        seed=seed,
        contamination_a=grown_a,
        support_end_a=edge.at_a if edge is not None and make.has_film else float("inf"),
    )


@dataclass(frozen=True, eq=False)
class _Rest:
    """Where a particle is laid: beside x and y, the support's faces, whether it is a crystal, and where it ends."""

    x_a: float
    y_a: float
    faces_a: tuple[float, float]
    on_crystal: bool
    edge: EdgeLine | None


class _Maker(ABC):
    """Makes the particles of one structure, each by its number, whichever others there are.

    Attributes:
        extents_a: radius of a circle about each that holds it, seen along the beam, float64 (P,), Å.
        asked: how many were asked for.
        has_film: whether they lie on the campaign's support.
    """

    extents_a: NDArray[np.float64]
    asked: int
    has_film: bool = True

    @abstractmethod
    def __call__(self, number: int, rest: _Rest) -> tuple[list[Particle], Any, NDArray[Any]]:
        """Particles as recorded, a volume with their atoms, and of which of them each atom is, or one for all."""


class _Spheres(_Maker):
    """Spheres of one crystal in any orientation, from random numbers that all of a structure's particles share."""

    def __init__(
        self, specimen: Specimen, radii_a: NDArray[np.float64], clearance_a: float, rng: np.random.Generator
    ) -> None:
        self.specimen, self.extents_a, self.rng, self.asked = specimen, radii_a, rng, len(radii_a)
        self.clearance_a = clearance_a

    def __call__(self, number: int, rest: _Rest) -> tuple[list[Particle], Any, NDArray[Any]]:
        from hrtem_assets.specimen import czone_compat as cz
        from hrtem_assets.specimen.particles import particle_volume

        radius = self.extents_a[number]
        center = _center(rest, radius, np.empty((0, 3)), 0.0)
        particle, volume = particle_volume(self.specimen, radius, center, self.rng)
        if rest.on_crystal:
            volume.populate_atoms()
            there = _center(rest, radius, volume.atoms - center, self.clearance_a)
            volume.transform(cz.Translation(shift=there - center))
            x, y, z = (float(v) for v in there)
            particle = replace(particle, center_a=(x, y, z))
        return [particle], volume, np.zeros(1, np.int16)


class _Bodies(_Maker):
    """Particles as their rules make them, each from random numbers of its own."""

    def __init__(
        self, campaign: Campaign, specimen: Specimen, seed: int, radii_a: NDArray[np.float64]
    ) -> None:
        from hrtem_assets.specimen.particles import with_layer_faults

        phases = specimen.phases
        if specimen.has_layer_faults:
            phases = (with_layer_faults(phases[0], specimen.max_stacking_faults),)
        self.campaign, self.radii_a, self.phases, self.asked = campaign, radii_a, phases, len(radii_a)
        self.rngs = [
            np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(*b"particle", k)))
            for k in range(len(radii_a))
        ]
        parts = np.array([phase.part for phase in phases])
        chosen = [int(rng.choice(len(parts), p=parts / parts.sum())) for rng in self.rngs]
        self.chosen = [(k, phases[k].rule.shape(rng)) for k, rng in zip(chosen, self.rngs, strict=True)]
        self.extents_a = np.array(
            [
                radius * phases[phase].rule.extent(phases[phase].lattice.crystal, shape)
                for radius, (phase, shape) in zip(radii_a, self.chosen, strict=True)
            ]
        )

    def __call__(self, number: int, rest: _Rest) -> tuple[list[Particle], Any, NDArray[Any]]:
        from hrtem_assets.specimen.particles import shaped_particle

        around = surroundings(self.campaign)
        shaped = shaped_particle(
            self.phases, self.chosen[number], float(self.radii_a[number]), around, self.rngs[number]
        )
        extent = reach(shaped.domains, around.down)
        center = _center(rest, extent, shaped.positions_a, self.campaign.placement.clearance_a)
        particle, volume = shaped.placed(center)
        return [particle], volume, np.zeros(1, np.int16)


class _Read(_Maker):
    """Atoms from files: each particle a frame, or the whole structure one."""

    def __init__(self, campaign: Campaign, specimen: Specimen, index: int, seed: int, asked: int) -> None:
        self.campaign, self.own = campaign, own_of(specimen)
        self.is_whole = self.own.used_as == "structure"
        self.has_film = self.own.film or not self.is_whole
        count = 1 if self.is_whole else asked
        self.rngs = [
            np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(*b"particle", k)))
            for k in range(count)
        ]
        frames = [frame_for(campaign, specimen, index, rng) for rng in self.rngs]
        self.models = [model(self.own, frame, rng) for frame, rng in zip(frames, self.rngs, strict=True)]
        self.asked = len(self.models[0].particles) if self.is_whole else asked
        self.extents_a = np.array([0.0 if self.is_whole else frame.facts.extent_a for frame in frames])

    def __call__(self, number: int, rest: _Rest) -> tuple[list[Particle], Any, NDArray[Any]]:
        from hrtem_assets.specimen.filling import ReadyVolume

        made, cell = self.models[number], self.campaign.simulation.cell_a
        if self.is_whole:
            rest = replace(rest, x_a=cell / 2, y_a=cell / 2)
            if not self.has_film:
                rest = replace(rest, faces_a=(0.0, 0.0))
        clearance = self.campaign.placement.clearance_a if self.has_film else 0.0
        center = _center(replace(rest, on_crystal=True), 0.0, made.positions_a, clearance)
        if self.is_whole:
            # the middle of all atoms, so that what fits the cell lies in it
            low, high = made.positions_a.min(axis=0), made.positions_a.max(axis=0)
            center[:2] -= (low[:2] + high[:2]) / 2
        places = made.positions_a + center
        if self.is_whole:
            # atoms of a frame that is periodic with the cell are all of it
            wrapped = np.mod(places[:, :2], cell)
            places[:, :2] = np.where(wrapped >= cell, 0.0, wrapped)
        particles = [
            replace(
                p, center_a=(p.center_a[0] + center[0], p.center_a[1] + center[1], p.center_a[2] + center[2])
            )
            for p in made.particles
        ]
        return (
            particles,
            ReadyVolume(places, made.numbers, lambda points: np.zeros(len(points), bool)),
            made.owner,
        )


def _maker(
    campaign: Campaign,
    specimen: Specimen,
    index: int,
    seed: int,
    radii_a: NDArray[np.float64],
    rng: np.random.Generator,
) -> _Maker:
    if specimen.is_plain:
        return _Spheres(specimen, radii_a, campaign.placement.clearance_a, rng)
    if not specimen.phases:
        return _Read(campaign, specimen, index, seed, len(radii_a))
    return _Bodies(campaign, specimen, seed, radii_a)


def _center(
    rest: _Rest, reach_a: float, atoms_a: NDArray[np.float64], clearance_a: float
) -> NDArray[np.float64]:
    """Centre of a particle: its body touches a film, its nearest atom keeps the clearance from a crystal.

    Args:
        rest: where it is laid.
        reach_a: of its body towards the support.
        atoms_a: about its centre, (N, 3).
        clearance_a: of atoms from a crystalline support.
    """
    floor, top = rest.faces_a
    at_edge = rest.edge is not None and rest.x_a == rest.edge.at_a
    axis = 0 if at_edge else 2
    gap_a = clearance_a - float(atoms_a[:, axis].min()) if rest.on_crystal and len(atoms_a) else reach_a
    if rest.edge is not None and at_edge:
        x_a = float(rest.edge.x_a(np.array([rest.y_a]))[0])
        return np.array([x_a + gap_a, rest.y_a, (floor + top) / 2])
    return np.array([rest.x_a, rest.y_a, top + gap_a])


def _places(
    extents_a: NDArray[np.float64], campaign: Campaign, edge: EdgeLine | None, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rule, cell, setting = campaign.placement, campaign.simulation.cell_a, campaign.substrate.edge
    if edge is None or setting is None:
        return place_particles(extents_a, cell, rule, rng)
    if setting.particles == "face":
        return place_in_region(extents_a, (edge.at_a, cell), rule, rng)
    centers, placed = place_in_region(extents_a, (0.0, cell), rule, rng)
    centers[:, 0] = edge.at_a
    return centers, placed


def _composed(
    numbers: NDArray[Any], of: NDArray[np.bool_], composition: Mapping[str, float], rng: np.random.Generator
) -> NDArray[Any]:
    """Atomic numbers of a film shared out at random between its elements, exact to an atom."""
    count, parts = int(np.count_nonzero(of)), np.array(list(composition.values()))
    ends = np.rint(np.cumsum([0.0, *parts]) / parts.sum() * count).astype(int)
    elements = np.repeat([number_of(symbol) for symbol in composition], np.diff(ends))
    composed = numbers.copy()
    composed[of] = rng.permutation(elements)
    return composed


def _contamination_thickness_a(rule: Contamination, rng: np.random.Generator) -> float:
    """How thick the layer is; no random number for none."""
    return float(rng.uniform(rule.thickness_min_a, rule.thickness_max_a)) if rule.thickness_max_a else 0.0


def _film_volume(
    campaign: Campaign,
    thickness_a: float,
    faces_a: tuple[float, float],
    uneven: Unevenness | None,
    slab: Slab | None,
    rng: np.random.Generator,
) -> Any:
    """The substrate as a czone volume; None when it is too thin to hold an atom."""
    from hrtem_assets.specimen import czone_compat as cz
    from hrtem_assets.specimen.filling import ReadyVolume
    from hrtem_assets.specimen.substrate import AmorphousSubstrate

    cell, substrate = campaign.simulation.cell_a, campaign.substrate
    if slab is not None:
        places = slab.positions_a + np.array([0.0, 0.0, faces_a[0]])
        return ReadyVolume(places, slab.numbers, lambda points: np.zeros(len(points), bool))
    if substrate.crystal is not None or not substrate_atoms(
        np.array([cell, cell, thickness_a]), substrate.density_atoms_per_a3
    ):
        return None
    generator = AmorphousSubstrate(
        number_of(next(iter(substrate.elements))),
        substrate.density_atoms_per_a3,
        substrate.min_distance_a,
        rng,
        uneven,
    )
    box = np.array([cell, cell, faces_a[1] - faces_a[0]])
    corners = cz.makeRectPrism(*box)
    return cz.Volume(
        points=corners + np.array([0.0, 0.0, faces_a[0]]) if faces_a[0] else corners, generator=generator
    )


def _clear_of_others(
    positions: NDArray[np.float64], owner: NDArray[np.int16], cell: float, clearance: float
) -> NDArray[np.bool_]:
    """Which atoms keep the clearance from all atoms of earlier bodies, in a cell periodic in x and y."""
    keep = np.ones(len(positions), dtype=bool)
    bodies = list(dict.fromkeys(owner.tolist()))
    for position, body in enumerate(bodies[1:], start=1):
        earlier = positions[np.isin(owner, bodies[:position]) & keep]
        if not len(earlier):
            continue
        low, high = earlier[:, 2].min() - clearance, earlier[:, 2].max() + clearance
        candidates = np.flatnonzero((owner == body) & (positions[:, 2] >= low) & (positions[:, 2] <= high))
        # a side of 0 is not periodic
        tree = cKDTree(earlier, boxsize=(cell, cell, 0.0))
        distances, _ = tree.query(positions[candidates], distance_upper_bound=clearance)
        keep[candidates[np.isfinite(distances)]] = False
    return keep


def _as_float32(positions: NDArray[np.float64], cell: float) -> NDArray[np.float32]:
    """Rounded, with x and y still below the cell: 127.9999999 would become 128."""
    rounded = positions.astype(np.float32)
    last = np.nextafter(np.float32(cell), np.float32(0.0))
    rounded[:, :2] = np.minimum(rounded[:, :2], last)
    return rounded
