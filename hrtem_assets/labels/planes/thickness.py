"""How much particle the beam passes."""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign
from hrtem_assets.campaign.own_atoms import OwnAtoms
from hrtem_assets.labels.plane import LabelPlane, LabelSource
from hrtem_assets.specimen.silhouette import thickness


class Thickness(LabelPlane):
    """The length of the beam's path through particles, by their geometry."""

    name = "thickness"
    definition = "path of the beam through particles, without the substrate"
    dtype = "float32"
    units = "Å"
    stored_part = 0.3

    def refusal(self, campaign: Campaign) -> str | None:
        for name, material in campaign.lattices.items():
            if isinstance(material, OwnAtoms):
                return (
                    f"labels.planes: thickness is computed from the shapes of particles, and lattices.{name} comes "
                    "from files of atoms; remove it"
                )
        return None

    def make(self, source: LabelSource) -> NDArray[np.float32]:
        simulation = source.campaign.simulation
        return thickness(source.particles, simulation.cell_a, simulation.output_grid).astype(np.float32)
