"""Where particles lie on the film: their centres in the plane, at least a given gap apart.

Radii are drawn before they are placed and never drawn again, so that a crowded cell does not favour small
particles; where no room is found for all, one particle of random index is given up.
"""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Placement

TRIALS_AT_ONCE = 100


def place(
    radii_a: NDArray[np.float64], cell_a: float, rule: Placement, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Centres of particles in the plane of the film.

    The gap is measured between the particles as seen along the beam, which is never more than the gap in
    space, and within the cell: the cell is a window on a wider film, and what its periodic continuation
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


def _arrange(
    radii_a: NDArray[np.float64], cell_a: float, rule: Placement, rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """Random darts, large particles first; all begin anew when one finds no room; None when none is left to try."""
    margins = radii_a if rule.edge_rule == "inside" else np.zeros_like(radii_a)
    order = np.argsort(-radii_a, kind="stable")
    centers = np.zeros((len(radii_a), 2))
    budget = rule.max_attempts * len(radii_a)
    while budget > 0:
        for rank, i in enumerate(order):
            trials = min(TRIALS_AT_ONCE, budget)
            trial = rng.uniform(margins[i], cell_a - margins[i], size=(trials, 2))
            before = order[:rank]
            distances = np.linalg.norm(trial[:, None] - centers[before], axis=2)
            far = np.all(distances - radii_a[before] - radii_a[i] >= rule.separation_a, axis=1)
            if not far.any():
                budget -= trials
                break
            chosen = int(np.argmax(far))
            budget -= chosen + 1
            centers[i] = trial[chosen]
        else:
            return centers
    return None
