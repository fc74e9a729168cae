"""Rounding of mantissas, which makes stored waves compress well."""

import numba
import numpy as np
from numpy.typing import NDArray

MANTISSA_BITS = 23


def round_mantissa(waves: NDArray[np.complex64], bits: int) -> NDArray[np.complex64]:
    """Round real and imaginary parts to the nearest number with a shorter mantissa (ties to even).

    Args:
        waves: complex64 of any shape; infinities and NaN pass unchanged.
        bits: mantissa bits kept, 1 to 23; 23 changes nothing. The relative error is at most 2^-(bits + 1).

    Returns:
        a new, contiguous complex64 array.

    Raises:
        ValueError: if `bits` is out of range.
    """
    if not 1 <= bits <= MANTISSA_BITS:
        raise ValueError(f"bits = {bits} must be between 1 and {MANTISSA_BITS}; {MANTISSA_BITS} is lossless")
    rounded = np.array(waves, dtype=np.complex64, order="C")
    if bits < MANTISSA_BITS:
        _round_words(rounded.reshape(-1).view(np.uint32), np.uint32(MANTISSA_BITS - bits))
    return rounded


@numba.njit(nogil=True, cache=True)
def _round_words(words: NDArray[np.uint32], dropped: np.uint32) -> None:
    one = np.uint32(1)
    below_half = (one << (dropped - one)) - one
    mask = ~((one << dropped) - one)
    exponent = np.uint32(0x7F800000)
    for i in range(words.size):
        word = words[i]
        # a carry out of the mantissa moves on into the exponent, as it should
        rounded = (word + below_half + ((word >> dropped) & one)) & mask
        words[i] = word if word & exponent == exponent else rounded
