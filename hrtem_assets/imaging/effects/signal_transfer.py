"""What a detector transfers of its signal without transferring noise."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.detector_transfer import radius, signal_before_noise
from hrtem_assets.imaging.distributions import in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.filtering import Frequencies, filtered
from hrtem_assets.imaging.microscope import Microscope


class SignalTransfer(ImagingEffect):
    """The intensity before electrons are counted, filtered with MTF / NTF; set by `detector`. Behind the count
    `noise_transfer` filters all of it with the NTF: in all, signal is filtered with the MTF and noise with the NTF.
    """

    effect: Literal["signal_transfer"] = "signal_transfer"
    takes: ClassVar[Signal] = "intensity"
    place: ClassVar[int] = 70
    of_detector: ClassVar[bool] = True
    without: ClassVar[str] = "detector blur"
    equation: ClassVar[str] = "I(q) MTF(q) / NTF(q) = I(q) sqrt(DQE(q) / DQE(0))"
    source: ClassVar[str] = "R. R. Meyer, A. I. Kirkland, Microscopy Research and Technique 49 (2000) 269"

    def acts(self, microscope: Microscope) -> bool:
        detector = microscope.detector
        return any(f is not None for f in (detector.mtf, detector.ntf, detector.dqe_half_nyquist))

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        detector, pixel_a = exposure.detector, exposure.pixel_a
        if detector.ntf is None and detector.dqe_half_nyquist is None:
            return image, {}

        def factor(ky: Frequencies, kx: Frequencies) -> Frequencies:
            return signal_before_noise(radius(ky, kx, pixel_a), detector)

        return filtered(image, pixel_a, exposure, factor), {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        detector = microscope.detector
        mtf = detector.mtf
        if mtf is None:
            told = "an MTF of 1"
        elif mtf.table is not None:
            told = "a measured MTF"
        else:
            told = "an MTF with " + ", ".join(
                f"{name} = {in_words(getattr(mtf, name))}" for name in ("c1", "c2", "c3", "c4")
            )
        half = detector.dqe_half_nyquist
        noise = "a measured NTF" if detector.ntf is not None else "the same for noise"
        noise = noise if half is None else f"a DQE of {in_words(half)} at half Nyquist"
        return f"A detector with {told} and {noise}"
