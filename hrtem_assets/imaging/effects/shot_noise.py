"""Shot noise: electrons arrive one by one."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.optics import Optics

# drawn by one generator
ROWS = 16


class ShotNoise(ImagingEffect):
    """Poisson-distributed electrons of an ideal counting detector at the condition's dose.

    Counts are drawn on the processor, a few rows by a generator of their own. So equal intensities give equal counts
    wherever they were computed, and one that differs in its last bit changes counts in its own rows at most.
    """

    effect: Literal["shot_noise"] = "shot_noise"
    takes: ClassVar[Signal] = "intensity"
    equation: ClassVar[str] = "Poisson(intensity x dose x pixel area)"
    source: ClassVar[str] = "numpy.random.Generator.poisson"

    def gives(self, optics: Optics) -> Signal:
        return "counts"

    def mean_bounds(self, least: float, most: float, exposure: Exposure) -> tuple[float, float]:
        return least * exposure.dose_e_per_px, most * exposure.dose_e_per_px

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        means = exposure.backend.to_host(image * np.float32(exposure.dose_e_per_px))
        parts = [means[first : first + ROWS] for first in range(0, len(means), ROWS)]
        counts = [stream.poisson(part) for stream, part in zip(rng.spawn(len(parts)), parts, strict=True)]
        return exposure.backend.xp.asarray(np.concatenate(counts)), {}

    def sentence(self, exposure: Exposure) -> str:
        return f"Shot noise of an ideal counting detector at {exposure.dose_e_per_a2:g} e/Å²"
