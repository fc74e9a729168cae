"""The image without noise."""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.labels.plane import ImagePlane, ImageSource


class CleanImage(ImagePlane):
    """What a perfect detector would count of an endless number of electrons, for networks that remove noise."""

    name = "clean_image"
    definition = "intensity before the detector blurs it and electrons are counted; the incident beam's is 1"
    dtype = "float16"
    stored_part = 0.75

    def make(self, source: ImageSource) -> NDArray[np.float16]:
        return source.read_intensity("full").astype(np.float16)
