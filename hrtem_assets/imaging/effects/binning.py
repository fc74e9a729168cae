"""Pixels added together."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.microscope import Microscope


class Binning(ImagingEffect):
    """The sum over squares of pixels before they are read out; set by `detector`."""

    effect: Literal["binning"] = "binning"
    takes: ClassVar[Signal] = "counts"
    place: ClassVar[int] = 130
    equation: ClassVar[str] = "sum of N over binning x binning pixels"
    source: ClassVar[str] = "J. R. Janesick, Photon Transfer (2007)"

    def acts(self, microscope: Microscope) -> bool:
        return microscope.detector.binning != 1

    def mean_bounds(self, least: float, most: float, exposure: Exposure) -> tuple[float, float]:
        pixels = exposure.detector.binning**2
        return least * pixels, most * pixels

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        b, (ny, nx) = exposure.detector.binning, image.shape
        return image.reshape(ny // b, b, nx // b, b).sum(axis=(1, 3)), {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        b = microscope.detector.binning
        return f"Binning of {b} x {b} pixels"
