"""Arrays that begin on a cache line: a vector that straddles two lines costs half the speed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.fft.lanes import LANES

_LINE_BYTES = 64


def aligned_zeros(size: int) -> NDArray[np.float32]:
    """Zeros that begin on a cache line.

    Args:
        size: how many numbers.

    Returns:
        float32 (size,).
    """
    spare = _LINE_BYTES // 4
    raw = np.zeros(size + spare, np.float32)
    first = (-raw.ctypes.data % _LINE_BYTES) // 4
    return raw[first : first + size]


def aligned(values: NDArray[Any]) -> NDArray[np.float32]:
    """A copy that begins on a cache line.

    Args:
        values: real array of any shape.

    Returns:
        float32 (values.size,), in C order.
    """
    copy = aligned_zeros(values.size)
    copy[:] = values.ravel()
    return copy


def to_block(values: NDArray[np.complexfloating]) -> NDArray[np.float32]:
    """Complex rows as a block: for each row its real parts, then its imaginary parts.

    Args:
        values: complex (..., LANES); a row for each point of a transform, a column for each transform.

    Returns:
        float32 (2 * values.size,), on a cache line.

    Raises:
        ValueError: if a row has another number of values.
    """
    if values.shape[-1] != LANES:
        raise ValueError(f"rows of {values.shape[-1]} values cannot be a block; pad them to {LANES}")
    return aligned(np.stack([values.real, values.imag], axis=-2))


def from_block(block: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Undoes `to_block`.

    Args:
        block: float32 (2 * LANES * rows,).

    Returns:
        complex64 (rows, LANES).
    """
    parts = block.reshape(-1, 2, LANES)
    values = np.empty((len(parts), LANES), np.complex64)
    values.real, values.imag = parts[:, 0], parts[:, 1]
    return values
