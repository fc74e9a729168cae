"""A whole structure: particles on a substrate, drawn from one seed, assembled in a Construction Zone scene."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.specimen.bounds import substrate_atoms
from hrtem_assets.specimen.placement import place_particles
from hrtem_assets.specimen.structure import SUBSTRATE, Particle, Structure

# Part of the recipe of every structure: raise it whenever a change here or in this room changes atoms.
CODE_VERSION = "1"
# Distributions that decide the numbers, besides this one.
VERSIONED_PACKAGES = ("czone", "numpy", "numba", "scipy", "pymatgen", "pymatgen-core")


def build_structure(campaign: Campaign, specimen: Specimen, index: int) -> Structure:
    """One structure of a specimen; the same whenever, wherever and beside whatever it is made.

    The substrate fills 0 <= z <= thickness. A particle's sphere touches its top: centre z = thickness + radius.
    Atoms outside the cell in x or y are dropped. No atom of one body then lies within `placement.clearance_a`
    of another body's, periodic images included: substrate atoms give way to particles, and a later particle's to
    an earlier one's where two that are cut by opposite edges would meet across the seam of the cell.

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

    particles: list[Particle] = []
    bodies: list[Any] = []
    for (x, y), radius in zip(centers, radii[placed], strict=True):
        center = np.array([x, y, thickness + radius])
        particle, volume = particle_volume(specimen, radius, center, rng)
        # the lower number wins; equal ones would both lose what they share
        volume.priority = len(bodies)
        particles.append(particle)
        bodies.append(volume)
    slab = _substrate_volume(campaign, thickness, rng)
    if slab is not None:
        slab.priority = len(bodies)
        bodies.append(slab)

    height = max([thickness, *(p.center_a[2] + p.radius_a for p in particles)])
    scene = cz.Scene(bounds=np.array([[0.0, 0.0, 0.0], [cell, cell, height]]), objects=bodies)
    scene.populate()
    owners = [*range(len(particles)), *([SUBSTRATE] if slab is not None else [])]
    # in spite of its name, this gives the positions of a body's atoms in the scene
    counts = [len(scene.species_from_object(i)) for i in range(len(bodies))]
    positions, numbers = scene.all_atoms, scene.all_species
    owner = np.repeat(np.array(owners, dtype=np.int16), counts)

    inside = np.all((positions[:, :2] >= 0.0) & (positions[:, :2] < cell), axis=1)
    positions, numbers, owner = positions[inside], numbers[inside], owner[inside]
    clear = _clear_of_others(positions, owner, cell, rule.clearance_a)
    return Structure(
        positions_a=_as_float32(positions[clear], cell),
        numbers=numbers[clear].astype(np.uint8),
        particle=owner[clear],
        particles=tuple(particles),
        requested_particles=asked,
        substrate_thickness_a=thickness,
        cell_a=cell,
        seed=seed,
    )


def _substrate_volume(campaign: Campaign, thickness_a: float, rng: np.random.Generator) -> Any:
    """The substrate as a czone volume; None when it is too thin to hold an atom."""
    from ase.data import atomic_numbers

    from hrtem_assets.specimen import czone_compat as cz
    from hrtem_assets.specimen.substrate import AmorphousSubstrate

    cell, substrate = campaign.simulation.cell_a, campaign.substrate
    box = np.array([cell, cell, thickness_a])
    if not substrate_atoms(box, substrate.density_atoms_per_a3):
        return None
    generator = AmorphousSubstrate(
        atomic_numbers[substrate.element], substrate.density_atoms_per_a3, substrate.min_distance_a, rng
    )
    return cz.Volume(points=cz.makeRectPrism(*box), generator=generator)


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
