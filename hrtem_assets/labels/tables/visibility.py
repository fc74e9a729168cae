"""How well each particle can be seen in an image."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.imaging.detector_transfer import radius, signal_before_noise
from hrtem_assets.labels.detectability import detectability
from hrtem_assets.labels.table import CropSource, CropTable
from hrtem_assets.store import Variable


class Visibility(CropTable):
    """Contrast of each particle, and the detectability index at the image's dose, focus and film: below 5, the limit
    that Rose found for people, a particle is easily missed.
    """

    name = "visibility"
    definition = "contrast and detectability of each particle in the image"
    needs = ("instances", "clean_image", "clean_particles")

    def variables(self, campaign: Campaign, specimen: Specimen) -> tuple[Variable, ...]:
        slots = campaign.placement.count_max
        return (
            Variable(
                "particle_contrast",
                ("slot",),
                (slots,),
                long_name="rms of the particle's own intensity about the incident beam's, over its pixels",
            ),
            Variable(
                "particle_visibility",
                ("slot",),
                (slots,),
                long_name="detectability index d' of the particle's pixels before film and shot noise; 5 is Rose's "
                "limit",
            ),
        )

    def make(self, source: CropSource) -> Mapping[str, Any]:
        instances = source.planes["instances"]
        particles = source.planes["clean_particles"].astype(np.float64)
        detector, own_a = source.detector, source.pixel_a / source.detector.binning
        own = particles - 1
        shown = [k for k in range(source.particles) if (instances == k + 1).any()]
        contrast, index = np.full((2, source.particles), np.nan)
        contrast[shown] = [np.sqrt(np.mean(own[instances == k + 1] ** 2)) for k in shown]

        def dqe(ky: NDArray[np.float64], kx: NDArray[np.float64]) -> NDArray[np.float64]:
            return detector.dqe_zero * signal_before_noise(radius(ky, kx, own_a), detector) ** 2

        index[shown] = detectability(
            (np.where(instances == k + 1, own, 0) for k in shown),
            source.planes["clean_image"].astype(np.float64) - particles,
            source.pixel_a,
            source.dose_e_per_a2,
            dqe,
        )
        return {"particle_contrast": contrast, "particle_visibility": index}
