"""Shot noise: electrons arrive one by one."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.distributions import in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.microscope import Microscope

# drawn by one generator
ROWS = 16
# as far below nothing as a filter with a sharp end rings, by the brightest pixel
RINGING = 0.25


class ShotNoise(ImagingEffect):
    """Poisson-distributed electrons at the condition's dose; the detector's DQE at zero frequency says how many of them
    count. In counting mode a pixel counts at most one in each frame.

    Counts are drawn on the processor, a few rows by a generator of their own. So equal intensities give equal counts
    wherever they were computed, and one that differs in its last bit changes counts in its own rows at most.
    """

    effect: Literal["shot_noise"] = "shot_noise"
    takes: ClassVar[Signal] = "intensity"
    place: ClassVar[int] = 90
    equation: ClassVar[str] = (
        "Poisson(intensity x dose x pixel area x DQE(0)) / DQE(0); counting mode: Binomial(frames, 1 - exp(-mean / "
        "frames)) in place of Poisson(mean)"
    )
    source: ClassVar[str] = "numpy.random.Generator.poisson"

    def acts(self, microscope: Microscope) -> bool:
        return True

    def gives(self, microscope: Microscope) -> Signal:
        return "counts"

    def mean_bounds(self, least: float, most: float, exposure: Exposure) -> tuple[float, float]:
        least, most = least * exposure.dose_e_per_px, most * exposure.dose_e_per_px
        if (frames := exposure.detector.frames) is None:
            return least, most
        # bright pixels lose more than dark ones
        efficiency = exposure.detector.dqe_zero
        least, most = (
            frames * -math.expm1(-mean * efficiency / frames) / efficiency for mean in (least, most)
        )
        return 0.5 * least, most

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        detector = exposure.detector
        means = exposure.backend.to_host(image * np.float32(exposure.dose_e_per_px * detector.dqe_zero))
        if means.min() >= -RINGING * means.max():
            means = np.maximum(means, 0)
        parts = [means[first : first + ROWS] for first in range(0, len(means), ROWS)]
        streams = rng.spawn(len(parts))
        if detector.frames is None:
            drawn = [stream.poisson(part) for stream, part in zip(streams, parts, strict=True)]
        else:
            frames = detector.frames
            drawn = [
                stream.binomial(frames, -np.expm1(-part.astype(np.float64) / frames))
                for stream, part in zip(streams, parts, strict=True)
            ]
        counts = np.concatenate(drawn)
        if detector.dqe_zero != 1:
            counts = (counts / detector.dqe_zero).astype(np.float32)
        return exposure.backend.xp.asarray(counts), {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        detector = microscope.detector
        told = [] if detector.dqe_zero == 1 else [f"a DQE of {in_words(detector.dqe_zero)} at zero frequency"]
        if detector.frames is not None:
            told.append(f"counting in {detector.frames} frames")
        kind = f"a detector with {' and '.join(told)}" if told else "an ideal counting detector"
        return f"Shot noise of {kind} at {in_words(dose_e_per_a2)} e/Å²"
