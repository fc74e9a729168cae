"""Zone axes: the low-index directions of a crystal, and the one along which a turned crystal is seen."""

import itertools
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from hrtem_assets.crystal.cells import Cell
from hrtem_assets.crystal.expansion import cell_vectors

MOST_INDEX = 3


@lru_cache(maxsize=64)
def zone_axes(cell: Cell) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Indices [uvw] of all directions of a lattice with indices up to 3 without common divisor, and unit vectors.

    Args:
        cell: a, b, c in Å, alpha, beta, gamma in degrees.

    Returns:
        int8 (N, 3), those with the smallest sum of squares first; float64 (N, 3) in the crystal's frame, a along x and
        b in the xy plane.
    """
    indices = sorted(
        (
            uvw
            for uvw in itertools.product(range(-MOST_INDEX, MOST_INDEX + 1), repeat=3)
            if math.gcd(*uvw) == 1
        ),
        key=lambda uvw: (sum(i * i for i in uvw), [-i for i in uvw]),
    )
    vectors = np.array(indices) @ cell_vectors(cell)
    return np.array(indices, np.int8), vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def nearest_zone_axis(
    cell: Cell, quaternion: tuple[float, float, float, float]
) -> tuple[tuple[int, int, int], float]:
    """The zone axis of a turned crystal that is nearest to +z, and the angle between the two in degrees.

    Args:
        cell: a, b, c in Å, alpha, beta, gamma in degrees.
        quaternion: (x, y, z, w), from the crystal's frame to that whose z axis is the beam's.
    """
    indices, directions = turned_zone_axes(cell, quaternion)
    best = int(directions[:, 2].argmax())
    u, v, t = (int(i) for i in indices[best])
    # exact for small angles, where the cosine is not
    tilt = math.atan2(math.hypot(*directions[best, :2]), float(directions[best, 2]))
    return (u, v, t), math.degrees(tilt)


def turned_zone_axes(
    cell: Cell, quaternion: tuple[float, float, float, float]
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """As `zone_axes`, with the unit vectors in the frame that the crystal was turned into.

    Args:
        cell: a, b, c in Å, alpha, beta, gamma in degrees.
        quaternion: (x, y, z, w), from the crystal's frame to the other.
    """
    indices, directions = zone_axes(cell)
    return indices, Rotation.from_quat(quaternion).apply(directions)
