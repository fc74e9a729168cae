"""The source's binary mask."""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.labels.plane import LabelPlane, LabelSource


class Mask(LabelPlane):
    """The soft label, cut at the specimen's cut-off before it is rounded."""

    name = "mask"
    definition = "particle or not"
    dtype = "bool"
    stored_part = 0.03

    def make(self, source: LabelSource) -> NDArray[np.bool_]:
        return source.phase_label.mask
