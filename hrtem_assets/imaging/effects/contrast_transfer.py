"""Defocus, aberrations, beam tilt and objective aperture."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.imaging.aberration_function import AberrationFunction
from hrtem_assets.imaging.distributions import in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal, beam_tilt_per_a, frequencies
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.imaging.optics import Aberrations, Optics


class ContrastTransfer(ImagingEffect):
    """The lens: a phase by spatial frequency, and what the objective aperture lets through; set by `optics`.

    A tilted beam meets the lens off its axis: the spectrum is imaged about the beam's own frequency t, without the
    shift of the whole image, so that labels stay in their places. The aperture is fixed to the axis of the lens.
    """

    effect: Literal["contrast_transfer"] = "contrast_transfer"
    takes: ClassVar[Signal] = "waves"
    place: ClassVar[int] = 10
    equation: ClassVar[str] = (
        "psi(k) A(k + t) exp(-i [chi(k + t) - chi(t) - k grad chi(t)]), chi(k) = -pi lambda defocus k^2 + 2 pi / "
        "lambda sum c_nm alpha^(n+1) cos(m (phi - phi_nm)) / (n + 1), alpha = lambda |k|"
    )
    source: ClassVar[str] = (
        "E. J. Kirkland, Advanced Computing in Electron Microscopy, 2nd edition (2010), chapter 2"
    )

    def acts(self, microscope: Microscope) -> bool:
        return True

    def version(self, microscope: Microscope) -> str:
        # 2: aberrations as polynomials, with other rounding
        return self.code_version if _is_plain(microscope.optics) else "2"

    def mean_bounds(self, least: float, most: float, exposure: Exposure) -> tuple[float, float]:
        # an aperture takes what it takes
        return (least if exposure.optics.aperture_mrad is None else 0.0), most

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        xp, optics = exposure.backend.xp, exposure.optics
        shape: tuple[int, int] = image.shape[-2:]
        if not _is_plain(optics):
            k = frequencies(shape, exposure.sampling_a)
            tilt = beam_tilt_per_a(optics, exposure.wavelength_a)
            lens_function = AberrationFunction.of(
                optics.aberrations, exposure.wavelength_a, exposure.defocus_a
            )
            factor = xp.exp(-1j * lens_function.tilted(tilt)(*k, xp)).astype(np.complex64)
            if optics.aperture_mrad is not None:
                passed = aperture(*k, exposure.wavelength_a, optics)
                factor *= xp.asarray(passed.astype(np.float32))
            return image * factor, {}
        # a lens without aberrations is a factor along y and one along x
        transfer = _aperture_on_backend(
            shape, exposure.sampling_a, exposure.wavelength_a, optics.aperture_mrad, exposure.backend
        )
        for k1 in frequencies(shape, exposure.sampling_a):
            phase = np.pi * exposure.wavelength_a * exposure.defocus_a * k1**2
            transfer = transfer * xp.asarray(np.exp(1j * phase).astype(np.complex64))
        return image * transfer, {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        optics, none = microscope.optics, Optics()
        told = [
            f"{name} = {in_words(value)}"
            for name in Aberrations.model_fields
            if (value := getattr(optics.aberrations, name)) != getattr(none.aberrations, name)
        ]
        told += [
            f"{name} = {in_words(value)}"
            for name in ("aperture_edge_mrad", "aperture_shift_mrad", "tilt_mrad")
            if (value := getattr(optics, name)) != getattr(none, name)
        ]
        opening = "no" if optics.aperture_mrad is None else f"a {in_words(optics.aperture_mrad)} mrad"
        return (
            f"Contrast transfer with {opening} objective aperture and residual aberrations "
            f"{', '.join(told) or 'of zero'}"
        )


def lens(
    shape: tuple[int, int],
    sampling_a: float,
    wavelength_a: float,
    optics: Optics,
) -> NDArray[np.complex128]:
    """The transfer function of an untilted beam without defocus, complex128 (ky, kx), in FFT order.

    Args:
        shape: pixels (y, x).
        sampling_a: pixel, Å.
        wavelength_a: electron wavelength, Å.
        optics: aperture and aberrations, in abTEM's polar convention; the transfer function is exp(-i chi).
    """
    ky, kx = frequencies(shape, sampling_a)
    chi = AberrationFunction.of(optics.aberrations, wavelength_a)
    transfer = np.exp(-1j * chi(ky, kx))
    return transfer if optics.aperture_mrad is None else transfer * aperture(ky, kx, wavelength_a, optics)


def aperture(
    ky: NDArray[np.float64], kx: NDArray[np.float64], wavelength_a: float, optics: Optics
) -> NDArray[np.float64]:
    """What the objective aperture lets through, float64 (ny, nx), 0 to 1: all within, nothing beyond, and a cosine
    across its soft edge, whose middle lies at the half angle.

    Args:
        ky: (ny, 1), 1/Å, of the untilted beam.
        kx: (1, nx), likewise.
        wavelength_a: electron wavelength, Å.
        optics: half angle, edge and shift of the aperture, and the beam's tilt.
    """
    assert optics.aperture_mrad is not None
    per_mrad = 1e-3 / wavelength_a
    tilt = beam_tilt_per_a(optics, wavelength_a)
    shift, azimuth = optics.aperture_shift_mrad * per_mrad, optics.aperture_azimuth_rad
    y, x = ky + tilt[0] - shift * math.sin(azimuth), kx + tilt[1] - shift * math.cos(azimuth)
    if optics.aperture_edge_mrad == 0:
        return (y**2 + x**2 <= (optics.aperture_mrad * per_mrad) ** 2).astype(np.float64)
    inside = (optics.aperture_mrad - np.sqrt(y**2 + x**2) / per_mrad) / optics.aperture_edge_mrad + 0.5
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(inside, 0.0, 1.0)))


def _is_plain(optics: Optics) -> bool:
    """Whether defocus and a centred aperture with a hard edge are all there is."""
    plain = Optics()
    names = ("aberrations", "aperture_edge_mrad", "aperture_shift_mrad", "tilt_mrad")
    return all(getattr(optics, name) == getattr(plain, name) for name in names)


@lru_cache(maxsize=4)
def _aperture_on_backend(
    shape: tuple[int, int],
    sampling_a: float,
    wavelength_a: float,
    aperture_mrad: float | None,
    backend: Backend,
) -> Any:
    transfer = lens(shape, sampling_a, wavelength_a, Optics(aperture_mrad=aperture_mrad))
    return backend.xp.asarray(transfer.astype(np.complex64))
