"""Upper bounds on what any structure of a specimen holds, before one is made."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.settings import MOST_SIGMAS

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
    substrate, size, simulation = campaign.substrate, specimen.size, campaign.simulation
    box = np.array([simulation.cell_a, simulation.cell_a, substrate.thickness_max_a])
    layer, grown_a = substrate.contamination, substrate.contamination.thickness_max_a
    relief_a = MOST_SIGMAS * substrate.fluctuations.thickness_rms_a
    layers = [substrate_atoms(box, substrate.density_atoms_per_a3)]
    if layer.on("particles"):
        # at most all between the film and what covers the highest particle
        over = np.array([*box[:2], 2 * size.radius_max_a + grown_a])
        layers.append(substrate_atoms(over, layer.density_atoms_per_a3))
    if layer.on("back"):
        under = np.array([*box[:2], grown_a + relief_a])
        layers.append(substrate_atoms(under, layer.density_atoms_per_a3))
    return Bounds(
        sum(layers),
        _particle_atoms(specimen) if lattice else _dense_particle_atoms(specimen),
        campaign.placement.count_max,
        substrate.thickness_max_a
        + 2 * size.radius_max_a
        + relief_a
        + 2 * grown_a
        + 2 * simulation.vacuum_a
        + simulation.slice_thickness_a,
    )


def substrate_atoms(box_a: NDArray[np.float64], density_atoms_per_a3: float) -> int:
    """How many atoms a substrate of given sides (3,) in Å holds."""
    return round(float(np.prod(box_a)) * density_atoms_per_a3)


def _particle_atoms(specimen: Specimen) -> int:
    from hrtem_assets.specimen.crystals import most_atoms_in_sphere

    return most_atoms_in_sphere(
        specimen.lattice, specimen.size.radius_max_a, specimen.max_stacking_faults, specimen.lattice_name
    )


def _dense_particle_atoms(specimen: Specimen) -> int:
    wide_a = specimen.size.radius_max_a + _MARGIN_A
    volume = 4 / 3 * math.pi * wide_a**3 + specimen.max_stacking_faults * math.pi * wide_a**2 * 2 * _MARGIN_A
    return math.ceil(volume * _MOST_ATOMS_PER_A3)
