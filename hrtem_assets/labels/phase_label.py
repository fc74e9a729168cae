"""Segmentation labels from the phase of the particles-in-vacuum exit wave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.backend.processor import PROCESSOR_BACKEND


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
    backend = device or PROCESSOR_BACKEND
    xp = backend.xp
    phase = xp.angle(xp.asarray(vacuum_waves).mean(axis=0))
    speckle = (xp.abs(phase) > phase_threshold_rad).astype(np.float32)
    soft = backend.to_host(backend.gaussian_filter(speckle, blur_a / sampling_a))
    return Label(soft, soft >= mask_cutoff)


def overlap(mask: NDArray[np.bool_], reference: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks; 1 if both are empty."""
    union = np.count_nonzero(mask | reference)
    return np.count_nonzero(mask & reference) / union if union else 1.0
