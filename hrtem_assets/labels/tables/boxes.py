"""Where each particle shows in an image."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.labels.table import PARTS, CropSource, CropTable
from hrtem_assets.store import Variable


class Boxes(CropTable):
    """Bounding boxes of the instances, and their areas."""

    name = "boxes"
    definition = "box and area of each particle in the image"
    needs = ("instances",)

    def variables(self, campaign: Campaign, specimen: Specimen) -> tuple[Variable, ...]:
        slots = campaign.placement.count_max
        return (
            Variable(
                "particle_box",
                ("slot", "edge"),
                (slots, 4),
                "float32",
                "px",
                "around the particle's pixels, the last two just beyond it; none where it shows none",
                attributes={PARTS: ["x0", "y0", "x1", "y1"]},
            ),
            Variable("particle_pixels", ("slot",), (slots,), "int32", long_name="pixels of the particle"),
        )

    def make(self, source: CropSource) -> Mapping[str, Any]:
        instances = source.planes["instances"]
        boxes = np.full((source.particles, 4), np.nan)
        pixels = np.bincount(instances.ravel(), minlength=source.particles + 1)[1:]
        for k in np.flatnonzero(pixels):
            y, x = np.nonzero(instances == k + 1)
            boxes[k] = x.min(), y.min(), x.max() + 1, y.max() + 1
        return {"particle_box": boxes, "particle_pixels": pixels}
