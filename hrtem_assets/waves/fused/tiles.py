"""What happens to a block besides Fourier transforms: potentials are added up, phases become exponentials."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from hrtem_assets.fft import (
    LANES,
    ROW,
    Carried,
    Complex,
    Memory,
    Vec,
    at,
    broadcast,
    constant,
    intrinsic,
    kernel,
    loop,
)


@intrinsic
def add_strip(
    _context: Any,
    phases: Any,
    first: Any,
    count: Any,
    stencil: Any,
    start: Any,
    width: Any,
    fraction_x: Any,
    fraction_y: Any,
) -> Any:
    """Add one atom's stencil to rows first ... first + count - 1 of a real block (rows of LANES numbers).

    The stencil is interpolated bilinearly. Row p takes its rows p and p - 1, which begin `width` apart; `start` is
    the element that belongs to lane 0 of the first row.
    """

    def emit(
        b: Any,
        phases: Memory,
        first: Any,
        count: Any,
        stencil: Memory,
        start: Any,
        width: Any,
        x: Any,
        y: Any,
    ) -> None:
        far_x, far_y = broadcast(b, x), broadcast(b, y)
        near_x, near_y = constant(b, 1.0) - far_x, constant(b, 1.0) - far_y

        def along_y(element: Any) -> Vec:
            return near_y * stencil.load(element) + far_y * stencil.load(b.sub(element, at(1)))

        before = Carried(along_y(b.sub(start, width)))
        with loop(b, count) as p:
            present = along_y(b.add(start, b.mul(p, width)))
            row = b.mul(b.add(first, p), at(LANES))
            phases.store(row, phases.load(row) + near_x * present + far_x * before.get())
            before.set(present)

    return kernel(emit, phases, first, count, stencil, start, width, fraction_x, fraction_y)


@intrinsic
def exponentials(_context: Any, phases: Any, count: Any, factor: Any, block: Any) -> Any:
    """Complex rows factor * exp(i phase) of a real block's first `count` rows."""

    def emit(b: Any, phases: Memory, count: Any, factor: Any, block: Memory) -> None:
        scale = broadcast(b, factor)
        with loop(b, count) as j:
            cosine, sine = _cosine_and_sine(phases.load(b.mul(j, at(LANES))))
            block.store_complex(b.mul(j, at(ROW)), Complex(cosine * scale, sine * scale))

    return kernel(emit, phases, count, factor, block)


def _near_minimax(function: Callable[[Any], Any]) -> list[float]:
    """Coefficients in t = phase^2 on the whole turn, good to 2e-8."""
    fit = Chebyshev.interpolate(function, 6, domain=[0.0, math.pi**2])
    return [float(c) for c in fit.convert(kind=Polynomial).coef]


_COSINE = _near_minimax(lambda t: np.cos(np.sqrt(t)))
_SINE_OVER_PHASE = _near_minimax(lambda t: np.sinc(np.sqrt(t) / np.pi))
# 2 pi in two parts, the first short enough that whole turns are subtracted exactly
_TURN = 6.28125
_TURN_REST = 2 * math.pi - _TURN
# adding it leaves a float32 no room for a fraction
_ROUNDER = 1.5 * 2.0**23


def _cosine_and_sine(phase: Vec) -> tuple[Vec, Vec]:
    b = phase.builder
    rounder = constant(b, _ROUNDER)
    turns = (phase.scaled(1 / (2 * math.pi)) + rounder) - rounder
    angle = (phase - turns.scaled(_TURN)) - turns.scaled(_TURN_REST)
    square = angle * angle
    return _polynomial(_COSINE, square), angle * _polynomial(_SINE_OVER_PHASE, square)


def _polynomial(coefficients: list[float], t: Vec) -> Vec:
    value = constant(t.builder, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        value = value * t + constant(t.builder, c)
    return value
