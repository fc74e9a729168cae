"""Segmentation labels from the phase of the particles-in-vacuum exit wave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.device.backend import Backend
from hrtem_assets.imaging.on_device import soft_label


@dataclass(frozen=True)
class Label:
    """Labels of one structure, the same for every imaging condition.

    Attributes:
        soft: smoothed threshold in 0..1, float32 (y, x).
        mask: particle or not, bool (y, x).
    """

    soft: NDArray[np.float32]
    mask: NDArray[np.bool_]


def phase_label(
    vacuum_waves: NDArray[np.complex64],
    sampling_a: float,
    phase_threshold_rad: float,
    blur_a: float,
    mask_cutoff: float,
    device: Backend | None = None,
) -> Label:
    """Threshold the phase of the phonon-mean vacuum wave at the exit plane, then smooth the mask.

    The absolute phase is used because heavy particles on a zone axis wrap beyond pi.

    Args:
        vacuum_waves: complex64 (phonon, y, x) at the exit plane, vacuum phase 0.
        sampling_a: pixel in Å.
        phase_threshold_rad: absolute phase above which a pixel belongs to a particle (pi/16 in the source).
        blur_a: standard deviation of the Gaussian in Å (table 2.1 of the source).
        mask_cutoff: soft label at which the mask is cut.
        device: computes on it, wherever the waves are; None for the processor.
    """
    if device is not None:
        sigma_px = blur_a / sampling_a
        soft = soft_label(device.xp.asarray(vacuum_waves), phase_threshold_rad, sigma_px, device)
        return Label(soft, soft >= mask_cutoff)
    from scipy.ndimage import gaussian_filter

    phase = np.angle(vacuum_waves.mean(axis=0))
    speckle = (np.abs(phase) > phase_threshold_rad).astype(np.float32)
    # not periodic: a particle cut by the frame must not be smeared onto the opposite edge
    soft = gaussian_filter(speckle, blur_a / sampling_a, mode="nearest")
    return Label(soft, soft >= mask_cutoff)


def overlap(mask: NDArray[np.bool_], reference: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks; 1 if both are empty."""
    union = np.count_nonzero(mask | reference)
    return np.count_nonzero(mask & reference) / union if union else 1.0
