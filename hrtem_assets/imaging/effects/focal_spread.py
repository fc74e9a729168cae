"""Partial temporal coherence: the focus is a distribution."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal, frequencies
from hrtem_assets.imaging.intensity import intensity
from hrtem_assets.imaging.optics import Optics


class FocalSpread(ImagingEffect):
    """A Gaussian distribution of the focus, as an envelope on the wave or as a sum over foci; set by `optics`."""

    effect: Literal["focal_spread"] = "focal_spread"
    takes: ClassVar[Signal] = "waves"
    equation: ClassVar[str] = (
        "envelope: psi(k) exp(-(pi lambda sigma k^2)^2 / 2); "
        "quadrature: sum_j w_j |F^-1 [psi(k) exp(i pi lambda f_j k^2)]|^2, Gauss-Hermite foci f_j and weights w_j"
    )
    source: ClassVar[str] = (
        "E. J. Kirkland, Advanced Computing in Electron Microscopy, 2nd edition (2010), chapter 3"
    )

    def gives(self, optics: Optics) -> Signal:
        return "waves" if optics.temporal_coherence == "envelope" else "intensity"

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        optics, backend = exposure.optics, exposure.backend
        k2 = sum(k**2 for k in frequencies(image.shape, exposure.sampling_a))
        if self.gives(optics) == "waves":
            of_envelope = (exposure.wavelength_a, optics.focal_spread_sigma_a, backend)
            return image * _on_backend(image.shape[-2:], exposure.sampling_a, *of_envelope), {}
        total: Any = 0
        for focus_a, weight in zip(*foci(optics), strict=True):
            phase = np.exp(1j * np.pi * exposure.wavelength_a * focus_a * k2).astype(np.complex64)
            total = total + np.float32(weight) * intensity(image * backend.xp.asarray(phase), backend)
        return total, {}

    def sentence(self, exposure: Exposure) -> str:
        optics = exposure.optics
        way = {
            "envelope": "as an envelope on the wave",
            "quadrature": f"as a sum over {optics.quadrature_points} foci",
        }
        sigma_a = optics.focal_spread_sigma_a
        return f"A focal spread of {sigma_a:.3g} Å (standard deviation), {way[optics.temporal_coherence]}"


def envelope(
    shape: tuple[int, int], sampling_a: float, wavelength_a: float, sigma_a: float
) -> NDArray[np.float64]:
    """By what a Gaussian focus distribution damps the wave, float64 (ky, kx), in FFT order.

    Args:
        shape: pixels (y, x).
        sampling_a: pixel, Å.
        wavelength_a: electron wavelength, Å.
        sigma_a: standard deviation of the focus, Å.
    """
    ky, kx = frequencies(shape, sampling_a)
    damped: NDArray[np.float64] = np.exp(-0.5 * (np.pi * wavelength_a * sigma_a * (ky**2 + kx**2)) ** 2)
    return damped


def foci(optics: Optics) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Focus offsets in Å over which intensities are summed, and their weights of sum 1; one offset of 0 for a wave
    that needs no sum.
    """
    sigma_a = optics.focal_spread_sigma_a
    if optics.temporal_coherence == "envelope" or sigma_a == 0:
        return (0.0,), (1.0,)
    nodes, weights = np.polynomial.hermite_e.hermegauss(optics.quadrature_points)
    return tuple(map(float, sigma_a * nodes)), tuple(map(float, weights / weights.sum()))


@lru_cache(maxsize=4)
def _on_backend(
    shape: tuple[int, int], sampling_a: float, wavelength_a: float, sigma_a: float, backend: Backend
) -> Any:
    return backend.xp.asarray(envelope(shape, sampling_a, wavelength_a, sigma_a).astype(np.float32))
