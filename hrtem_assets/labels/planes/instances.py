"""Which particle a pixel shows."""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.labels.plane import LabelPlane, LabelSource


class Instances(LabelPlane):
    """The mask, particle by particle: where several overlap, the one that lies farthest from the substrate."""

    name = "instances"
    definition = (
        "number of the particle, from 1, in the order of the tables; 0 beside particles; where they overlap, the one "
        "farthest from the substrate"
    )
    dtype = "uint16"

    def make(self, source: LabelSource) -> NDArray[np.uint16]:
        return source.instances.astype(np.uint16)
