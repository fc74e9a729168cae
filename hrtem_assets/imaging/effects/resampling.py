"""The pixels of the detector."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.imaging.distributions import in_words
from hrtem_assets.imaging.effect import Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.microscope import Microscope


class Resampling(ImagingEffect):
    """The intensity at the pixels of the detector, in the middle of the cell, as its Fourier series has it there,
    without the frequencies that these pixels cannot carry; set by `frame`. The blur of a pixel's own area belongs to
    the MTF.
    """

    effect: Literal["resampling"] = "resampling"
    takes: ClassVar[Signal] = "intensity"
    place: ClassVar[int] = 60
    equation: ClassVar[str] = (
        "I(x_i) = sum over |k| < 1 / (2 pixel) of I(k) exp(2 pi i k x_i), x_i = start + i pixel"
    )
    source: ClassVar[str] = "L. I. Bluestein, IEEE Trans. Audio Electroacoustics 18 (1970) 451"

    def acts(self, microscope: Microscope) -> bool:
        frame = microscope.frame
        # as many pixels as can be binned may be fewer than those of the waves
        return frame.sampling_a is not None or frame.size_px is not None or microscope.detector.binning != 1

    def mean_bounds(self, least: float, most: float, exposure: Exposure) -> tuple[float, float]:
        # a part of the field may be darker or brighter than all of it
        return 0.8 * least, 1.2 * most

    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        xp, ny = exposure.backend.xp, image.shape[0]
        cell_a, pixel_a = ny * exposure.sampling_a, exposure.pixel_a
        side_px = exposure.side_px or ny
        start_a = (cell_a - side_px * pixel_a) / 2
        if side_px == ny and abs(start_a) < 1e-9 * cell_a:
            return image, {}
        backend = exposure.backend
        spectrum = backend.rfft2(xp.ascontiguousarray(image, np.float32)) * np.float32(1 / image.size)
        # what lies between the limits of both grids, without the highest of an even one, which has no partner
        most = min((ny - 1) // 2, math.ceil(cell_a / (2 * pixel_a)) - 1)
        orders, half = np.arange(-most, most + 1), np.arange(most + 1)
        points = (cell_a, start_a, pixel_a, side_px)
        columns = xp.take(spectrum[:, : most + 1].T, xp.asarray(orders % ny), axis=1)
        along_y = _series(columns, orders, points, backend)
        # the negative half along x is the conjugate of the positive one
        along_y[1:] *= 2
        rows = xp.ascontiguousarray(along_y.T)
        return xp.ascontiguousarray(_series(rows, half, points, backend).real), {}

    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        sampling_a = microscope.frame.sampling_a
        if sampling_a is None:
            return "The middle of the simulated field, as much as the pixels of the detector see"
        return f"Resampling by Fourier series onto the pixels of {in_words(sampling_a)} Å of the detector"


def _series(
    coefficients: Any, orders: NDArray[np.int64], points: tuple[float, float, float, int], backend: Backend
) -> Any:
    """Fourier series at equally spaced points, by the chirp z-transform, complex64 (rows, points).

    Args:
        coefficients: complex64 (rows, orders).
        orders: whole numbers, one after the other.
        points: period, first point and step in Å, and how many.
        backend: where the coefficients are.
    """
    xp, (period_a, start_a, step_a, count) = backend.xp, points
    step, numbers = step_a / period_a, np.arange(count)
    length = _fast_length(len(orders) + count)
    kernel = np.zeros(length, np.complex128)
    lags = np.arange(-orders[-1], count - orders[0])
    kernel[lags % length] = _chirp(lags, -step)
    into = np.exp(2j * np.pi * orders * start_a / period_a) * _chirp(orders, step)
    padded = xp.zeros((len(coefficients), length), np.complex64)
    padded[:, : len(orders)] = coefficients * xp.asarray(into.astype(np.complex64))
    backend.fft(padded)
    padded *= xp.asarray((np.fft.fft(kernel) / length).astype(np.complex64))
    backend.fft(padded, inverse=True)
    # the first order stands at index 0
    at = (numbers - orders[0]) % length
    return xp.take(padded, xp.asarray(at), axis=1) * xp.asarray(_chirp(numbers, step).astype(np.complex64))


def _fast_length(least: int) -> int:
    """The next product of 2, 3 and 5."""
    return min(
        2**i * 3**j * 5**k
        for j in range(5)
        for k in range(4)
        for i in range(20)
        if 2**i * 3**j * 5**k >= least
    )


def _chirp(numbers: NDArray[np.int64], step: float) -> NDArray[np.complex128]:
    """exp(i pi step n^2); turns that are whole are taken out while they are exact."""
    return np.asarray(np.exp(1j * np.pi * np.remainder(step * numbers.astype(np.float64) ** 2, 2.0)))
