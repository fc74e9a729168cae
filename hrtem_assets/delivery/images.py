"""Images as a network takes them: standardised, and seen from the eight sides of a square."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Pixel = TypeVar("Pixel", bound=np.generic)

DIHEDRAL_ELEMENTS = 8


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


def standardised(
    counts: NDArray[np.uint16], mean: float, std: float, element: int = 0
) -> NDArray[np.float32]:
    """An image with mean 0 and variance 1, under an element of the square's symmetry group.

    Args:
        counts: electrons per pixel (y, x).
        mean: their mean.
        std: their standard deviation; an image without contrast becomes 0 everywhere.
        element: as in `dihedral_view`.

    Returns:
        float32 (y, x), contiguous.
    """
    view = dihedral_view(counts, element)
    image = np.empty(view.shape, np.float32)
    np.subtract(view, np.float32(mean), out=image, dtype=np.float32)
    image *= np.float32(1 / std if std > 0 else 0.0)
    return image
