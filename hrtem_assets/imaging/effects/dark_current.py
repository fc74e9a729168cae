"""Dark current."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.distributions import in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.microscope import Microscope


class DarkCurrent(ImagingEffect):
    """Electrons that every pixel collects without a beam, before binning; set by `detector`. None are subtracted."""

    effect: Literal["dark_current"] = "dark_current"
    takes: ClassVar[Signal] = "counts"
    place: ClassVar[int] = 120
    equation: ClassVar[str] = "N + Poisson(dark current)"
    source: ClassVar[str] = "J. R. Janesick, Photon Transfer (2007), chapter 11"

    def acts(self, microscope: Microscope) -> bool:
        return microscope.detector.dark_e != 0

    def mean_bounds(self, least: float, most: float, exposure: Exposure) -> tuple[float, float]:
        return least + exposure.detector.dark_e, most + exposure.detector.dark_e

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        dark = rng.poisson(exposure.detector.dark_e, image.shape).astype(np.float32)
        return image.astype(np.float32) + exposure.backend.xp.asarray(dark), {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        return (
            f"A dark current of {in_words(microscope.detector.dark_e)} electrons in each pixel before binning"
        )
