"""Drift of the specimen during the exposure."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.distributions import in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.filtering import Frequencies, filtered
from hrtem_assets.imaging.microscope import Microscope


class Drift(ImagingEffect):
    """The intensity, smeared along a straight line about its place, at a steady speed; set by `stage`."""

    effect: Literal["drift"] = "drift"
    takes: ClassVar[Signal] = "intensity"
    place: ClassVar[int] = 50
    without: ClassVar[str] = "drift"
    equation: ClassVar[str] = "I(k) sin(pi k d) / (pi k d), d the way of the drift"
    source: ClassVar[str] = "J. Frank, Optik 30 (1969) 171"

    def acts(self, microscope: Microscope) -> bool:
        return microscope.stage.drift_a != 0

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        stage = exposure.stage
        y, x = (stage.drift_a * f(stage.drift_azimuth_rad) for f in (math.sin, math.cos))

        def factor(ky: Frequencies, kx: Frequencies) -> Frequencies:
            return np.asarray(np.sinc(ky * y + kx * x))

        return filtered(image, exposure.sampling_a, exposure, factor), {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        return f"A steady drift over {in_words(microscope.stage.drift_a)} Å"
