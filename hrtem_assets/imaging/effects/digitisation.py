"""Offset, saturation, and the numbers that are written."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.detector import MOST_OF_OUTPUT, Detector
from hrtem_assets.imaging.distributions import in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.microscope import Microscope


class Digitisation(ImagingEffect):
    """Counts as the detector writes them: with an offset, not above saturation, not below 0 where the type knows no
    sign; set by `detector`. Without a saturation, more than the type holds is an error; what is clipped is counted.
    """

    effect: Literal["digitisation"] = "digitisation"
    takes: ClassVar[Signal] = "counts"
    place: ClassVar[int] = 170
    equation: ClassVar[str] = "min(max(round(N + offset), 0), saturation)"
    source: ClassVar[str] = "J. R. Janesick, Photon Transfer (2007)"
    records: ClassVar[Mapping[str, tuple[str, str]]] = {
        "clipped_pixels": ("1", "pixels that would be below 0 or above saturation")
    }

    def acts(self, microscope: Microscope) -> bool:
        return microscope.detector.model_copy(update={"serial": 0, "binning": 1}) != Detector()

    def mean_bounds(self, least: float, most: float, exposure: Exposure) -> tuple[float, float]:
        detector = exposure.detector
        noise = detector.gain * (detector.readout_e + 1)
        least, most = least + detector.offset - noise, most + detector.offset + noise
        return (least if detector.saturation is None else 0.0), most

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        detector, xp = exposure.detector, exposure.backend.xp
        counts = image.astype(np.float64) + detector.offset
        whole = detector.output != "float32"
        if whole:
            counts = xp.rint(counts)
        most = MOST_OF_OUTPUT[detector.output] if detector.saturation is None else detector.saturation
        over = counts > most if detector.saturation is not None else xp.zeros(counts.shape, bool)
        under = counts < 0 if whole else xp.zeros(counts.shape, bool)
        clipped = float((over | under).sum())
        if detector.saturation is not None:
            counts = xp.minimum(counts, most)
        return (xp.maximum(counts, 0.0) if whole else counts), {"clipped_pixels": clipped}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        detector = microscope.detector
        kind = {"uint8": "8-bit", "uint16": "16-bit", "uint32": "32-bit", "float32": "32-bit decimal"}
        text = f"Output of {kind[detector.output]} numbers with an offset of {in_words(detector.offset)}"
        return text if detector.saturation is None else f"{text}, saturated at {detector.saturation:g}"
