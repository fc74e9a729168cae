"""Dead pixels."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.detector import pattern
from hrtem_assets.imaging.distributions import in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.microscope import Microscope


class DeadPixels(ImagingEffect):
    """Pixels without a signal, the same in every image of a detector; set by `detector`."""

    effect: Literal["dead_pixels"] = "dead_pixels"
    takes: ClassVar[Signal] = "counts"
    place: ClassVar[int] = 160
    equation: ClassVar[str] = "0 in a fixed part of the pixels"
    source: ClassVar[str] = "ours"

    def acts(self, microscope: Microscope) -> bool:
        return microscope.detector.dead_pixels_per_mpx != 0

    def mean_bounds(self, least: float, most: float, exposure: Exposure) -> tuple[float, float]:
        return least * (1 - 2e-6 * exposure.detector.dead_pixels_per_mpx) * 0.99, most

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        # one number for each pixel: more of them are dead at a higher rate, and none comes back
        numbers = pattern(exposure.detector.serial, self.name).random(image.shape, np.float32)
        alive = exposure.backend.xp.asarray(numbers >= 1e-6 * exposure.detector.dead_pixels_per_mpx)
        return image * alive, {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        return f"Dead pixels, {in_words(microscope.detector.dead_pixels_per_mpx)} per million"
