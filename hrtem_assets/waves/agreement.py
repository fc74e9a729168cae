"""How well two calculations of one exit wave agree, and how well they must."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# beyond it the antialiasing apertures of engines differ by design
BAND_LIMIT_PER_A = 2.0


@dataclass(frozen=True)
class Agreement:
    """One wave against a reference, both below the band limit but for `relative_difference`.

    Attributes:
        correlation: magnitude of the normalised inner product of the waves without their means; 1 is perfect.
        rms_phase_rad: rms of the phase difference, rad.
        slope: least-squares factor between the waves without their means; 1 is perfect, less is weaker
            scattering than the reference's.
        relative_difference: norm of the difference over the norm of the reference, all frequencies.
    """

    correlation: float
    rms_phase_rad: float
    slope: float
    relative_difference: float


@dataclass(frozen=True)
class Bounds:
    """What an agreement is held to.

    Attributes:
        least_correlation: smallest correlation.
        most_rms_phase_rad: largest rms phase difference, rad.
        most_slope_error: largest distance of the slope from 1.
        most_relative_difference: largest relative difference.
    """

    least_correlation: float
    most_rms_phase_rad: float
    most_slope_error: float
    most_relative_difference: float

    def broken(self, result: Agreement) -> list[str]:
        """The bounds that an agreement breaks, in words."""
        checks = (
            (
                result.correlation >= self.least_correlation,
                f"correlation {result.correlation:.6f} < {self.least_correlation}",
            ),
            (
                result.rms_phase_rad <= self.most_rms_phase_rad,
                f"rms phase difference {result.rms_phase_rad:.2g} rad > {self.most_rms_phase_rad} rad",
            ),
            (
                abs(result.slope - 1) <= self.most_slope_error,
                f"slope {result.slope:.5f} is more than {self.most_slope_error} from 1",
            ),
            (
                result.relative_difference <= self.most_relative_difference,
                f"relative difference {result.relative_difference:.2g} > {self.most_relative_difference}",
            ),
        )
        return [words for held, words in checks if not held]


# Independent calculations of a particle of 11 Å radius (300 kV, 0.1 Å, 2 Å slices, Kirkland). Worst of five lattices:
# Prismatic 2.0 against abTEM 0.99965, 0.0028 rad, slope 1.013, 0.0062; abTEM's two projections 0.99973, 0.0025 rad,
# 0.990, 0.0044.
INDEPENDENT = Bounds(0.9995, 0.005, 0.02, 0.02)
# one algorithm in single precision, twice
SAME_ALGORITHM = Bounds(0.9999999, 1e-5, 1e-4, 1e-5)


def agreement(
    wave: NDArray[np.complexfloating],
    reference: NDArray[np.complexfloating],
    sampling_a: float,
    band_limit_per_a: float = BAND_LIMIT_PER_A,
) -> Agreement:
    """Compare two exit waves of one structure.

    Args:
        wave: complex (y, x).
        reference: complex (y, x).
        sampling_a: pixel of both, Å.
        band_limit_per_a: spatial frequency that both are limited to, 1/Å.

    Raises:
        ValueError: if their shapes differ, or the reference is constant.
    """
    if wave.shape != reference.shape or wave.ndim != 2:
        raise ValueError(
            f"wave has shape {wave.shape}, reference {reference.shape}; give two images of one grid"
        )
    a, b = (_limited(w, sampling_a, band_limit_per_a) for w in (wave, reference))
    phase = np.angle(a * b.conj())
    a, b = a - a.mean(), b - b.mean()
    power = float(np.vdot(b, b).real)
    if power == 0:
        raise ValueError("the reference is a plane wave, with which nothing can be compared; give it atoms")
    common = abs(complex(np.vdot(b, a)))
    rest = float(np.linalg.norm(a))
    difference = np.linalg.norm(wave.astype(np.complex128) - reference)
    return Agreement(
        correlation=common / (rest * power**0.5) if rest else 0.0,
        rms_phase_rad=float(np.sqrt(np.mean(phase**2))),
        slope=common / power,
        relative_difference=float(difference / np.linalg.norm(reference)),
    )


def _limited(
    wave: NDArray[np.complexfloating], sampling_a: float, band_limit_per_a: float
) -> NDArray[np.complex128]:
    ky, kx = (np.fft.fftfreq(n, sampling_a) for n in wave.shape)
    inside = np.hypot(ky[:, None], kx) < band_limit_per_a
    return np.fft.ifft2(np.fft.fft2(wave.astype(np.complex128)) * inside)
