"""How many particles can lie in a square at all: bounds that no arrangement beats, for refusing what is impossible."""

import math

# Largest least distance of n = 2, 3, ... points in a unit square, proven optimal for all of these (Schwartz, Schaer,
# Meir, Melissen, Peikert, Nurmela and Ostergard; table of E. Specht, packomania.com), rounded up.
_FARTHEST = (
    1.414214,
    1.035277,
    1.0,
    0.707107,
    0.600926,
    0.535899,
    0.517639,
    0.5,
    0.421280,
    0.398208,
    0.388731,
    0.366097,
    0.348916,
    0.341082,
    0.333334,
    0.306154,
    0.300463,
    0.289542,
    0.286612,
)
# forgives rounding of what just fits
_TOLERANCE = 1e-9


def most_points(side: float, distance: float) -> int | None:
    """An upper bound on points in a square of which no two are closer than a distance.

    Up to 20 points it is exact; beyond, Oler's inequality (H. Groemer, Math. Z. 73 (1960) 285): points at mutual
    distances of 1 in a convex region of area A and perimeter P are at most 2 A / sqrt(3) + P / 2 + 1.

    Args:
        side: of the square; as all lengths here, in one unit.
        distance: least distance.

    Returns:
        the bound; None where any number fits.
    """
    if distance <= 0:
        return None
    if side <= 0:
        return 1
    ratio = side / distance * (1 + _TOLERANCE)
    if ratio < 1 / _FARTHEST[-1]:
        return sum(ratio * farthest >= 1 for farthest in _FARTHEST) + 1
    return math.floor(2 / math.sqrt(3) * ratio**2 + 2 * ratio + 1)


def least_side(points: int, distance: float) -> float:
    """The side that a square must at least have for some points of which no two are closer than a distance."""
    if points < 2:
        return 0.0
    if points - 2 < len(_FARTHEST):
        return distance / _FARTHEST[points - 2]
    # where Oler's bound is just as large; more points need no less than fewer
    wide = math.sqrt(3) / 2 * (math.sqrt(1 + 2 / math.sqrt(3) * (points - 1)) - 1)
    return distance * max(wide, 1 / _FARTHEST[-1])
