"""Whole Fourier transforms of blocks, in place, from the stages of a plan.

The outermost stage sweeps the whole block; the others finish one part of it after the other within the cache.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from hrtem_assets.waves.fused.plan import Plan
from hrtem_assets.waves.fused.stages import (
    filter_last,
    forward_last,
    forward_stage,
    inverse_first,
    inverse_stage,
)


class Fft(NamedTuple):
    """What the kernels need of a `Plan`."""

    size: int
    radices: NDArray[np.int64]
    twiddles: NDArray[np.float32]
    starts: NDArray[np.int64]


def fft_of(plan: Plan) -> Fft:
    """The kernels' view of a plan."""
    return Fft(plan.size, plan.radices, plan.twiddles, plan.twiddle_starts)


@numba.njit(nogil=True)
def forward_outer(fft: Fft, block: NDArray[np.float32], first: int) -> None:
    """The outermost stage of a forward transform of the rows from `first` on."""
    forward_stage(block, first, fft.size // fft.radices[0], fft.radices[0], fft.twiddles, 0)


@numba.njit(nogil=True)
def inverse_outer(fft: Fft, block: NDArray[np.float32], first: int) -> None:
    """Undoes `forward_outer` but for a factor."""
    inverse_stage(block, first, fft.size // fft.radices[0], fft.radices[0], fft.twiddles, 0)


@numba.njit(nogil=True)
def _forward_middle(fft: Fft, block: NDArray[np.float32], first: int) -> None:
    part = fft.size // fft.radices[0]
    m = part
    for level in range(1, len(fft.radices) - 1):
        step = m
        m //= fft.radices[level]
        for row in range(first, first + part, step):
            forward_stage(block, row, m, fft.radices[level], fft.twiddles, fft.starts[level])


@numba.njit(nogil=True)
def _inverse_middle(fft: Fft, block: NDArray[np.float32], first: int) -> None:
    part = fft.size // fft.radices[0]
    m = fft.radices[-1]
    for level in range(len(fft.radices) - 2, 0, -1):
        step = m * fft.radices[level]
        for row in range(first, first + part, step):
            inverse_stage(block, row, m, fft.radices[level], fft.twiddles, fft.starts[level])
        m = step


@numba.njit(nogil=True)
def forward_inner(fft: Fft, block: NDArray[np.float32], first: int) -> None:
    """All stages of a forward transform after the outermost."""
    part, last = fft.size // fft.radices[0], fft.radices[-1]
    for row in range(first, first + fft.size, part):
        _forward_middle(fft, block, row)
        forward_last(block, row, part // last, last)


@numba.njit(nogil=True)
def inverse_inner(fft: Fft, block: NDArray[np.float32], first: int) -> None:
    """All stages of an inverse transform before the outermost."""
    part, last = fft.size // fft.radices[0], fft.radices[-1]
    for row in range(first, first + fft.size, part):
        inverse_first(block, row, part // last, last)
        _inverse_middle(fft, block, row)


@numba.njit(nogil=True)
def filtered(
    fft: Fft, block: NDArray[np.float32], first: int, factors: NDArray[np.float32], first_factor: int
) -> None:
    """Forward transform, product with the rows of `factors` (see `filter_last`), inverse transform."""
    part, last = fft.size // fft.radices[0], fft.radices[-1]
    forward_outer(fft, block, first)
    for offset in range(0, fft.size, part):
        _forward_middle(fft, block, first + offset)
        filter_last(block, first + offset, part // last, last, factors, first_factor + offset)
        _inverse_middle(fft, block, first + offset)
    inverse_outer(fft, block, first)
