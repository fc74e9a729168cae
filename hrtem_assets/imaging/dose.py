"""From image intensity to electron counts."""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.device.backend import Backend
from hrtem_assets.imaging.on_device import poisson_counts
from hrtem_assets.imaging.poisson import poisson

MOST_COUNTS = np.iinfo(np.uint16).max


def electron_counts(
    intensity: NDArray[np.float32],
    dose_e_per_a2: float,
    sampling_a: float,
    rng: np.random.Generator,
    device: Backend | None = None,
) -> NDArray[np.uint16]:
    """Poisson-distributed electron counts of an ideal counting detector.

    Args:
        intensity: float32 (y, x), 1 in vacuum.
        dose_e_per_a2: effective dose in e/Å².
        sampling_a: pixel in Å.
        rng: source of the noise.
        device: where the intensity is; None for the processor.

    Returns:
        uint16 (y, x), electrons per pixel.

    Raises:
        OverflowError: if a pixel holds more counts than 16 bits can.
    """
    dose_e_per_px = np.float32(dose_e_per_a2 * sampling_a**2)
    if device is None:
        counts = poisson(intensity * dose_e_per_px, rng)
    else:
        counts = poisson_counts(intensity, dose_e_per_px, rng, device)
    most = int(counts.max(initial=0))
    if most > MOST_COUNTS:
        raise OverflowError(
            f"dose_e_per_a2 = {dose_e_per_a2} gives {most} electrons in one pixel; counts are kept in 16 bits "
            f"(at most {MOST_COUNTS}): lower the dose or the pixel size"
        )
    return counts.astype(np.uint16)
