"""A whole structure: particles on a substrate, drawn from one seed, assembled in a Construction Zone scene."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.campaign.settings import Contamination
from hrtem_assets.specimen.bounds import substrate_atoms
from hrtem_assets.specimen.contamination import contamination
from hrtem_assets.specimen.film import Unevenness, unevenness
from hrtem_assets.specimen.placement import place_particles
from hrtem_assets.specimen.structure import SUBSTRATE, Particle, Structure

# Part of the recipe of every structure: raise it whenever a change here or in this room changes atoms.
CODE_VERSION = "1"
_LAYER = -2
# Distributions that decide the numbers, besides this one.
VERSIONED_PACKAGES = ("czone", "numpy", "numba", "scipy", "pymatgen", "pymatgen-core")


def build_structure(campaign: Campaign, specimen: Specimen, index: int) -> Structure:
    """One structure of a specimen; the same whenever, wherever and beside whatever it is made.

    The substrate fills 0 <= z <= thickness. A particle's sphere touches its top: centre z = thickness + radius.
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
    from hrtem_assets.specimen.particles import particle_volume

    seed = structure_seed(campaign, specimen.key, index, "structures")
    rng = np.random.default_rng(seed)
    cell = campaign.simulation.cell_a
    rule, substrate, size = campaign.placement, campaign.substrate, specimen.size

    asked = int(rng.integers(rule.count_min, rule.count_max + 1))
    radii = rng.uniform(size.radius_min_a, size.radius_max_a, size=asked)
    thickness = float(rng.uniform(substrate.thickness_min_a, substrate.thickness_max_a))
    centers, placed = place_particles(radii, cell, rule, rng)
    # random numbers of its own: the particles stay what they are
    film_rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(b"film")))
    uneven = unevenness(substrate.fluctuations, thickness, cell, film_rng)
    grown_a = _contamination_thickness_a(substrate.contamination, film_rng)
    # below an even film lie its thicker places, and contamination of its back
    floor = grown_a if substrate.contamination.on("back") else 0.0
    top = floor + thickness + (uneven.deepest_a if uneven else 0.0)

    particles: list[Particle] = []
    bodies: list[Any] = []
    for (x, y), radius in zip(centers, radii[placed], strict=True):
        center = np.array([x, y, top + radius])
        particle, volume = particle_volume(specimen, radius, center, rng)
        # the lower number wins; equal ones would both lose what they share
        volume.priority = len(bodies)
        particles.append(particle)
        bodies.append(volume)
    slab = _substrate_volume(campaign, thickness, (floor, top), uneven, rng)
    if slab is not None:
        slab.priority = len(bodies)
        bodies.append(slab)

    height = max([top, *(p.center_a[2] + p.radius_a for p in particles)])
    scene = cz.Scene(bounds=np.array([[0.0, 0.0, 0.0], [cell, cell, height]]), objects=bodies)
    scene.populate()
    owners = [*range(len(particles)), *([SUBSTRATE] if slab is not None else [])]
    # in spite of its name, this gives the positions of a body's atoms in the scene
    counts = [len(scene.species_from_object(i)) for i in range(len(bodies))]
    positions, numbers = scene.all_atoms, scene.all_species
    owner = np.repeat(np.array(owners, dtype=np.int16), counts)

    inside = np.all((positions[:, :2] >= 0.0) & (positions[:, :2] < cell), axis=1)
    positions, numbers, owner = positions[inside], numbers[inside], owner[inside]
    if grown_a:
        layer = contamination(
            substrate.contamination, grown_a, uneven, (floor, top), particles, cell, film_rng
        )
        layer_number = atomic_number(substrate.contamination.element)
        positions = np.concatenate([positions, layer])
        numbers = np.concatenate([numbers, np.full(len(layer), layer_number, numbers.dtype)])
        # a body of its own until all keep clear of each other
        owner = np.concatenate([owner, np.full(len(layer), _LAYER, owner.dtype)])
    clear = _clear_of_others(positions, owner, cell, rule.clearance_a)
    return Structure(
        positions_a=_as_float32(positions[clear], cell),
        numbers=numbers[clear].astype(np.uint8),
        particle=np.where(owner == _LAYER, SUBSTRATE, owner)[clear].astype(np.int16),
        particles=tuple(particles),
        requested_particles=asked,
        substrate_thickness_a=thickness,
        cell_a=cell,
        seed=seed,
        contamination_a=grown_a,
    )


def _contamination_thickness_a(rule: Contamination, rng: np.random.Generator) -> float:
    """How thick the layer is; no random number for none."""
    return float(rng.uniform(rule.thickness_min_a, rule.thickness_max_a)) if rule.thickness_max_a else 0.0


def _substrate_volume(
    campaign: Campaign,
    thickness_a: float,
    faces_a: tuple[float, float],
    uneven: Unevenness | None,
    rng: np.random.Generator,
) -> Any:
    """The substrate as a czone volume; None when it is too thin to hold an atom."""
    from hrtem_assets.specimen import czone_compat as cz
    from hrtem_assets.specimen.substrate import AmorphousSubstrate

    cell, substrate = campaign.simulation.cell_a, campaign.substrate
    if not substrate_atoms(np.array([cell, cell, thickness_a]), substrate.density_atoms_per_a3):
        return None
    generator = AmorphousSubstrate(
        atomic_number(substrate.element),
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


def atomic_number(symbol: str) -> int:
    """Of an element, by its symbol."""
    from ase.data import atomic_numbers

    return int(atomic_numbers[symbol])


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
