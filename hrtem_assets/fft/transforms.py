"""Whole Fourier transforms of blocks, in place, from the levels of a plan.

The outermost level sweeps the whole block; the others finish one part of it after the other within the cache.
All of them are called from compiled code, and can be called from Python.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from hrtem_assets.fft.factorisation import Plan
from hrtem_assets.fft.levels import (
    filter_last,
    forward_last,
    forward_level,
    inverse_first,
    inverse_level,
    multiply_first,
)


@numba.njit(nogil=True)
def forward(plan: Plan, block: NDArray[np.float32], first: int) -> None:
    """Transform with exp(-2 pi i j k / size) of the rows from `first` on; frequencies come in the plan's order.

    >>> import numpy as np
    >>> from hrtem_assets.fft import LANES, forward, from_block, plan, to_block
    >>> waves = np.exp(2j * np.pi * 3 * np.arange(20) / 20)[:, None] * np.ones(LANES)
    >>> block = to_block(waves)
    >>> forward(plan(20), block, 0)
    >>> present = abs(from_block(block)[:, 0]) > 1e-4
    >>> plan(20).frequencies[present]
    array([3])

    Args:
        plan: of the transform.
        block: float32, complex rows of LANES values (see `to_block`); changed in place.
        first: row of the first point.
    """
    _forward_outer(plan, block, first)
    _forward_inner(plan, block, first)


@numba.njit(nogil=True)
def inverse(plan: Plan, block: NDArray[np.float32], first: int) -> None:
    """Transform with exp(2 pi i j k / size) of frequencies in the plan's order: undoes `forward` but for the size.

    Args:
        plan: of the transform.
        block: float32, complex rows of LANES values; changed in place.
        first: row of the first frequency.
    """
    _inverse_inner(plan, block, first)
    _inverse_outer(plan, block, first)


@numba.njit(nogil=True)
def filtered(
    plan: Plan, block: NDArray[np.float32], first: int, factors: NDArray[np.float32], first_factor: int
) -> None:
    """Forward transform, product with the rows of `factors`, inverse transform; `size` times what went in.

    Args:
        plan: of the transforms.
        block: float32, complex rows of LANES values; changed in place.
        first: row of the first point.
        factors: float32, in the plan's order of frequencies; complex rows in an array of two dimensions (1, n), real
            rows of LANES values in an array of one (n,).
        first_factor: row of the first factor.
    """
    part, last = plan.size // plan.radices[0], plan.radices[-1]
    _forward_outer(plan, block, first)
    for offset in range(0, plan.size, part):
        _forward_middle(plan, block, first + offset)
        filter_last(block, first + offset, part // last, last, factors, first_factor + offset)
        _inverse_middle(plan, block, first + offset)
    _inverse_outer(plan, block, first)


@numba.njit(nogil=True)
def multiplied(plan: Plan, block: NDArray[np.float32], other: NDArray[np.float32]) -> None:
    """Inverse transform, product with the rows of another block, forward transform; `size` times what went in.

    Args:
        plan: of the transforms.
        block: float32, complex rows of LANES values from its beginning on; changed in place.
        other: float32, complex rows of LANES values.
    """
    _inverse_inner(plan, block, 0)
    multiply_first(block, plan.size // plan.radices[0], plan.radices[0], plan.twiddles, other)
    _forward_inner(plan, block, 0)


@numba.njit(nogil=True)
def _forward_outer(plan: Plan, block: NDArray[np.float32], first: int) -> None:
    forward_level(block, first, plan.size // plan.radices[0], plan.radices[0], plan.twiddles, 0)


@numba.njit(nogil=True)
def _inverse_outer(plan: Plan, block: NDArray[np.float32], first: int) -> None:
    inverse_level(block, first, plan.size // plan.radices[0], plan.radices[0], plan.twiddles, 0)


@numba.njit(nogil=True)
def _forward_middle(plan: Plan, block: NDArray[np.float32], first: int) -> None:
    part = plan.size // plan.radices[0]
    m = part
    for level in range(1, len(plan.radices) - 1):
        step = m
        m //= plan.radices[level]
        for row in range(first, first + part, step):
            forward_level(block, row, m, plan.radices[level], plan.twiddles, plan.starts[level])


@numba.njit(nogil=True)
def _inverse_middle(plan: Plan, block: NDArray[np.float32], first: int) -> None:
    part = plan.size // plan.radices[0]
    m = plan.radices[-1]
    for level in range(len(plan.radices) - 2, 0, -1):
        step = m * plan.radices[level]
        for row in range(first, first + part, step):
            inverse_level(block, row, m, plan.radices[level], plan.twiddles, plan.starts[level])
        m = step


@numba.njit(nogil=True)
def _forward_inner(plan: Plan, block: NDArray[np.float32], first: int) -> None:
    part, last = plan.size // plan.radices[0], plan.radices[-1]
    for row in range(first, first + plan.size, part):
        _forward_middle(plan, block, row)
        forward_last(block, row, part // last, last)


@numba.njit(nogil=True)
def _inverse_inner(plan: Plan, block: NDArray[np.float32], first: int) -> None:
    part, last = plan.size // plan.radices[0], plan.radices[-1]
    for row in range(first, first + plan.size, part):
        inverse_first(block, row, part // last, last)
        _inverse_middle(plan, block, row)
