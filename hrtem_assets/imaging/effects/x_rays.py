"""X-rays that hit the detector."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.distributions import in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.microscope import Microscope


class XRays(ImagingEffect):
    """Spikes in single pixels, exponentially distributed in height; set by `detector`."""

    effect: Literal["x_rays"] = "x_rays"
    takes: ClassVar[Signal] = "counts"
    place: ClassVar[int] = 110
    equation: ClassVar[str] = "N + sum of Exponential(height) over Poisson(rate x pixels) pixels"
    source: ClassVar[str] = "W. J. de Ruijter, Micron 26 (1995) 247"
    records: ClassVar[Mapping[str, tuple[str, str]]] = {"x_rays": ("1", "X-ray spikes in the image")}

    def acts(self, microscope: Microscope) -> bool:
        return microscope.detector.x_rays_per_mpx != 0

    def mean_bounds(self, least: float, most: float, exposure: Exposure) -> tuple[float, float]:
        detector = exposure.detector
        # of few spikes in a small image the sum may be a multiple of what is expected
        return least, most + (20 * detector.x_rays_per_mpx * 1e-6 + 1e-3) * detector.x_ray_e

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        detector, xp = exposure.detector, exposure.backend.xp
        count = int(rng.poisson(1e-6 * detector.x_rays_per_mpx * image.size))
        spikes = np.zeros(image.size, np.float32)
        np.add.at(spikes, rng.integers(image.size, size=count), rng.exponential(detector.x_ray_e, count))
        return image.astype(np.float32) + xp.asarray(spikes.reshape(image.shape)), {"x_rays": float(count)}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        detector = microscope.detector
        return (
            f"X-ray spikes, {in_words(detector.x_rays_per_mpx)} per million pixels, of {in_words(detector.x_ray_e)} "
            f"electrons on average"
        )
