"""Waves to intensities: what a detector would see of them."""

from typing import Any

import numpy as np

from hrtem_assets.backend.array_backend import Backend


def spectra_of(waves: Any, backend: Backend) -> Any:
    """Spectra of exit waves, complex64 (phonon, ky, kx), in FFT order, where the backend's arrays are.

    Args:
        waves: complex64 (phonon, y, x), vacuum amplitude 1; of the host or already there.
        backend: where to compute.
    """
    spectra = backend.xp.array(waves, np.complex64, order="C")
    backend.fft2(spectra)
    return spectra


def intensity(spectra: Any, backend: Backend) -> Any:
    """The mean over frozen phonons of |inverse transform|^2, float32 (y, x); 1 in vacuum.

    Args:
        spectra: complex64 (phonon, ky, kx), in FFT order.
        backend: where they are.
    """
    phonons, ny, nx = spectra.shape
    total: Any = 0
    # one after the other: their arrays stay in the cache
    for spectrum in spectra:
        wave = spectrum * np.float32(1 / (ny * nx))
        backend.fft2(wave, inverse=True)
        total = total + (wave.real**2 + wave.imag**2)
    return total / np.float32(phonons)
