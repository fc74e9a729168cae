"""What particles show along the beam: their outline, and how thick they are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.morphology.bodies import path
from hrtem_assets.specimen.structure import Particle


def outline(particles: Sequence[Particle], cell_a: float, grid: int) -> NDArray[np.bool_]:
    """Pixels covered by the projection of any particle's body, cut at the edge of the cell, bool (y, x).

    Args:
        particles: as they were made.
        cell_a: side of the square cell in Å.
        grid: pixels along a side.
    """
    spheres = [p for p in particles if p.is_sphere]
    covered = projected_silhouette(*_spheres(spheres), cell_a, grid)
    for particle in particles:
        if not particle.is_sphere:
            covered |= _path(particle, cell_a, grid) > 0
    return covered


def thickness(particles: Sequence[Particle], cell_a: float, grid: int) -> NDArray[np.float64]:
    """Length of the beam's path through the bodies of particles, Å, cut at the edge of the cell, float64 (y, x).

    Args:
        particles: as they were made.
        cell_a: side of the square cell in Å.
        grid: pixels along a side.
    """
    spheres = [p for p in particles if p.is_sphere]
    total = projected_thickness(*_spheres(spheres), cell_a, grid)
    for particle in particles:
        if not particle.is_sphere:
            total += _path(particle, cell_a, grid)
    return total


def _spheres(particles: Sequence[Particle]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    centers = np.array([p.center_a for p in particles]).reshape(-1, 3)
    return centers, np.array([p.radius_a for p in particles])


def _path(particle: Particle, cell_a: float, grid: int) -> NDArray[np.float64]:
    from hrtem_assets.specimen.particles import domains_of

    at = np.arange(grid, dtype=np.float64) * (cell_a / grid)
    return path(domains_of(particle), at, at, particle.center_a[:2])


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
