"""What multiplies spectra on a device: the antialias aperture, and free space over the distances of a batch."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.waves.fused.spectrum import antialias_aperture


@dataclass(frozen=True)
class Grid:
    """Where waves are computed.

    Attributes:
        points: grid points (x, y).
        extent_a: sides (x, y) of the cell in Å.
        slice_thickness_a: thickness of a slice in Å.
        wavelength_a: of the electrons, in Å.
    """

    points: tuple[int, int]
    extent_a: tuple[float, float]
    slice_thickness_a: float
    wavelength_a: float


@dataclass(frozen=True)
class FreeSpace:
    """Propagators of a few distances.

    Attributes:
        slices: int32 (distances,), in slices.
        along_x: complex64 (distances, nx); with `along_y` the phase factor of a frequency.
        along_y: complex64 (distances, ny).
    """

    slices: Any
    along_x: Any
    along_y: Any


def aperture(grid: Grid, backend: Backend) -> Any:
    """abTEM's antialias aperture, float32 (y, x), in FFT order."""
    kx, ky = _frequencies(grid)
    sampling_a = max(side / n for side, n in zip(grid.extent_a, grid.points, strict=True))
    values = antialias_aperture(np.hypot(kx, ky[:, None]), sampling_a)
    return backend.xp.asarray(values.astype(np.float32))


def free_space(grid: Grid, slices: np.ndarray, backend: Backend) -> FreeSpace:
    """Fresnel propagators without aperture.

    Args:
        grid: grid and wavelength.
        slices: int (distances,), in slices.
        backend: where they will be used.
    """
    step = -1j * np.pi * grid.wavelength_a * grid.slice_thickness_a * slices[:, None]
    along = (np.exp(step * k**2).astype(np.complex64) for k in _frequencies(grid))
    return FreeSpace(backend.xp.asarray(slices.astype(np.int32)), *(backend.xp.asarray(a) for a in along))


def _frequencies(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    # FFT order, in 1/Å
    kx, ky = (np.fft.fftfreq(n, side / n) for n, side in zip(grid.points, grid.extent_a, strict=True))
    return kx, ky
