"""The image without noise and substrate."""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.labels.plane import ImagePlane, ImageSource


class CleanParticles(ImagePlane):
    """The clean image of the particles alone, in vacuum; what is missing to `clean_image` is the substrate's."""

    name = "clean_particles"
    definition = "as clean_image, of the particles in vacuum"
    dtype = "float16"
    stored_part = 0.6

    def make(self, source: ImageSource) -> NDArray[np.float16]:
        return source.read_intensity("vacuum").astype(np.float16)
