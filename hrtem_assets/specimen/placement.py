"""Where particles lie on the substrate: their centres in the plane, at least a given gap apart.

Radii are drawn before they are placed and never drawn again, so that a crowded cell does not favour small
particles; where no room is found for all, one particle of random index is given up.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Placement

TRIALS_AT_ONCE = 100
# for each particle beside or before an edge
MOST_TRIALS_AT_EDGE = 2000


def place_particles(
    radii_a: NDArray[np.float64], cell_a: float, rule: Placement, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Centres of particles in the plane of the substrate.

    The gap is measured between the particles as seen along the beam, which is never more than the gap in
    space, and within the cell: the cell is a window on a wider substrate, and what its periodic continuation
    brings near belongs to no picture. (`assembly` drops the few atoms that would touch across the seam.)

    Args:
        radii_a: radii of the particles asked for, float64 (P,), Å.
        cell_a: side of the square cell in Å.
        rule: gap, edge rule and how many positions may be tried.
        rng: random numbers.

    Returns:
        centres (x, y) of the particles placed, float64 (Q, 2), Å, and their indices in `radii_a`,
        ascending, int64 (Q,).
    """
    kept = np.arange(len(radii_a))
    while len(kept):
        centers = _arrange(radii_a[kept], cell_a, rule, rng)
        if centers is not None:
            return centers, kept
        kept = np.delete(kept, rng.integers(len(kept)))
    return np.empty((0, 2)), kept


def place_in_region(
    radii_a: NDArray[np.float64], region_a: tuple[float, float], rule: Placement, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Centres of particles on a support that ends: in a rectangle, or along a line of width 0.

    Args:
        radii_a: radii of the particles asked for, float64 (P,), Å.
        region_a: sides of the rectangle along x and y, Å.
        rule: gap, edge rule along y and how many positions may be tried; along x particles lie within the rectangle.
        rng: random numbers.

    Returns:
        as `place_particles`.
    """
    kept = np.arange(len(radii_a))
    while len(kept):
        centers: list[NDArray[np.float64]] = []
        order = kept[np.argsort(-radii_a[kept], kind="stable")]
        placed: list[int] = []
        for i in order.tolist():
            radius = radii_a[i]
            margin = (min(radius, region_a[0] / 2), radius if rule.edge_rule == "inside" else 0.0)
            low = np.array(margin)
            high = np.maximum(np.array(region_a) - low, low)
            trials = rng.uniform(low, high, size=(min(rule.max_attempts, MOST_TRIALS_AT_EDGE), 2))
            far = np.ones(len(trials), bool)
            for other, center in zip(placed, centers, strict=True):
                gap = np.linalg.norm(trials - center, axis=1) - radii_a[other] - radius
                far &= gap >= rule.separation_a
            if not far.any():
                break
            placed.append(i)
            centers.append(trials[int(far.argmax())])
        if len(placed) == len(kept):
            where = np.argsort(placed)
            return np.array(centers)[where], kept
        kept = np.delete(kept, rng.integers(len(kept)))
    return np.empty((0, 2)), kept


def _arrange(
    radii_a: NDArray[np.float64], cell_a: float, rule: Placement, rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """Random darts, large particles first; all begin anew when one finds no room; None when none is left to try."""
    order = np.argsort(-radii_a, kind="stable")
    margins = radii_a[order] if rule.edge_rule == "inside" else np.zeros_like(radii_a)
    placed, complete = _throw(
        radii_a[order], margins, cell_a, rule.separation_a, rule.max_attempts * len(radii_a), rng
    )
    if not complete:
        return None
    centers = np.empty_like(placed)
    centers[order] = placed
    return centers


@numba.njit(cache=True)
def _throw(  # type: ignore[no-untyped-def]  # compiled for its arguments
    radii, margins, cell, separation, budget, rng
):
    """Centres in the order of the radii, and whether all were placed before the darts ran out."""
    centers = np.zeros((len(radii), 2))
    while budget > 0:
        placed = 0
        for i in range(len(radii)):
            trials = min(TRIALS_AT_ONCE, budget)
            trial = rng.uniform(margins[i], cell - margins[i], size=(trials, 2))
            chosen = _first_far(trial, centers, radii, i, separation)
            if chosen == trials:
                budget -= trials
                break
            budget -= chosen + 1
            centers[i] = trial[chosen]
            placed += 1
        if placed == len(radii):
            return centers, True
    return centers, False


@numba.njit(cache=True)
def _first_far(trial, centers, radii, i, separation):  # type: ignore[no-untyped-def]
    """The first dart that keeps particle i far from those before it; their number if none does."""
    for t in range(len(trial)):
        far = True
        for j in range(i):
            dx, dy = trial[t, 0] - centers[j, 0], trial[t, 1] - centers[j, 1]
            if not np.sqrt(dx * dx + dy * dy) - radii[j] - radii[i] >= separation:
                far = False
                break
        if far:
            return t
    return len(trial)
