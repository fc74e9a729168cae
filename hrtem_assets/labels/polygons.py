"""Outlines of particles as polygons."""

import numpy as np
from numpy.typing import NDArray


def polygons(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """The outlines of a mask, one for each of its parts and each of its holes.

    Args:
        mask: True on the particle, (y, x).

    Returns:
        x and y in pixels from the corner of the first one, float64 (N, 2), the last point being the first again: so
        the middle of pixel (j, i) is (i + 0.5, j + 0.5). Corners of pixels are cut.
    """
    from contourpy import LineType, contour_generator

    y, x = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(y):
        return []
    # outlines are closed at the edge of the image, too
    framed = np.pad(mask[y[0] : y[-1] + 1, x[0] : x[-1] + 1], 1).astype(np.float32)
    lines = contour_generator(z=framed, line_type=LineType.Separate).lines(0.5)
    corner = np.array([x[0], y[0]]) - 0.5
    return [_corners(np.asarray(line, np.float64)) + corner for line in lines]


def _corners(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """A closed line without the points at which it goes straight on."""
    step = np.diff(line, axis=0)
    turns = (step != np.roll(step, 1, axis=0)).any(axis=1)
    kept = line[:-1][turns]
    return np.concatenate([kept, kept[:1]])
