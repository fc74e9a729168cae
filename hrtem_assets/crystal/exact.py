"""Linear algebra of three dimensions as sums of elementwise products: the last bit is the same on every processor.

Libraries choose their kernels by the processor, and some add products without rounding them first.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def product(first: ArrayLike, *others: ArrayLike) -> Array:
    """What `first @ second @ ...` is: of vectors, matrices or a stack of them first, then of vectors or matrices.

    Args:
        first: (..., k).
        others: (k,) or (k, m) each.
    """
    total: Array = np.asarray(first, np.float64)
    for other in others:
        left, right = total, np.asarray(other, np.float64)
        for k in range(len(right)):
            term = left[..., k] * right[k] if right.ndim == 1 else left[..., k, None] * right[k]
            total = term if k == 0 else total + term
    return total


def length(vectors: ArrayLike) -> Array:
    """Euclidean length along the last axis."""
    of = np.asarray(vectors, np.float64)
    total = np.square(of[..., 0])
    for k in range(1, of.shape[-1]):
        total = total + np.square(of[..., k])
    return np.sqrt(total)


def unit(vectors: ArrayLike) -> Array:
    """Vectors of length 1 along the last axis."""
    of = np.asarray(vectors, np.float64)
    return np.asarray(of / length(of)[..., None])


def determinant(matrix: ArrayLike) -> float:
    """Of a matrix (3, 3)."""
    a, b, c = np.asarray(matrix, np.float64)
    return float(product(a, np.cross(b, c)))


def inverse(matrix: ArrayLike) -> Array:
    """Of a matrix (3, 3), by its cofactors."""
    a, b, c = np.asarray(matrix, np.float64)
    return np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1) / determinant(matrix)


def nearest_rotation(matrix: ArrayLike) -> Array:
    """The rotation nearest to a matrix (3, 3), by Newton's iteration for the polar decomposition.

    N. J. Higham, SIAM Journal on Scientific and Statistical Computing 7 (1986) 1160.
    """
    turn = np.asarray(matrix, np.float64)
    # quadratic: ten steps are more than double precision asks of a matrix that is nearly a rotation
    for _ in range(10):
        turn = (turn + inverse(turn).T) / 2
    return turn
