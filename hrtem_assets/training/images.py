"""Images as a network takes them: standardised, and seen from the eight sides of a square."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Pixel = TypeVar("Pixel", bound=np.generic)

DIHEDRAL_ELEMENTS = 8
# rows of an image with exchanged axes lie far apart: so many at a time stay in the nearest cache
_ROWS = 32


def dihedral_view(image: NDArray[Pixel], element: int) -> NDArray[Pixel]:
    """A view of an image under one element of the square's symmetry group; 0 is the image itself.

    Args:
        image: (y, x).
        element: 0 to 7; bit 2 exchanges the axes, then bit 0 turns y around and bit 1 x.

    Raises:
        ValueError: if there is no such element.
    """
    if not 0 <= element < DIHEDRAL_ELEMENTS:
        raise ValueError(f"element = {element} must be from 0 to {DIHEDRAL_ELEMENTS - 1}")
    turned = image.T if element & 4 else image
    return turned[:: -1 if element & 1 else 1, :: -1 if element & 2 else 1]


def standardise_into(
    out: NDArray[np.float32], counts: NDArray[np.uint16], mean: float, std: float, element: int = 0
) -> None:
    """Write an image with mean 0 and variance 1, under an element of the square's symmetry group.

    Args:
        out: receives the image, float32 (y, x).
        counts: electrons per pixel.
        mean: their mean.
        std: their standard deviation; an image without contrast becomes 0 everywhere.
        element: as in `dihedral_view`.
    """
    view = dihedral_view(counts, element)
    shift, factor = np.float32(mean), np.float32(1 / std if std > 0 else 0.0)
    for first in range(0, len(out), _ROWS):
        rows = slice(first, first + _ROWS)
        np.subtract(view[rows], shift, out=out[rows], dtype=np.float32)
        out[rows] *= factor


def turn_into(out: NDArray[Any], values: NDArray[Any], element: int = 0, factor: float = 1) -> None:
    """Write a label under an element of the square's symmetry group.

    Args:
        out: receives the label (y, x).
        values: the label as stored.
        element: as in `dihedral_view`.
        factor: what the values are multiplied by, where `out` holds floats.
    """
    view = dihedral_view(values, element)
    for first in range(0, len(out), _ROWS):
        rows = slice(first, first + _ROWS)
        if out.dtype.kind == "f":
            np.multiply(view[rows], out.dtype.type(factor), out=out[rows])
        else:
            out[rows] = view[rows]
