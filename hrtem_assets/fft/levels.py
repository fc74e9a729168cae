"""Levels of Fourier transforms on blocks, alone or with a product between a forward and an inverse level.

A level does all butterflies of one radix. A block is a float32 array of complex rows (see `lanes`); each lane is a
transform of its own. The rows of one butterfly lie `m` apart. Rows and twiddle factors are named by index, because
blocks are parts of larger arrays.
"""

from collections.abc import Callable
from typing import Any

from hrtem_assets.fft.butterflies import RADICES, dft
from hrtem_assets.fft.lanes import LANES, ROW, Complex, Memory, at, intrinsic, kernel, loop


@intrinsic
def forward_level(
    _context: Any, block: Any, first: Any, m: Any, radix: Any, twiddles: Any, start: Any
) -> Any:
    """Butterflies on rows first + j + k m, j < m, then twiddle factors from `start` on."""

    def emit(b: Any, block: Memory, first: Any, m: Any, radix: Any, twiddles: Memory, start: Any) -> None:
        def body(r: int, j: Any) -> None:
            rows = _rows(b, first, j, m, r)
            values = dft([block.load_complex(i) for i in rows], forward=True)
            _store(block, rows, _twiddled(b, values, twiddles, start, j))

        _each_butterfly(b, m, radix, body)

    return kernel(emit, block, first, m, radix, twiddles, start)


@intrinsic
def inverse_level(
    _context: Any, block: Any, first: Any, m: Any, radix: Any, twiddles: Any, start: Any
) -> Any:
    """Undoes `forward_level` but for a factor of `radix`."""

    def emit(b: Any, block: Memory, first: Any, m: Any, radix: Any, twiddles: Memory, start: Any) -> None:
        def body(r: int, j: Any) -> None:
            rows = _rows(b, first, j, m, r)
            values = _untwiddled(b, [block.load_complex(i) for i in rows], twiddles, start, j)
            _store(block, rows, dft(values, forward=False))

        _each_butterfly(b, m, radix, body)

    return kernel(emit, block, first, m, radix, twiddles, start)


@intrinsic
def forward_last(_context: Any, block: Any, first: Any, count: Any, radix: Any) -> Any:
    """The last level of `count` transforms: butterflies on `radix` rows in succession."""

    def emit(b: Any, block: Memory, first: Any, count: Any, radix: Any) -> None:
        def body(r: int, j: Any) -> None:
            rows = _rows(b, first, b.mul(j, at(r)), at(1), r)
            _store(block, rows, dft([block.load_complex(i) for i in rows], forward=True))

        _each_butterfly(b, count, radix, body)

    return kernel(emit, block, first, count, radix)


@intrinsic
def inverse_first(_context: Any, block: Any, first: Any, count: Any, radix: Any) -> Any:
    """Undoes `forward_last` but for a factor of `radix`."""

    def emit(b: Any, block: Memory, first: Any, count: Any, radix: Any) -> None:
        def body(r: int, j: Any) -> None:
            rows = _rows(b, first, b.mul(j, at(r)), at(1), r)
            _store(block, rows, dft([block.load_complex(i) for i in rows], forward=False))

        _each_butterfly(b, count, radix, body)

    return kernel(emit, block, first, count, radix)


@intrinsic
def filter_last(
    _context: Any, block: Any, first: Any, count: Any, radix: Any, factors: Any, first_factor: Any
) -> Any:
    """`forward_last`, a product with the rows of `factors` from `first_factor` on, `inverse_first`.

    The rows of `factors` are complex in an array of two dimensions, real in an array of one.
    """
    is_complex = factors.ndim == 2

    def emit(
        b: Any, block: Memory, first: Any, count: Any, radix: Any, factors: Memory, first_factor: Any
    ) -> None:
        def body(r: int, j: Any) -> None:
            offset = b.mul(j, at(r))
            rows = _rows(b, first, offset, at(1), r)
            values = dft([block.load_complex(i) for i in rows], forward=True)
            if is_complex:
                factor_rows = _rows(b, first_factor, offset, at(1), r)
                values = [v * factors.load_complex(i) for v, i in zip(values, factor_rows, strict=True)]
            else:
                factor_rows = _rows(b, first_factor, offset, at(1), r, LANES)
                values = [v.times(factors.load(i)) for v, i in zip(values, factor_rows, strict=True)]
            _store(block, rows, dft(values, forward=False))

        _each_butterfly(b, count, radix, body)

    return kernel(emit, block, first, count, radix, factors, first_factor)


@intrinsic
def multiply_first(_context: Any, block: Any, m: Any, radix: Any, twiddles: Any, other: Any) -> Any:
    """The outermost levels of an inverse and a forward transform, with a product of the rows of `other` between."""

    def emit(b: Any, block: Memory, m: Any, radix: Any, twiddles: Memory, other: Memory) -> None:
        def body(r: int, j: Any) -> None:
            rows = _rows(b, at(0), j, m, r)
            values = _untwiddled(b, [block.load_complex(i) for i in rows], twiddles, at(0), j)
            factors = [other.load_complex(i) for i in rows]
            values = [v * t for v, t in zip(dft(values, forward=False), factors, strict=True)]
            _store(block, rows, _twiddled(b, dft(values, forward=True), twiddles, at(0), j))

        _each_butterfly(b, m, radix, body)

    return kernel(emit, block, m, radix, twiddles, other)


def _each_butterfly(b: Any, count: Any, radix: Any, body: Callable[[int, Any], None]) -> None:
    for r in RADICES:
        with b.if_then(b.icmp_signed("==", radix, at(r))), loop(b, count) as j:
            body(r, j)


def _rows(b: Any, first: Any, j: Any, m: Any, radix: int, length: int = ROW) -> list[Any]:
    row = b.add(first, j)
    return [b.mul(b.add(row, b.mul(m, at(k))), at(length)) for k in range(radix)]


def _store(block: Memory, rows: list[Any], values: list[Complex]) -> None:
    for i, value in zip(rows, values, strict=True):
        block.store_complex(i, value)


def _factors(b: Any, twiddles: Memory, start: Any, j: Any, radix: int) -> list[Complex]:
    base = b.add(start, b.mul(j, at(2 * (radix - 1))))
    return [twiddles.splat_complex(b.add(base, at(2 * k))) for k in range(radix - 1)]


def _twiddled(b: Any, values: list[Complex], twiddles: Memory, start: Any, j: Any) -> list[Complex]:
    factors = _factors(b, twiddles, start, j, len(values))
    return [values[0], *(v * w for v, w in zip(values[1:], factors, strict=True))]


def _untwiddled(b: Any, values: list[Complex], twiddles: Memory, start: Any, j: Any) -> list[Complex]:
    factors = _factors(b, twiddles, start, j, len(values))
    return [values[0], *(v.times_conjugate(w) for v, w in zip(values[1:], factors, strict=True))]
