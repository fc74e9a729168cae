"""How well a particle can be seen: the detectability index of an observer that knows where it would be."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROSE = 5.0
"""Index from which a person finds a particle with certainty (A. Rose, J. Opt. Soc. Am. 38 (1948) 196)."""


def detectability(
    signals: Iterable[NDArray[np.floating]],
    film: NDArray[np.floating],
    pixel_a: float,
    dose_e_per_a2: float,
    dqe: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]],
) -> list[float]:
    """The index d' of particles: the mean difference that they make to the output of the best linear detector, by its
    standard deviation.

    d'^2 = sum over k of |S(k)|^2 / (N (W_film(k) + 1 / (n DQE(k)))), where S is the spectrum of the particle's own
    contrast, W_film the power spectrum of the film's image, averaged over directions, n the electrons per pixel and N
    the pixels. Particles and film are taken to add up.

    Args:
        signals: of each particle, intensity less the incident beam's, 0 where the particle is not, (y, x).
        film: what the film adds to the intensity, (y, x).
        pixel_a: Å.
        dose_e_per_a2: effective dose.
        dqe: detective quantum efficiency by spatial frequencies (ky, kx) in 1/Å.

    Source: H. H. Barrett, K. J. Myers, Foundations of Image Science (2004), section 13.2: the Hotelling observer of a
    stationary background.
    """
    ny, nx = film.shape
    ky, kx = np.fft.fftfreq(ny, pixel_a)[:, None], np.fft.rfftfreq(nx, pixel_a)[None]
    with np.errstate(divide="ignore"):
        shot = 1 / (dose_e_per_a2 * pixel_a**2 * dqe(ky, kx))
    noise = film_power(film) + shot
    # frequencies whose mirror images the half spectrum leaves out
    twice = np.full(kx.shape, 2.0)
    twice[:, 0] = 1
    if nx % 2 == 0:
        twice[:, -1] = 1
    weights = twice / (noise * ny * nx)
    return [
        float(np.sqrt((np.abs(np.fft.rfft2(signal.astype(np.float64))) ** 2 * weights).sum()))
        for signal in signals
    ]


def film_power(film: NDArray[np.floating]) -> NDArray[np.float64]:
    """Power spectrum of a film's image, averaged over directions: variance times pixels per frequency; white noise of
    variance v has v everywhere.

    Args:
        film: (y, x), within a Hann window where it is looked at, for its edges do not meet.

    Returns:
        float64 (y, x // 2 + 1), in the order of `numpy.fft.rfft2`.
    """
    ny, nx = film.shape
    window = np.outer(np.hanning(ny), np.hanning(nx))
    values = film.astype(np.float64)
    values = (values - np.average(values, weights=window)) * window
    power = np.abs(np.fft.rfft2(values)) ** 2 / (window**2).sum()
    # rings as wide as the coarser step of the two
    step = 1 / min(ny, nx)
    ring = np.rint(np.hypot(np.fft.fftfreq(ny)[:, None], np.fft.rfftfreq(nx)[None]) / step).astype(np.int64)
    mean = np.bincount(ring.ravel(), power.ravel()) / np.maximum(np.bincount(ring.ravel()), 1)
    return np.asarray(mean[ring])
