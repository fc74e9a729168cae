"""Vectors of float32 lanes in LLVM code: arithmetic, memory, shuffles and loops of kernels on blocks.

A kernel is a numba intrinsic: a Python function that emits the code. Its variables stand for values that exist when
the code runs, and an operator between two of them emits an instruction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import llvmlite.binding  # type: ignore[import-untyped]
from llvmlite import ir
from numba import extending, types
from numba.core import cgutils

# the lanes of one register: 16 with AVX-512, 8 with AVX2; narrower machines use several registers for 8
LANES = 16 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 8
# a block keeps its complex rows as LANES real parts followed by LANES imaginary parts
ROW = 2 * LANES

FLOAT = ir.FloatType()
INDEX = ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, LANES)
# a type checker would see the parameters of the emitter, not those of the function it makes
intrinsic: Any = extending.intrinsic
# products and sums may fuse into one instruction; nothing else may be reordered, so results are reproducible
_FLAGS = ("contract",)


class Vec(NamedTuple):
    """A vector value whose operators emit instructions."""

    builder: Any
    value: Any

    def __add__(self, other: Vec) -> Vec:  # type: ignore[override]
        return Vec(self.builder, self.builder.fadd(self.value, other.value, flags=_FLAGS))

    def __sub__(self, other: Vec) -> Vec:
        return Vec(self.builder, self.builder.fsub(self.value, other.value, flags=_FLAGS))

    def __mul__(self, other: Vec) -> Vec:  # type: ignore[override]
        return Vec(self.builder, self.builder.fmul(self.value, other.value, flags=_FLAGS))

    def scaled(self, factor: float) -> Vec:
        """The vector times a constant."""
        return self * constant(self.builder, factor)


class Complex(NamedTuple):
    """Real and imaginary parts in two vectors."""

    re: Vec
    im: Vec

    def __add__(self, other: Complex) -> Complex:  # type: ignore[override]
        return Complex(self.re + other.re, self.im + other.im)

    def __sub__(self, other: Complex) -> Complex:
        return Complex(self.re - other.re, self.im - other.im)

    def __mul__(self, other: Complex) -> Complex:  # type: ignore[override]
        return Complex(
            self.re * other.re - self.im * other.im,
            self.re * other.im + self.im * other.re,
        )

    def times_conjugate(self, other: Complex) -> Complex:
        """The product with the other's conjugate."""
        return Complex(
            self.re * other.re + self.im * other.im,
            self.im * other.re - self.re * other.im,
        )

    def times(self, factor: Vec) -> Complex:
        """The product with a real vector."""
        return Complex(self.re * factor, self.im * factor)

    def scaled(self, factor: float) -> Complex:
        """The product with a real constant."""
        return Complex(self.re.scaled(factor), self.im.scaled(factor))


def constant(builder: Any, value: float) -> Vec:
    """The same constant in every lane."""
    return Vec(builder, ir.Constant(VECTOR, [ir.Constant(FLOAT, value)] * LANES))


def broadcast(builder: Any, scalar: Any) -> Vec:
    """The same float32 in every lane."""
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    undefined = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    return Vec(builder, builder.shuffle_vector(first, undefined, zeros))


class Memory:
    """A contiguous array of float32 or int64, addressed by the index of an element."""

    def __init__(self, context: Any, builder: Any, array_type: Any, array: Any) -> None:
        self.builder = builder
        self.element = FLOAT if array_type.dtype == types.float32 else INDEX
        data = context.make_array(array_type)(context, builder, array).data
        self.base = builder.bitcast(data, self.element.as_pointer())

    def _pointer(self, index: Any, kind: Any) -> Any:
        address = self.builder.gep(self.base, [index], source_etype=self.element)
        return self.builder.bitcast(address, kind.as_pointer())

    def load_index(self, index: Any) -> Any:
        """One integer of an int64 array."""
        return self.builder.load(self._pointer(index, INDEX), align=8, typ=INDEX)

    def load(self, index: Any) -> Vec:
        """LANES elements from `index` on."""
        return Vec(self.builder, self.builder.load(self._pointer(index, VECTOR), align=4, typ=VECTOR))

    def store(self, index: Any, vector: Vec) -> None:
        """Write LANES elements from `index` on."""
        self.builder.store(vector.value, self._pointer(index, VECTOR), align=4)

    def load_complex(self, index: Any) -> Complex:
        """A complex row: LANES real parts, then LANES imaginary parts."""
        return Complex(self.load(index), self.load(self.builder.add(index, at(LANES))))

    def store_complex(self, index: Any, value: Complex) -> None:
        """Write a complex row."""
        self.store(index, value.re)
        self.store(self.builder.add(index, at(LANES)), value.im)

    def splat(self, index: Any) -> Vec:
        """One element in every lane."""
        scalar = self.builder.load(self._pointer(index, FLOAT), align=4, typ=FLOAT)
        return broadcast(self.builder, scalar)

    def splat_complex(self, index: Any) -> Complex:
        """One complex number, stored as real and imaginary part, in every lane."""
        return Complex(self.splat(index), self.splat(self.builder.add(index, at(1))))


def at(index: int) -> Any:
    """A constant index."""
    return ir.Constant(INDEX, index)


@contextmanager
def loop(builder: Any, count: Any) -> Iterator[Any]:
    """Emit the body once, to run for every index from 0 to count - 1; yields the index."""
    with cgutils.for_range(builder, count) as counter:
        yield counter.index


class Carried:
    """A vector that is carried from one turn of a loop to the next."""

    def __init__(self, initial: Vec) -> None:
        self.builder = initial.builder
        self.slot = cgutils.alloca_once_value(self.builder, initial.value)

    def get(self) -> Vec:
        """The present value."""
        return Vec(self.builder, self.builder.load(self.slot, typ=VECTOR))

    def set(self, vector: Vec) -> None:
        """Replace the value."""
        self.builder.store(vector.value, self.slot)


def transposed(rows: Sequence[Vec]) -> list[Vec]:
    """Exchange lanes and vectors of a square tile: lane j of vector i becomes lane i of vector j."""
    tile = list(rows)
    builder = tile[0].builder
    distance = 1
    while distance < LANES:
        # exchange the off-diagonal quarters of every tile of 2 * distance
        low = [x if not x & distance else LANES + x - distance for x in range(LANES)]
        high = [x + distance if not x & distance else LANES + x for x in range(LANES)]
        for i in range(LANES):
            if not i & distance:
                a, b = tile[i].value, tile[i + distance].value
                tile[i] = Vec(builder, builder.shuffle_vector(a, b, _mask(low)))
                tile[i + distance] = Vec(builder, builder.shuffle_vector(a, b, _mask(high)))
        distance *= 2
    return tile


def _mask(lanes: Sequence[int]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), LANES), list(lanes))


def kernel(emit: Any, *kinds: Any) -> tuple[Any, Any]:
    """Type and code of an intrinsic that returns nothing.

    Args:
        emit: called with the builder and one argument per kind: `Memory` for an array, a 64-bit value for an
            integer, a float32 value for a float.
        kinds: numba types of the arguments.
    """

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        arguments = []
        for kind, value in zip(signature.args, values, strict=True):
            if isinstance(kind, types.Array):
                arguments.append(Memory(context, builder, kind, value))
            else:
                wanted = types.float32 if isinstance(kind, types.Float) else types.int64
                arguments.append(context.cast(builder, value, kind, wanted))
        emit(builder, *arguments)
        return context.get_dummy_value()

    return types.void(*kinds), codegen
