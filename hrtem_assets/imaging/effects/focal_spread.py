"""Partial temporal coherence: the focus is a distribution."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.imaging.distributions import Distribution, in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal, beam_tilt_per_a, frequencies
from hrtem_assets.imaging.intensity import intensity
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.imaging.optics import Chromatic, Optics


class FocalSpread(ImagingEffect):
    """A Gaussian distribution of the focus, as an envelope on the wave or as a sum over foci; set by `optics`."""

    effect: Literal["focal_spread"] = "focal_spread"
    takes: ClassVar[Signal] = "waves"
    place: ClassVar[int] = 30
    equation: ClassVar[str] = (
        "envelope: psi(k) exp(-(pi lambda sigma [(k + t)^2 - t^2])^2 / 2); "
        "quadrature: sum_j w_j |F^-1 [psi(k) exp(i pi lambda f_j k^2)]|^2, Gauss-Hermite foci f_j and weights w_j"
    )
    source: ClassVar[str] = (
        "E. J. Kirkland, Advanced Computing in Electron Microscopy, 2nd edition (2010), chapter 3"
    )

    def acts(self, microscope: Microscope) -> bool:
        return True

    def gives(self, microscope: Microscope) -> Signal:
        return "waves" if microscope.optics.temporal_coherence == "envelope" else "intensity"

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        optics, backend = exposure.optics, exposure.backend
        tilt = beam_tilt_per_a(optics, exposure.wavelength_a)
        if self.gives(exposure.microscope) == "waves":
            of_envelope = (exposure.wavelength_a, optics.focal_spread_sigma_a, tilt, backend)
            return image * _on_backend(image.shape[-2:], exposure.sampling_a, *of_envelope), {}
        k2 = path_per_focus(image.shape, exposure.sampling_a, tilt)
        total: Any = 0
        for focus_a, weight in zip(*foci(optics), strict=True):
            phase = np.exp(1j * np.pi * exposure.wavelength_a * focus_a * k2).astype(np.complex64)
            total = total + np.float32(weight) * intensity(image * backend.xp.asarray(phase), backend)
        return total, {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        optics = microscope.optics
        way = {
            "envelope": "as an envelope on the wave",
            "quadrature": f"as a sum over {optics.quadrature_points} foci",
        }[optics.temporal_coherence]
        spread: Any = optics.focal_spread_a
        if optics.chromatic != Chromatic():
            named = ", ".join(
                f"{name} = {in_words(getattr(optics.chromatic, name))}" for name in Chromatic.model_fields
            )
            return f"A focal spread from {named}, {way}"
        if isinstance(spread, Distribution):
            convention = {"one_over_e": "half width at 1/e", "sigma": "standard deviation"}
            return f"A focal spread, in Å, {spread.words()} ({convention[optics.focal_spread_convention]}), {way}"
        return f"A focal spread of {optics.focal_spread_sigma_a:.3g} Å (standard deviation), {way}"


def envelope(
    shape: tuple[int, int],
    sampling_a: float,
    wavelength_a: float,
    sigma_a: float,
    tilt_per_a: tuple[float, float] = (0.0, 0.0),
) -> NDArray[np.float64]:
    """By what a Gaussian focus distribution damps the wave, float64 (ky, kx), in FFT order.

    Args:
        shape: pixels (y, x).
        sampling_a: pixel, Å.
        wavelength_a: electron wavelength, Å.
        sigma_a: standard deviation of the focus, Å.
        tilt_per_a: spatial frequency (y, x) of the beam, 1/Å.
    """
    k2 = path_per_focus(shape, sampling_a, tilt_per_a)
    damped: NDArray[np.float64] = np.exp(-0.5 * (np.pi * wavelength_a * sigma_a * k2) ** 2)
    return damped


def path_per_focus(
    shape: tuple[int, ...], sampling_a: float, tilt_per_a: tuple[float, float]
) -> NDArray[np.float64]:
    """(k + t)^2 - t^2, to which the phase of a change of focus is proportional, float64 (ky, kx), 1/Å²; arguments as
    for `envelope`. Its part that is linear in k moves the image to and fro with the focus.
    """
    ky, kx = frequencies(shape, sampling_a)
    if tilt_per_a == (0.0, 0.0):
        return np.asarray(ky**2 + kx**2)
    return np.asarray(ky * (ky + 2 * tilt_per_a[0]) + kx * (kx + 2 * tilt_per_a[1]))


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
    shape: tuple[int, int],
    sampling_a: float,
    wavelength_a: float,
    sigma_a: float,
    tilt_per_a: tuple[float, float],
    backend: Backend,
) -> Any:
    damped = envelope(shape, sampling_a, wavelength_a, sigma_a, tilt_per_a)
    return backend.xp.asarray(damped.astype(np.float32))
