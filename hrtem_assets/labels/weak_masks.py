"""Masks that are empty or nearly so, because particles scatter too weakly to shift the phase past its threshold."""

import numpy as np
from numpy.typing import NDArray

# of the overlap with the projected spheres; masks that are merely cut too high or too low keep more than half
LEAST_IOU = 0.1
MOST_NAMED = 5


def weak_masks(
    silhouette_iou: NDArray[np.float64], mask_fraction: NDArray[np.float64], structures: NDArray[np.int64]
) -> list[str]:
    """Sentences on masks without particles: those that miss what is there, and those of crops that show none.

    Args:
        silhouette_iou: overlap of each whole mask with the particles' projected spheres, (N,).
        mask_fraction: part of each mask, whole or of a crop, that is particle, (N,).
        structures: index of each, (N,).

    Returns:
        none, one or two sentences.
    """
    lost = silhouette_iou < LEAST_IOU
    bare = ~lost & (mask_fraction == 0.0)
    sentences = []
    if lost.any():
        empty = np.count_nonzero(lost & (mask_fraction == 0.0))
        sentences.append(
            f"{np.count_nonzero(lost)} of {len(lost)} masks miss their particles ({_named(structures[lost])}; {empty} "
            f"of them hold no pixel): they overlap the projected spheres by less than {LEAST_IOU:g}, because the "
            f"particles scatter too weakly for the threshold; lower labels.phase_threshold_rad, and with it the mask "
            f"cut-off, or leave these structures out of training"
        )
    if bare.any():
        sentences.append(
            f"{np.count_nonzero(bare)} of {len(bare)} masks hold no particle, which lies outside the crop "
            f"({_named(structures[bare])})"
        )
    return sentences


def _named(structures: NDArray[np.int64]) -> str:
    words = ", ".join(str(index) for index in structures[:MOST_NAMED].tolist())
    more = len(structures) - MOST_NAMED
    return f"structure{'s' * (len(structures) > 1)} {words}" + (f" and {more} more" if more > 0 else "")
