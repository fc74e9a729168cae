"""The source's soft label."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.labels.plane import IN_LEVELS, LabelPlane, LabelSource, in_levels


class SoftLabel(LabelPlane):
    """The smoothed threshold on the phase of the vacuum wave, in 255 steps."""

    name = "soft_label"
    definition = "smoothed phase threshold, 0 to 1"
    dtype = "uint8"
    stored_part = 0.12
    attributes: ClassVar[Mapping[str, float]] = IN_LEVELS

    def make(self, source: LabelSource) -> NDArray[np.uint8]:
        return in_levels(source.phase_label.soft)
