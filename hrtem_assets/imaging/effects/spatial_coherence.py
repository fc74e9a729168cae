"""Partial spatial coherence: the beam comes from a cone of directions."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.aberration_function import AberrationFunction
from hrtem_assets.imaging.distributions import in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal, beam_tilt_per_a, frequencies
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.imaging.optics import Optics


class SpatialCoherence(ImagingEffect):
    """A Gaussian distribution of beam directions, as an envelope on the wave or as a sum over source points; set by
    `optics`. A point of the source images the wave about its own frequency q; the exit wave is the untilted beam's.
    """

    effect: Literal["spatial_coherence"] = "spatial_coherence"
    takes: ClassVar[Signal] = "waves"
    place: ClassVar[int] = 20
    without: ClassVar[str] = "beam convergence"
    equation: ClassVar[str] = (
        "envelope: psi(k) exp(-sigma_q^2 |grad chi(k + t) - grad chi(t)|^2 / 2), sigma_q = sigma_angle / lambda; "
        "quadrature: sum_j w_j |F^-1 [psi(k) exp(-i [chi(k + t + q_j) - chi(k + t)])]|^2 over Gauss-Hermite points q_j"
    )
    source: ClassVar[str] = (
        "J. Frank, Optik 38 (1973) 519; E. J. Kirkland, Advanced Computing in Electron Microscopy, 2nd edition (2010), "
        "section 3.2"
    )

    def acts(self, microscope: Microscope) -> bool:
        return microscope.optics.convergence_mrad != 0

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        xp, optics = exposure.backend.xp, exposure.optics
        k = frequencies(image.shape, exposure.sampling_a)
        chi = AberrationFunction.of(optics.aberrations, exposure.wavelength_a, exposure.defocus_a)
        chi = chi.tilted(beam_tilt_per_a(optics, exposure.wavelength_a))
        if optics.spatial_coherence == "envelope":
            sigma = optics.convergence_sigma_mrad * 1e-3 / exposure.wavelength_a
            along_y, along_x = (part(*k, xp) for part in chi.gradient)
            along_y *= along_y
            along_x *= along_x
            along_y += along_x
            along_y *= -0.5 * sigma**2
            return image * xp.exp(along_y).astype(np.float32), {}
        points, weights = source_points(optics, exposure.wavelength_a)
        at_beam = chi(*k, xp)
        # each point gives the waves of all phonons once more; the mean over them all weighs by their amplitudes
        waves = [
            image
            * (xp.exp(-1j * (chi.moved(point)(*k, xp) - at_beam)) * math.sqrt(weight * len(points))).astype(
                np.complex64
            )
            for point, weight in zip(points, weights, strict=True)
        ]
        return xp.concatenate(waves), {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        optics = microscope.optics
        convention = {"one_over_e": "half width at 1/e", "sigma": "standard deviation"}
        way = {
            "envelope": "as an envelope on the wave",
            "quadrature": f"as a sum over {optics.source_points} x {optics.source_points} source points",
        }
        return (
            f"A convergence of {in_words(optics.convergence_mrad)} mrad "
            f"({convention[optics.convergence_convention]}), {way[optics.spatial_coherence]}"
        )


def source_points(optics: Optics, wavelength_a: float) -> tuple[list[tuple[float, float]], list[float]]:
    """Points of the source as spatial frequencies (y, x) from the beam's, 1/Å, and their weights of sum 1.

    Args:
        optics: convergence and points along an axis.
        wavelength_a: electron wavelength, Å.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(optics.source_points)
    sigma = optics.convergence_sigma_mrad * 1e-3 / wavelength_a
    weights = weights / weights.sum()
    pairs = [(i, j) for i in range(len(nodes)) for j in range(len(nodes))]
    points = [(float(sigma * nodes[i]), float(sigma * nodes[j])) for i, j in pairs]
    return points, [float(weights[i] * weights[j]) for i, j in pairs]
