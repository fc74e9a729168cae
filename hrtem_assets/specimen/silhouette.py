"""What spherical particles show along the beam: their outline, and how thick they are."""

import numpy as np
from numpy.typing import NDArray


def projected_silhouette(
    centers_a: NDArray[np.float64], radii_a: NDArray[np.float64], cell_a: float, grid: int
) -> NDArray[np.bool_]:
    """Pixels covered by the projection of any particle, cut at the edge of the cell.

    Args:
        centers_a: centres, (P, 2) or (P, 3), x first, Å.
        radii_a: radii, (P,), Å.
        cell_a: side of the square cell in Å.
        grid: pixels along a side.

    Returns:
        bool (y, x); pixel (j, i) lies at y = j * cell_a / grid, x = i * cell_a / grid.
    """
    at = np.arange(grid) * (cell_a / grid)
    covered = np.zeros((grid, grid), dtype=bool)
    for center, radius in zip(centers_a, radii_a, strict=True):
        covered |= (at[:, None] - center[1]) ** 2 + (at[None, :] - center[0]) ** 2 <= radius**2
    return covered


def projected_thickness(
    centers_a: NDArray[np.float64], radii_a: NDArray[np.float64], cell_a: float, grid: int
) -> NDArray[np.float64]:
    """Length of the beam's path through spheres, Å, cut at the edge of the cell.

    Args:
        centers_a: centres, (P, 2) or (P, 3), x first, Å.
        radii_a: radii, (P,), Å.
        cell_a: side of the square cell in Å.
        grid: pixels along a side.

    Returns:
        float64 (y, x), pixels as in `projected_silhouette`.
    """
    at = np.arange(grid) * (cell_a / grid)
    thickness = np.zeros((grid, grid))
    for center, radius in zip(centers_a, radii_a, strict=True):
        squared = radius**2 - (at[:, None] - center[1]) ** 2 - (at[None, :] - center[0]) ** 2
        thickness += 2 * np.sqrt(np.maximum(squared, 0))
    return thickness
