"""Readout noise."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.distributions import in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.microscope import Microscope


class ReadoutNoise(ImagingEffect):
    """Normal noise of every pixel that is read, in electrons; set by `detector`."""

    effect: Literal["readout_noise"] = "readout_noise"
    takes: ClassVar[Signal] = "counts"
    place: ClassVar[int] = 140
    without: ClassVar[str] = "readout noise"
    equation: ClassVar[str] = "N + Normal(0, readout noise)"
    source: ClassVar[str] = "J. R. Janesick, Photon Transfer (2007), chapter 3"

    def acts(self, microscope: Microscope) -> bool:
        return microscope.detector.readout_e != 0

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        noise = rng.standard_normal(image.shape, np.float32) * np.float32(exposure.detector.readout_e)
        return image.astype(np.float32) + exposure.backend.xp.asarray(noise), {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        return f"Readout noise of {in_words(microscope.detector.readout_e)} electrons (standard deviation)"
