"""Sentences on what must be known of finished stores, as several assets say them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.labels.weak_masks import weak_masks
from hrtem_assets.store import StoreInfo

LEAST_MINIMUM_RATIO = 1.05
LEAST_MEAN_IOU = 0.85
MOST_NAMED = 5

# of an image's pixels
MOST_CLIPPED = 1e-3


def clipped_images(info: StoreInfo, clipped: NDArray[np.float64], pixels: int) -> Iterator[str]:
    """Images of which the detector cut off more than a few pixels: their mean and noise are not those of the electrons.

    Args:
        info: of the store.
        clipped: pixels below 0 or above saturation, of the images that were made.
        pixels: of an image.
    """
    many = int(np.count_nonzero(clipped > MOST_CLIPPED * pixels))
    if many:
        yield (
            f"{many} of {len(clipped)} images have more than {MOST_CLIPPED:.1%} of their pixels below 0 or above "
            f"saturation, up to {clipped.max() / pixels:.2%}, which were cut off: raise detector.offset or "
            f"detector.saturation"
        )


def unclear_foci(
    info: StoreInfo,
    ratios: NDArray[np.float64],
    zero_a: NDArray[np.float64] | None = None,
    second_a: NDArray[np.float64] | None = None,
) -> Iterator[str]:
    """Structures whose focus search has a second minimum almost as low.

    Args:
        info: of the store.
        ratios: variance at the second minimum by the least, of the structures that were made.
        zero_a: zero defocus of each in Å, where the store holds it.
        second_a: the second minimum in Å, likewise.
    """
    structures, first = _first_rows(info)
    unclear = [k for k in first if ratios[k] < LEAST_MINIMUM_RATIO]
    if not unclear:
        return
    foci = [
        f", {zero_a[k]:.1f} or {second_a[k]:.1f} Å" if zero_a is not None and second_a is not None else ""
        for k in unclear
    ]
    lines = [
        f"structure {structures[k]} ({ratios[k]:.4f}{where})" for k, where in zip(unclear, foci, strict=True)
    ]
    yield (
        f"zero defocus is not clear in {len(unclear)} of {len(first)} structures, where a second minimum of the "
        f"variance is less than {LEAST_MINIMUM_RATIO:g} times the least: {some(lines)}"
    )


def poor_masks(
    info: StoreInfo, overlaps: NDArray[np.float64], fractions: NDArray[np.float64]
) -> Iterator[str]:
    """Masks that cover their particles badly.

    Args:
        info: of the store.
        overlaps: of each mask with the particles' projected spheres, of the structures that were made.
        fractions: part of each image that is mask.
    """
    if not overlaps.size:
        return
    structures, first = _first_rows(info)
    yield from weak_masks(overlaps[first], fractions[first], structures[first])
    if overlaps.mean() < LEAST_MEAN_IOU:
        yield (
            f"masks and projected spheres overlap by {overlaps.mean():.3f} on average, less than {LEAST_MEAN_IOU}; "
            f"find a better cut-off with: hrtem mask-cutoff {info.recipe.specimen}"
        )


def _first_rows(info: StoreInfo) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The structure of each row that was made, and where among them each structure comes first."""
    structures = np.array(info.made_structures)
    return structures, np.unique(structures, return_index=True)[1]


def some(lines: list[str]) -> str:
    """The first few lines, and how many more there are."""
    more = f"; and {len(lines) - MOST_NAMED} more" if len(lines) > MOST_NAMED else ""
    return "; ".join(lines[:MOST_NAMED]) + more
