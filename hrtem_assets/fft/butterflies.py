"""Discrete Fourier transforms of a few complex vectors: the building blocks of all longer ones."""

import math
from collections.abc import Sequence

from hrtem_assets.fft.lanes import Complex

RADICES = (8, 7, 5, 4, 3, 2)


def dft(values: Sequence[Complex], forward: bool) -> list[Complex]:
    """Unnormalised transform of `len(values)` numbers, one of `RADICES`; forward has exp(-2 pi i jk / n)."""
    match len(values):
        case 2:
            return [values[0] + values[1], values[0] - values[1]]
        case 4:
            return _dft4(values, forward)
        case 8:
            return _dft8(values, forward)
        case _:
            return _dft_odd(values, forward)


def _quarter_turn(a: Complex, b: Complex, forward: bool) -> tuple[Complex, Complex]:
    """a + w b and a - w b for w = -i (forward) or i."""
    one = Complex(a.re + b.im, a.im - b.re)
    other = Complex(a.re - b.im, a.im + b.re)
    return (one, other) if forward else (other, one)


def _dft4(v: Sequence[Complex], forward: bool) -> list[Complex]:
    even, even_difference = v[0] + v[2], v[0] - v[2]
    odd, odd_difference = v[1] + v[3], v[1] - v[3]
    one, three = _quarter_turn(even_difference, odd_difference, forward)
    return [even + odd, one, even - odd, three]


def _dft8(v: Sequence[Complex], forward: bool) -> list[Complex]:
    even = _dft4(v[0::2], forward)
    odd = _dft4(v[1::2], forward)
    half = math.sqrt(0.5)
    result: list[Complex] = [even[0] + odd[0]] * 8
    result[4] = even[0] - odd[0]
    result[2], result[6] = _quarter_turn(even[2], odd[2], forward)
    # forward, an eighth turn is (1 - i) sqrt(1/2), three eighths are -i (1 - i) sqrt(1/2)
    for k in (1, 3):
        x = odd[k]
        eighth = Complex(x.re + x.im, x.im - x.re) if forward else Complex(x.re - x.im, x.im + x.re)
        turned = eighth.scaled(half)
        if k == 1:
            result[1], result[5] = even[1] + turned, even[1] - turned
        else:
            result[3], result[7] = _quarter_turn(even[3], turned, forward)
    return result


def _dft_odd(v: Sequence[Complex], forward: bool) -> list[Complex]:
    """Pairs k and n - k share the even part (cosines of sums) and the odd part (sines of differences)."""
    n = len(v)
    half = range(1, (n + 1) // 2)
    sums = {j: v[j] + v[n - j] for j in half}
    differences = {j: v[j] - v[n - j] for j in half}
    total = v[0]
    for j in half:
        total = total + sums[j]
    result = [total] * n
    for k in half:
        even, odd = v[0], None
        for j in half:
            angle = 2 * math.pi * (j * k % n) / n
            even = even + sums[j].scaled(math.cos(angle))
            term = differences[j].scaled(math.sin(angle))
            odd = term if odd is None else odd + term
        assert odd is not None
        result[k], result[n - k] = _quarter_turn(even, odd, forward)
    return result
