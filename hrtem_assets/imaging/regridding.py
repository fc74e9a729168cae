"""Label planes on the pixels of the images, where these are not those of the stored waves."""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.imaging.frame import ImageGrid


def regridded(
    plane: NDArray[np.generic], stored_a: float, grid: ImageGrid, pixel_a: float, binning: int
) -> NDArray[np.generic]:
    """A label on the pixels of an image, (side, side), of the same type.

    Amounts are interpolated linearly and averaged over the pixels that are binned; so are masks, cut at one half.
    Numbers that name something, such as classes, are those of the nearest pixel.

    Args:
        plane: (y, x) on the grid of the stored waves: bool for a mask, uint8, floats or complex numbers for an
            amount, other whole numbers for names.
        stored_a: its pixel, Å.
        grid: pixels of the images.
        pixel_a: pixel of this image after binning, Å.
        binning: pixels of the detector along a side of it.
    """
    n = grid.side_px
    start_a = grid.start_a(pixel_a)
    if (n, n) == plane.shape and binning == 1 and abs(start_a) < 1e-9 * grid.cell_a:
        return plane
    if plane.dtype.kind in "ui" and plane.dtype != np.uint8:
        centres = (start_a + (np.arange(n) + 0.5 * (1 - 1 / binning)) * pixel_a) / stored_a
        nearest = np.floor(centres + 0.5).astype(np.int64) % len(plane)
        return plane[np.ix_(nearest, nearest)]
    fine = start_a / stored_a + np.arange(n * binning) * (pixel_a / binning / stored_a)
    values = plane.astype(np.complex128 if plane.dtype.kind == "c" else np.float64)
    for axis in (0, 1):
        first = np.floor(fine).astype(np.int64)
        part = (fine - first).reshape((-1, 1) if axis == 0 else (1, -1))
        at, after = (np.take(values, k % plane.shape[axis], axis=axis) for k in (first, first + 1))
        values = at + part * (after - at)
    means = values.reshape(n, binning, n, binning).mean(axis=(1, 3))
    if plane.dtype == bool:
        return means >= 0.5
    return (np.rint(means) if plane.dtype.kind in "ui" else means).astype(plane.dtype)
