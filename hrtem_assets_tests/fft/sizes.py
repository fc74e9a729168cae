"""Sizes of transforms: products of powers of 2, 3, 5 and 7, from the least on."""

from itertools import product
from math import prod


def fast_sizes(most: int) -> list[int]:
    """All of them up to a size, in order."""
    powers = product(range(most.bit_length()), repeat=4)
    numbers = {prod(p**n for p, n in zip((2, 3, 5, 7), exponents, strict=True)) for exponents in powers}
    return sorted(n for n in numbers if 16 <= n <= most)
