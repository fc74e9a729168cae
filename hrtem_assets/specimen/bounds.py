"""Upper bounds on what any structure of a specimen holds, before one is made."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.own_atoms import OwnAtoms
from hrtem_assets.campaign.settings import MOST_SIGMAS
from hrtem_assets.crystal.slabs import planes

# no crystal holds more: diamond has 0.176
_MOST_ATOMS_PER_A3 = 0.2
# half the longest diagonal of a unit cell of 10 Å
_MARGIN_A = 8.7


@dataclass(frozen=True)
class Bounds:
    """What any structure of a specimen holds at most.

    Attributes:
        substrate_atoms: of the substrate.
        particle_atoms: of one particle.
        particles: number of particles.
        height_a: of the cell along the beam, Å.
    """

    substrate_atoms: int
    particle_atoms: int
    particles: int
    height_a: float

    @property
    def atoms(self) -> int:
        """All together."""
        return self.substrate_atoms + self.particles * self.particle_atoms


def bounds(campaign: Campaign, specimen: Specimen, *, lattice: bool = True) -> Bounds:
    """Upper bounds from the largest particles and the thickest substrate.

    Args:
        campaign: substrate, placement and cell.
        specimen: lattice, sizes and stacking faults.
        lattice: whether to count the lattice's own atoms, whose expansion by the space group may take a second; if not,
            those of a crystal denser than any.

    Raises:
        ValueError: if the lattice cannot be built; the message names the setting.
    """
    substrate, simulation = campaign.substrate, campaign.simulation
    box = np.array([simulation.cell_a, simulation.cell_a, substrate.thickness_max_a])
    layer, grown_a = substrate.contamination, substrate.contamination.thickness_max_a
    relief_a = MOST_SIGMAS * substrate.fluctuations.thickness_rms_a
    of_film, thickness_a = _support(campaign)
    particle_height_a = _particle_height_a(campaign, specimen)
    layers = [of_film]
    if layer.on("particles"):
        # at most all between the film and what covers the highest particle
        over = np.array([*box[:2], particle_height_a + grown_a])
        layers.append(substrate_atoms(over, layer.density_atoms_per_a3))
    if layer.on("back"):
        under = np.array([*box[:2], grown_a + relief_a])
        layers.append(substrate_atoms(under, layer.density_atoms_per_a3))
    return Bounds(
        sum(layers),
        _particle_atoms(specimen) if lattice else _dense_particle_atoms(specimen),
        campaign.placement.count_max,
        thickness_a
        + particle_height_a
        + relief_a
        + 2 * grown_a
        + 2 * simulation.vacuum_a
        + simulation.slice_thickness_a,
    )


def substrate_atoms(box_a: NDArray[np.float64], density_atoms_per_a3: float) -> int:
    """How many atoms a substrate of given sides (3,) in Å holds."""
    return round(float(np.prod(box_a)) * density_atoms_per_a3)


def _support(campaign: Campaign) -> tuple[int, float]:
    """The most atoms of film or slab, and its greatest thickness in Å."""
    substrate, cell = campaign.substrate, campaign.simulation.cell_a
    if substrate.crystal is None:
        box = np.array([cell, cell, substrate.thickness_max_a])
        return substrate_atoms(box, substrate.density_atoms_per_a3), substrate.thickness_max_a
    support, crystal = substrate.crystal, substrate.crystal.lattice.crystal
    stack = planes(crystal, support.zone_axis)
    _, most = support.plane_counts(substrate.thickness_min_a, substrate.thickness_max_a)
    periods = math.ceil(most / len(stack.heights_a)) + 1
    wide = 1 + support.most_strain
    return (
        math.ceil(periods * stack.period_a * (cell * wide) ** 2 * crystal.atoms_per_a3),
        most / len(stack.heights_a) * stack.period_a + stack.period_a,
    )


def _particle_height_a(campaign: Campaign, specimen: Specimen) -> float:
    """The most that a particle and its gap add to the height, Å."""
    if specimen.is_plain or specimen.has_layer_faults:
        return 2 * specimen.size.radius_max_a
    gap_a = campaign.placement.clearance_a
    if isinstance(specimen.lattice, OwnAtoms) and not specimen.lattice.is_turned:
        return gap_a + max(frame.facts.sides_a[2] for frame in specimen.lattice.all_frames)
    return gap_a + 2 * campaign.most_extent_a(specimen)


def _particle_atoms(specimen: Specimen) -> int:
    from hrtem_assets.specimen.crystals import most_atoms_in_body, most_atoms_in_sphere

    radius_a = specimen.size.radius_max_a
    if isinstance(specimen.lattice, OwnAtoms):
        return max(frame.facts.atoms for frame in specimen.lattice.all_frames)
    if specimen.is_plain:
        return most_atoms_in_sphere(
            specimen.crystal, radius_a, specimen.max_stacking_faults, specimen.lattice_name
        )
    cuts = 2 * specimen.max_stacking_faults if specimen.has_layer_faults else 0
    return max(most_atoms_in_body(phase, radius_a, cuts) for phase in specimen.phases)


def _dense_particle_atoms(specimen: Specimen) -> int:
    if not specimen.is_plain:
        return _particle_atoms(specimen)
    wide_a = specimen.size.radius_max_a + _MARGIN_A
    volume = 4 / 3 * math.pi * wide_a**3 + specimen.max_stacking_faults * math.pi * wide_a**2 * 2 * _MARGIN_A
    return math.ceil(volume * _MOST_ATOMS_PER_A3)
