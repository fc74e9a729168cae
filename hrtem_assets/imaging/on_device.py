"""Images on a device: the same transfer, shot noise and labels as on the processor, by kernels of CUDA C.

Waves and spectra stay on the device; what is stored comes back as numpy arrays.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.device.backend import BLOCK, Backend, integers, pixel_grid
from hrtem_assets.imaging.poisson import (
    GUIDES,
    LARGEST_TABULATED_MEAN,
    STEPS_PER_UNIT,
    check_means,
    poisson,
    tables,
)

KERNELS = Path(__file__).with_name("imaging.cu")
# scipy's: weights beyond are left out
_TRUNCATED_SIGMAS = 4.0


@dataclass(frozen=True)
class DeviceSpectra:
    """As `transfer.Spectra`, on a device.

    Attributes:
        values: complex64 (phonon, ky, kx), in FFT order, on the device.
        ky: spatial frequencies of the rows, float64, 1/Å.
        kx: spatial frequencies of the columns, float64, 1/Å.
        wavelength_a: electron wavelength in Å.
        foci_a: focus offsets over which intensities are summed, Å.
        weights: their weights; sum 1.
        backend: the device.
    """

    values: Any
    ky: NDArray[np.float64]
    kx: NDArray[np.float64]
    wavelength_a: float
    foci_a: tuple[float, ...]
    weights: tuple[float, ...]
    backend: Backend

    def intensity(self, defocus_a: float) -> Any:
        """Image intensity at a defocus, float32 (y, x) on the device; see `transfer.intensity`."""
        xp, (phonons, ny, nx) = self.backend.xp, self.values.shape
        image = xp.zeros((ny, nx), np.float32)
        waves = xp.empty_like(self.values)
        for offset, weight in zip(self.foci_a, self.weights, strict=True):
            along_x, along_y = (
                np.exp(1j * np.pi * self.wavelength_a * (defocus_a + offset) * k**2)
                for k in (self.kx, self.ky)
            )
            # the inverse transform's factor rides along
            factors = (xp.asarray(a.astype(np.complex64)) for a in (along_x, along_y / (nx * ny)))
            self._launch("defocus", phonons, (self.values, *factors, waves, *integers(nx, ny)))
            self.backend.fft2(waves, inverse=True)
            share = np.float32(weight / phonons)
            self._launch("add_intensities", 1, (waves, image, *integers(nx, ny, phonons), share))
        return image

    def _launch(self, kernel: str, waves: int, arguments: tuple[Any, ...]) -> None:
        grid = pixel_grid(self.values.shape[2], self.values.shape[1], waves)
        self.backend.launch(KERNELS, kernel, grid, BLOCK, arguments)


def poisson_counts(
    intensity: Any, dose_e_per_px: np.float32, rng: np.random.Generator, backend: Backend
) -> NDArray[np.int64]:
    """As `poisson.poisson` of intensity x dose, from the same random numbers, so with the same counts.

    Equal intensities give equal counts. Those of a device differ by some 1e-7, which changes about one pixel in 10^5;
    in empty vacuum, where all means are one and may lie on a step of the tables, one in 10^3.

    Args:
        intensity: float32 (y, x) on the device.
        dose_e_per_px: electrons per pixel at an intensity of 1.
        rng: source of two uniform numbers per pixel.
        backend: the device.

    Raises:
        ValueError: if an intensity is negative or not finite.
    """
    xp, (ny, nx) = backend.xp, intensity.shape
    least, most = (float(f(intensity)) * float(dose_e_per_px) for f in (xp.min, xp.max))
    check_means(least, most)
    # close to the limit the processor decides, by its own rounding
    if most > LARGEST_TABULATED_MEAN * (1 - 1e-6):
        return poisson(backend.to_host(intensity) * dose_e_per_px, rng)
    cumulative, guide, width = _device_tables(32 * (int(most * (1 + 1e-6)) // 32 + 1), backend)
    counts = xp.empty((ny, nx), np.uint16)
    uniform = xp.asarray(rng.random((nx * ny, 2)))
    sizes = integers(width, STEPS_PER_UNIT, GUIDES)
    arguments = (intensity, np.float32(dose_e_per_px), uniform, cumulative, guide, *sizes, counts)
    backend.launch(KERNELS, "poisson_counts", pixel_grid(nx, ny, 1), BLOCK, (*arguments, *integers(nx, ny)))
    return backend.to_host(counts).astype(np.int64)


@lru_cache(maxsize=4)
def _device_tables(largest_mean: int, backend: Backend) -> tuple[Any, Any, int]:
    cumulative, guide = tables(largest_mean)
    return backend.xp.asarray(cumulative), backend.xp.asarray(guide), cumulative.shape[1]


def soft_label(
    vacuum_waves: Any, phase_threshold_rad: float, sigma_px: float, backend: Backend
) -> NDArray[np.float32]:
    """The smoothed threshold of the phonon-mean phase, float32 (y, x); see `labels.phase_label`.

    Args:
        vacuum_waves: complex64 (phonon, y, x) on the device.
        phase_threshold_rad: absolute phase above which a pixel belongs to a particle.
        sigma_px: standard deviation of the Gaussian in pixels.
        backend: the device.
    """
    xp = backend.xp
    phase = xp.angle(vacuum_waves.mean(axis=0))
    image = xp.ascontiguousarray((xp.abs(phase) > phase_threshold_rad).astype(np.float32))
    if sigma_px == 0:
        return backend.to_host(image)
    radius = int(_TRUNCATED_SIGMAS * sigma_px + 0.5)
    weights = np.array([math.exp(-0.5 * (i / sigma_px) ** 2) for i in range(radius + 1)])
    weights = xp.asarray(weights / (2 * weights[1:].sum() + weights[0]))
    ny, nx = image.shape
    for along_y in (1, 0):
        smoothed = xp.empty_like(image)
        arguments = (image, smoothed, weights, *integers(radius, along_y, nx, ny))
        backend.launch(KERNELS, "smooth", pixel_grid(nx, ny, 1), BLOCK, arguments)
        image = smoothed
    return backend.to_host(image)
