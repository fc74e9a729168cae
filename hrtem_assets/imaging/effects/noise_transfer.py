"""The blur of a detector behind the arrival of electrons: it filters noise with signal."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.detector_transfer import noise_transfer, radius
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.effects.signal_transfer import SignalTransfer
from hrtem_assets.imaging.filtering import Frequencies, filtered
from hrtem_assets.imaging.microscope import Microscope


class NoiseTransfer(ImagingEffect):
    """Each electron spread over pixels: counts filtered with the noise transfer function; set by `detector`."""

    effect: Literal["noise_transfer"] = "noise_transfer"
    takes: ClassVar[Signal] = "counts"
    place: ClassVar[int] = 100
    equation: ClassVar[str] = (
        "N(q) NTF(q), NTF(q) = MTF(q)^p unless it is given, p by the DQE at half Nyquist"
    )
    source: ClassVar[str] = "R. R. Meyer, A. I. Kirkland, Microscopy Research and Technique 49 (2000) 269"

    def acts(self, microscope: Microscope) -> bool:
        return SignalTransfer().acts(microscope)

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        def factor(ky: Frequencies, kx: Frequencies) -> Frequencies:
            return noise_transfer(radius(ky, kx, exposure.pixel_a), exposure.detector)

        return filtered(image, exposure.pixel_a, exposure, factor), {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        return "The same detector's blur of the electrons counted, with their noise"
