"""The contrast transfer of the microscope, applied to the spectra of exit waves."""

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import ducc0
import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Optics
from hrtem_assets.device.backend import Backend
from hrtem_assets.imaging.defocusing import PackedSpectra
from hrtem_assets.imaging.on_device import DeviceSpectra
from hrtem_assets.waves.electrons import wavelength_a


def focal_spread_sigma_a(optics: Optics) -> float:
    """Standard deviation of the focus distribution in Å, whichever convention the setting uses."""
    if optics.focal_spread_convention == "sigma":
        return optics.focal_spread_a
    return optics.focal_spread_a / math.sqrt(2)


@dataclass(frozen=True)
class Spectra:
    """Spectra of a structure's exit waves behind everything in the microscope but defocus.

    Attributes:
        values: complex64 (phonon, ky, kx), in FFT order.
        ky: spatial frequencies of the rows, float64, 1/Å.
        kx: spatial frequencies of the columns, float64, 1/Å.
        wavelength_a: electron wavelength in Å.
        foci_a: focus offsets over which intensities are summed, Å.
        weights: their weights; sum 1.
    """

    values: NDArray[np.complex64]
    ky: NDArray[np.float64]
    kx: NDArray[np.float64]
    wavelength_a: float
    foci_a: tuple[float, ...]
    weights: tuple[float, ...]

    @cached_property
    def packed(self) -> PackedSpectra:
        """The values as `intensity` wants them, for one defocus after the other."""
        return PackedSpectra.of(self.values)


def spectra(
    waves: NDArray[np.complex64],
    sampling_a: float,
    beam_energy_kev: float,
    optics: Optics,
    device: Backend | None = None,
) -> Spectra | DeviceSpectra:
    """Fourier-transform exit waves and apply residual aberrations, aperture and focal-spread envelope.

    Args:
        waves: complex64 (phonon, y, x), vacuum amplitude 1; for a device, of the host or already there.
        sampling_a: pixel in Å.
        beam_energy_kev: beam energy in keV.
        optics: the microscope.
        device: where spectra and images are computed; None for the processor.

    The envelope of a Gaussian focus distribution of standard deviation s is exp(-(pi lambda s k^2)^2 / 2); with
    `temporal_coherence = "quadrature"` intensities are summed over Gauss-Hermite foci instead.
    """
    key = (waves.shape[-2:], sampling_a, beam_energy_kev, optics)
    point = _of_a_point(*key)
    if device is not None:
        on_device = device.xp.array(waves, np.complex64, order="C")
        device.fft2(on_device)
        on_device *= _device_transfer(*key, device)
        where = (point.ky, point.kx, point.wavelength_a, point.foci_a, point.weights)
        return DeviceSpectra(on_device, *where, device)
    values = ducc0.fft.c2c(waves, axes=(1, 2), forward=True, nthreads=1)
    values *= point.values
    return replace(point, values=values)


@lru_cache(maxsize=4)
def _device_transfer(
    shape: tuple[int, int], sampling_a: float, beam_energy_kev: float, optics: Optics, device: Backend
) -> Any:
    return device.xp.asarray(_of_a_point(shape, sampling_a, beam_energy_kev, optics).values)


def intensity(spectra: Spectra | DeviceSpectra, defocus_a: float) -> NDArray[np.float32]:
    """Image intensity at a defocus, averaged over frozen phonons (and over foci, if a quadrature is used).

    Args:
        spectra: from `spectra`.
        defocus_a: defocus in Å, underfocus positive: the spectrum is multiplied by exp(+i pi lambda defocus k^2),
            which propagates the wave back towards the specimen (abTEM's sign).

    Returns:
        float32 (y, x); 1 in vacuum. Where the spectra are on a device it stays there.
    """
    if isinstance(spectra, DeviceSpectra):
        return spectra.intensity(defocus_a)
    phonons, rows, columns = spectra.values.shape
    image = np.zeros((rows, columns), np.float32)
    for offset, weight in zip(spectra.foci_a, spectra.weights, strict=True):
        phase_y, phase_x = (
            np.exp(1j * np.pi * spectra.wavelength_a * (defocus_a + offset) * k**2).astype(np.complex64)
            for k in (spectra.ky, spectra.kx)
        )
        image += spectra.packed.intensity(phase_y, phase_x) * np.float32(weight / phonons)
    return image


@lru_cache(maxsize=4)
def _of_a_point(shape: tuple[int, int], sampling_a: float, beam_energy_kev: float, optics: Optics) -> Spectra:
    """The spectrum of a point, by which `spectra` multiplies; the same for all structures of a campaign."""
    wavelength = wavelength_a(beam_energy_kev)
    ky, kx = (np.fft.fftfreq(n, sampling_a).astype(np.float64) for n in shape)
    sigma = focal_spread_sigma_a(optics)
    transfer = np.exp(-1j * _residual_phase(ky, kx, wavelength, optics))
    k2 = ky[:, None] ** 2 + kx[None, :] ** 2
    if optics.aperture_mrad is not None:
        transfer = transfer * (k2 <= (optics.aperture_mrad * 1e-3 / wavelength) ** 2)
    foci, weights = np.zeros(1), np.ones(1)
    if optics.temporal_coherence == "envelope":
        transfer = transfer * np.exp(-0.5 * (np.pi * wavelength * sigma * k2) ** 2)
    elif sigma > 0:
        nodes, weights = np.polynomial.hermite_e.hermegauss(optics.quadrature_points)
        foci, weights = sigma * nodes, weights / weights.sum()
    values = transfer.astype(np.complex64)[None]
    return Spectra(values, ky, kx, wavelength, tuple(map(float, foci)), tuple(map(float, weights)))


def _residual_phase(
    ky: NDArray[np.float64], kx: NDArray[np.float64], wavelength: float, optics: Optics
) -> NDArray[np.float64]:
    """Aberration phase chi without defocus, rad; the transfer function is exp(-i chi)."""
    ab = optics.aberrations
    alpha = wavelength * np.hypot(ky[:, None], kx[None, :])
    phi = np.arctan2(ky[:, None], kx[None, :])
    path = alpha**2 / 2 * 10 * ab.c12_nm * np.cos(2 * (phi - ab.phi12_rad))
    path += alpha**3 / 3 * 10 * ab.c21_nm * np.cos(phi - ab.phi21_rad)
    path += alpha**3 / 3 * 10 * ab.c23_nm * np.cos(3 * (phi - ab.phi23_rad))
    path += alpha**4 / 4 * 1e4 * ab.c30_um + alpha**6 / 6 * 1e7 * ab.c50_mm
    return np.asarray(2 * np.pi / wavelength * path)
