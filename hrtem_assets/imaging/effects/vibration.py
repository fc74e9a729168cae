"""Vibration of the specimen against the detector, faster than the exposure."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.distributions import in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.filtering import Frequencies, filtered
from hrtem_assets.imaging.microscope import Microscope


class Vibration(ImagingEffect):
    """The intensity, blurred with a Gaussian of two axes; set by `stage`."""

    effect: Literal["vibration"] = "vibration"
    takes: ClassVar[Signal] = "intensity"
    place: ClassVar[int] = 40
    without: ClassVar[str] = "vibration"
    equation: ClassVar[str] = (
        "I(k) exp(-2 pi^2 [(sigma_1 k_1)^2 + (sigma_2 k_2)^2]), k_1 along the major axis"
    )
    source: ClassVar[str] = "A. Thust, Physical Review Letters 102 (2009) 220801: image spread"

    def acts(self, microscope: Microscope) -> bool:
        stage = microscope.stage
        return stage.vibration_a != 0 or stage.vibration_minor_a not in (None, 0)

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        stage = exposure.stage
        minor_a = stage.vibration_a if stage.vibration_minor_a is None else stage.vibration_minor_a
        cos, sin = math.cos(stage.vibration_azimuth_rad), math.sin(stage.vibration_azimuth_rad)

        def factor(ky: Frequencies, kx: Frequencies) -> Frequencies:
            major, minor = stage.vibration_a * (cos * kx + sin * ky), minor_a * (cos * ky - sin * kx)
            return np.asarray(np.exp(-2 * np.pi**2 * (major**2 + minor**2)))

        return filtered(image, exposure.sampling_a, exposure, factor), {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        stage = microscope.stage
        minor = (
            "in every direction"
            if stage.vibration_minor_a is None
            else f"along one axis, {in_words(stage.vibration_minor_a)} Å along the other"
        )
        return f"Vibration with a standard deviation of {in_words(stage.vibration_a)} Å {minor}"
