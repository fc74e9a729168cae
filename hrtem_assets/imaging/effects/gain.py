"""Gain: counts per electron, and what is left of its variation over the detector."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.detector import pattern
from hrtem_assets.imaging.distributions import in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.microscope import Microscope


class Gain(ImagingEffect):
    """Electrons become counts, with an error of the gain reference that every image of a detector shares; set by
    `detector`.
    """

    effect: Literal["gain"] = "gain"
    takes: ClassVar[Signal] = "counts"
    place: ClassVar[int] = 150
    equation: ClassVar[str] = "N x gain x (1 + Normal(0, gain error) of the pixel)"
    source: ClassVar[str] = "J. R. Janesick, Photon Transfer (2007), chapter 3"

    def acts(self, microscope: Microscope) -> bool:
        return microscope.detector.gain != 1 or microscope.detector.gain_error != 0

    def mean_bounds(self, least: float, most: float, exposure: Exposure) -> tuple[float, float]:
        detector = exposure.detector
        return (
            least * detector.gain * (1 - detector.gain_error),
            most * detector.gain * (1 + detector.gain_error),
        )

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        detector, xp = exposure.detector, exposure.backend.xp
        image = image.astype(np.float32) * np.float32(detector.gain)
        if detector.gain_error:
            error = pattern(detector.serial, self.name).standard_normal(image.shape, np.float32)
            image = image * xp.asarray(1 + np.float32(detector.gain_error) * error)
        return image, {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        detector = microscope.detector
        text = f"A gain of {in_words(detector.gain)} counts per electron"
        if detector.gain_error == 0:
            return text
        return f"{text} with a fixed error of {in_words(detector.gain_error)} of it from pixel to pixel"
