"""How much particle the beam passes."""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.labels.plane import LabelPlane, LabelSource
from hrtem_assets.specimen.silhouette import projected_thickness


class Thickness(LabelPlane):
    """The length of the beam's path through particles, by their geometry."""

    name = "thickness"
    definition = "path of the beam through particles, without the substrate"
    dtype = "float32"
    units = "Å"
    stored_part = 0.3

    def make(self, source: LabelSource) -> NDArray[np.float32]:
        simulation = source.campaign.simulation
        return projected_thickness(
            source.center_a, source.radius_a, simulation.cell_a, simulation.output_grid
        ).astype(np.float32)
