"""How a Fourier transform of one length is split into stages: radices, twiddle factors and order of frequencies."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# what the stages after the first work on should stay in half the first-level cache, with 16 lanes; the same with
# fewer, because another order of stages rounds differently
_INNER_ROWS = 192


@dataclass(frozen=True)
class Plan:
    """An in-place transform by decimation in frequency (forward) and in time (inverse), without reordering.

    Attributes:
        size: number of points.
        radices: int64 (stages,), outermost first; their product is `size`.
        twiddles: float32, exp(-2 pi i j k / n) as pairs (re, im), k = 1 ... radix - 1 fastest, stage after stage.
        twiddle_starts: int64 (stages,), where the factors of each stage begin in `twiddles`.
        frequencies: int64 (size,), which frequency, 0 ... size - 1, the forward transform leaves at each position.
    """

    size: int
    radices: NDArray[np.int64]
    twiddles: NDArray[np.float32]
    twiddle_starts: NDArray[np.int64]
    frequencies: NDArray[np.int64]

    @property
    def signed_frequencies(self) -> NDArray[np.int64]:
        """Frequencies from -size/2 on, by position."""
        return (self.frequencies + self.size // 2) % self.size - self.size // 2


@lru_cache(maxsize=16)
def plan(size: int) -> Plan:
    """The plan of a transform.

    Raises:
        ValueError: if the size has a prime factor above 7 or is below 16.
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
        twiddle_starts=np.array(starts),
        frequencies=_frequencies(radices),
    )


def _radices(size: int) -> list[int]:
    rest, powers = size, {}
    for prime in (7, 5, 3, 2):
        powers[prime] = 0
        while rest % prime == 0:
            rest //= prime
            powers[prime] += 1
    if rest != 1 or size < 16:
        raise ValueError(
            f"a grid of {size} pixels cannot be transformed by the fused engine: it must be at least 16 and a product "
            f"of 2, 3, 5 and 7; change the cell or the sampling, or use engine abtem"
        )
    twos = powers.pop(2)
    # eights take the fewest passes; fours, or a single two, make up the rest
    fours = 0 if twos == 1 else {0: 0, 1: 2, 2: 1}[twos % 3]
    radices = [8] * ((twos - 2 * fours) // 3) + [4] * fours + [2] * (twos == 1)
    radices += [p for p, count in powers.items() for _ in range(count)]
    # the smallest first stage that brings the others into the cache
    fitting = [r for r in radices if size // r <= _INNER_ROWS]
    first = min(fitting) if fitting else max(radices)
    radices.remove(first)
    return [first, *sorted(radices)]


def _frequencies(radices: list[int]) -> NDArray[np.int64]:
    """Position k0 m0 + k1 m1 + ... holds frequency k0 + r0 (k1 + r1 (...))."""
    if not radices:
        return np.zeros(1, np.int64)
    inner = _frequencies(radices[1:])
    return (np.arange(radices[0])[:, None] + radices[0] * inner).ravel()
