"""Images of one structure at one defocus after the other, without noise: what the search for zero defocus compares."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ducc0
import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.imaging.defocusing import PackedSpectra
from hrtem_assets.imaging.effect import frequencies
from hrtem_assets.imaging.effects.contrast_transfer import lens
from hrtem_assets.imaging.effects.focal_spread import envelope, foci
from hrtem_assets.imaging.intensity import intensity, spectra_of
from hrtem_assets.imaging.optics import Optics


@dataclass(frozen=True)
class FocalSeries:
    """Spectra of a structure's exit waves behind everything in the microscope but defocus.

    Attributes:
        spectra: complex64 (phonon, ky, kx), in FFT order; on the device, where there is one.
        sampling_a: pixel, Å.
        wavelength_a: electron wavelength, Å.
        foci_a: focus offsets over which intensities are summed, Å.
        weights: their weights; sum 1.
        device: where images are computed; None for the processor, with transforms of our own (docs/fft.md).
    """

    spectra: Any
    sampling_a: float
    wavelength_a: float
    foci_a: tuple[float, ...]
    weights: tuple[float, ...]
    device: Backend | None = None

    @classmethod
    def of(
        cls,
        waves: NDArray[np.complex64],
        sampling_a: float,
        wavelength_a: float,
        optics: Optics,
        device: Backend | None = None,
    ) -> "FocalSeries":
        """The series of some exit waves.

        Args:
            waves: complex64 (phonon, y, x), vacuum amplitude 1; for a device, of the host or already there.
            sampling_a: pixel, Å.
            wavelength_a: electron wavelength, Å.
            optics: the microscope.
            device: where images are computed; None for the processor.
        """
        shape = waves.shape[-2:]
        transfer = lens(shape, sampling_a, wavelength_a, optics)
        if optics.temporal_coherence == "envelope":
            transfer = transfer * envelope(shape, sampling_a, wavelength_a, optics.focal_spread_sigma_a)
        factor = transfer.astype(np.complex64)
        if device is None:
            spectra = ducc0.fft.c2c(waves, axes=(1, 2), forward=True, nthreads=1)
        else:
            spectra, factor = spectra_of(waves, device), device.xp.asarray(factor)
        spectra *= factor
        return cls(spectra, sampling_a, wavelength_a, *foci(optics), device)

    @cached_property
    def _packed(self) -> PackedSpectra:
        return PackedSpectra.of(self.spectra)

    def intensity(self, defocus_a: float) -> Any:
        """Image intensity at a defocus, averaged over frozen phonons (and over foci, if a quadrature is used).

        Args:
            defocus_a: defocus in Å, underfocus positive: the spectrum is multiplied by exp(+i pi lambda defocus k^2),
                which propagates the wave back towards the specimen (abTEM's sign).

        Returns:
            float32 (y, x); 1 in vacuum. Where the spectra are on a device it stays there.
        """
        image: Any = 0
        for focus_a, weight in zip(self.foci_a, self.weights, strict=True):
            along = [a.astype(np.complex64) for a in self._factors(defocus_a + focus_a)]
            if self.device is None:
                share = np.float32(weight / len(self.spectra))
                image = image + self._packed.intensity(along[0].ravel(), along[1].ravel()) * share
            else:
                along_y, along_x = map(self.device.xp.asarray, along)
                image = image + np.float32(weight) * intensity(
                    self.spectra * (along_y * along_x), self.device
                )
        return image

    def precise_intensity(self, defocus_a: float) -> NDArray[np.float64]:
        """As `intensity`, from the same spectra in double precision, on the processor; ten times as slow.

        Args:
            defocus_a: defocus in Å, underfocus positive.

        Returns:
            float64 (y, x).
        """
        spectra = self.spectra if self.device is None else self.device.to_host(self.spectra)
        image = np.zeros(spectra.shape[1:])
        for focus_a, weight in zip(self.foci_a, self.weights, strict=True):
            along_y, along_x = self._factors(defocus_a + focus_a)
            for spectrum in spectra:
                wave = spectrum * along_y * along_x
                wave = ducc0.fft.c2c(wave, axes=(0, 1), forward=False, inorm=2, out=wave)
                image += weight / len(spectra) * (wave.real**2 + wave.imag**2)
        return image

    def _factors(self, defocus_a: float) -> tuple[NDArray[np.complex128], ...]:
        """The defocus of rows (ny, 1) and of columns (1, nx)."""
        return tuple(
            np.exp(1j * np.pi * self.wavelength_a * defocus_a * k**2)
            for k in frequencies(self.spectra.shape, self.sampling_a)
        )
