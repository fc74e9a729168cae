"""How a transform of one size is split into levels: radices, twiddle factors and order of frequencies."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PRIMES = (2, 3, 5, 7)
LEAST_SIZE = 16
# what the levels after the first work on should stay in half the first-level cache, with 16 lanes; the same with
# fewer, because another order of levels rounds differently
_INNER_ROWS = 192


class Plan(NamedTuple):
    """An in-place transform by decimation in frequency (forward) and in time (inverse), without reordering.

    Kernels take it as it is.

    Attributes:
        size: number of points.
        radices: int64 (levels,), outermost first; their product is `size`.
        twiddles: float32, exp(-2 pi i j k / n) as pairs (re, im), k = 1 ... radix - 1 fastest, level after level.
        starts: int64 (levels,), where the factors of each level begin in `twiddles`.
    """

    size: int
    radices: NDArray[np.int64]
    twiddles: NDArray[np.float32]
    starts: NDArray[np.int64]

    @property
    def frequencies(self) -> NDArray[np.int64]:
        """Which frequency, 0 ... size - 1, the forward transform leaves at each position; int64 (size,)."""
        # no field: kernels count references to every array of a plan that they hand on
        return _frequencies(tuple(self.radices.tolist()))

    @property
    def signed_frequencies(self) -> NDArray[np.int64]:
        """Frequencies from -size/2 on, by position."""
        return (self.frequencies + self.size // 2) % self.size - self.size // 2


@lru_cache(maxsize=16)
def plan(size: int) -> Plan:
    """The plan of a transform.

    >>> plan(80).radices
    array([4, 4, 5])
    >>> plan(80).frequencies[:6]
    array([ 0, 16, 32, 48, 64,  4])

    Args:
        size: number of points, at least 16, a product of 2, 3, 5 and 7.

    Raises:
        ValueError: for another size; names the nearest that will do.
    """
    radices = _radices(size)
    starts: list[int] = []
    twiddles: list[NDArray[np.complex128]] = []
    block = size
    for radix in radices:
        starts.append(sum(2 * t.size for t in twiddles))
        j, k = np.arange(block // radix)[:, None], np.arange(1, radix)
        twiddles.append(np.exp(-2j * np.pi * (j * k) / block).ravel())
        block //= radix
    return Plan(
        size=size,
        radices=np.array(radices),
        twiddles=np.concatenate(twiddles).astype(np.complex64).view(np.float32),
        starts=np.array(starts),
    )


def _powers(size: int) -> dict[int, int] | None:
    """How often each prime divides a size; None where other primes are left, or it is too small."""
    rest, powers = size, dict.fromkeys(PRIMES, 0)
    for prime in PRIMES:
        while rest > 1 and rest % prime == 0:
            rest //= prime
            powers[prime] += 1
    return powers if rest == 1 and size >= LEAST_SIZE else None


def _radices(size: int) -> list[int]:
    powers = _powers(size)
    if powers is None:
        raise ValueError(f"{size} points cannot be transformed: {_repair(size)}")
    twos = powers[2]
    # eights take the fewest passes; fours, or a single two, make up the rest
    fours = 0 if twos == 1 else {0: 0, 1: 2, 2: 1}[twos % 3]
    radices = [8] * ((twos - 2 * fours) // 3) + [4] * fours + [2] * (twos == 1)
    radices += [p for p in (7, 5, 3) for _ in range(powers[p])]
    # the smallest first level that brings the others into the cache
    fitting = [r for r in radices if size // r <= _INNER_ROWS]
    first = min(fitting) if fitting else max(radices)
    radices.remove(first)
    return [first, *sorted(radices)]


def _repair(size: int) -> str:
    below = next((n for n in range(size - 1, LEAST_SIZE - 1, -1) if _powers(n)), None)
    above = next(n for n in range(max(size + 1, LEAST_SIZE), 2 * max(size, LEAST_SIZE) + 1) if _powers(n))
    near = f"{above}" if below is None else f"{below} or {above}"
    return f"the size must be at least {LEAST_SIZE} and a product of 2, 3, 5 and 7; use {near}"


@lru_cache(maxsize=128)
def _frequencies(radices: tuple[int, ...]) -> NDArray[np.int64]:
    """Position k0 m0 + k1 m1 + ... holds frequency k0 + r0 (k1 + r1 (...))."""
    if not radices:
        return np.zeros(1, np.int64)
    inner = _frequencies(radices[1:])
    return (np.arange(radices[0])[:, None] + radices[0] * inner).ravel()
