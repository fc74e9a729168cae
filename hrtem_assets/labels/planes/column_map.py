"""Where columns of atoms stand."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.labels.columns import column_map
from hrtem_assets.labels.plane import IN_LEVELS, LabelPlane, LabelSource, in_levels

SIGMA_A = 0.4


class ColumnMap(LabelPlane):
    """A spot at each column of the table `columns`, as networks that find columns are trained on."""

    name = "column_map"
    definition = (
        f"Gaussian of height 1 and standard deviation {SIGMA_A:g} Å at each column of atoms along the beam"
    )
    dtype = "uint8"
    stored_part = 0.1
    attributes: ClassVar[Mapping[str, float]] = IN_LEVELS

    def make(self, source: LabelSource) -> NDArray[np.uint8]:
        heat = column_map(source.columns.position_a, source.sampling_a, source.side_px, SIGMA_A)
        return in_levels(heat)
