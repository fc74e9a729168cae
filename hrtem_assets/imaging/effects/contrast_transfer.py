"""Defocus, aberrations and objective aperture."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal, frequencies
from hrtem_assets.imaging.optics import Aberrations


class ContrastTransfer(ImagingEffect):
    """The lens: a phase by spatial frequency, and what the objective aperture lets through; set by `optics`."""

    effect: Literal["contrast_transfer"] = "contrast_transfer"
    takes: ClassVar[Signal] = "waves"
    equation: ClassVar[str] = "psi(k) A(k) exp(i pi lambda defocus k^2 - i chi(k))"
    source: ClassVar[str] = (
        "E. J. Kirkland, Advanced Computing in Electron Microscopy, 2nd edition (2010), chapter 2"
    )

    def mean_bounds(self, least: float, most: float, exposure: Exposure) -> tuple[float, float]:
        # an aperture takes what it takes
        return (least if exposure.optics.aperture_mrad is None else 0.0), most

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        xp, shape, optics = exposure.backend.xp, image.shape[-2:], exposure.optics
        of_lens = (exposure.wavelength_a, optics.aperture_mrad, optics.aberrations)
        transfer = _on_backend(shape, exposure.sampling_a, *of_lens, exposure.backend)
        for k in frequencies(shape, exposure.sampling_a):
            phase = np.pi * exposure.wavelength_a * exposure.defocus_a * k**2
            transfer = transfer * xp.asarray(np.exp(1j * phase).astype(np.complex64))
        return image * transfer, {}

    def sentence(self, exposure: Exposure) -> str:
        optics = exposure.optics
        named = [f"{name} = {value:g}" for name, value in optics.aberrations.model_dump().items() if value]
        aperture = "no" if optics.aperture_mrad is None else f"a {optics.aperture_mrad:g} mrad"
        return (
            f"Contrast transfer with {aperture} objective aperture and residual aberrations "
            f"{', '.join(named) or 'of zero'}"
        )


def lens(
    shape: tuple[int, int],
    sampling_a: float,
    wavelength_a: float,
    aperture_mrad: float | None,
    aberrations: Aberrations,
) -> NDArray[np.complex128]:
    """The transfer function without defocus, complex128 (ky, kx), in FFT order.

    Args:
        shape: pixels (y, x).
        sampling_a: pixel, Å.
        wavelength_a: electron wavelength, Å.
        aperture_mrad: half angle of the objective aperture; None for none.
        aberrations: in abTEM's polar convention; the transfer function is exp(-i chi).
    """
    ky, kx = frequencies(shape, sampling_a)
    transfer = np.exp(-1j * _phase(ky, kx, wavelength_a, aberrations))
    if aperture_mrad is not None:
        transfer = transfer * (ky**2 + kx**2 <= (aperture_mrad * 1e-3 / wavelength_a) ** 2)
    return transfer


@lru_cache(maxsize=4)
def _on_backend(
    shape: tuple[int, int],
    sampling_a: float,
    wavelength_a: float,
    aperture_mrad: float | None,
    aberrations: Aberrations,
    backend: Backend,
) -> Any:
    transfer = lens(shape, sampling_a, wavelength_a, aperture_mrad, aberrations)
    return backend.xp.asarray(transfer.astype(np.complex64))


def _phase(
    ky: NDArray[np.float64], kx: NDArray[np.float64], wavelength_a: float, aberrations: Aberrations
) -> NDArray[np.float64]:
    """Aberration phase chi without defocus, rad."""
    ab = aberrations
    alpha = wavelength_a * np.hypot(ky, kx)
    phi = np.arctan2(ky, kx)
    path = alpha**2 / 2 * 10 * ab.c12_nm * np.cos(2 * (phi - ab.phi12_rad))
    path += alpha**3 / 3 * 10 * ab.c21_nm * np.cos(phi - ab.phi21_rad)
    path += alpha**3 / 3 * 10 * ab.c23_nm * np.cos(3 * (phi - ab.phi23_rad))
    path += alpha**4 / 4 * 1e4 * ab.c30_um + alpha**6 / 6 * 1e7 * ab.c50_mm
    return np.asarray(2 * np.pi / wavelength_a * path)
