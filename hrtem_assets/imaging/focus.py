"""Zero defocus: the minimum-contrast focus of a structure's particles in vacuum."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.base.errors import HrtemError
from hrtem_assets.imaging.calibration import Calibration
from hrtem_assets.imaging.focal_series import FocalSeries

# Rounding of single precision moves a variance v by up to 1e-7 v + 1e-9 sqrt(v), as measured; ten times that is a tie.
_TIE_RELATIVE = 1e-6
_TIE_OF_DEVIATION = 1e-8


class CalibrationError(HrtemError, RuntimeError):
    """Zero defocus is undefined for this structure; the message says why."""


@dataclass(frozen=True)
class ZeroDefocus:
    """A calibrated zero and the search that found it.

    Attributes:
        zero_a: defocus of least contrast from the exit plane, Å, underfocus positive.
        defocus_a: every defocus evaluated, ascending, Å.
        variance: variance of the image intensity at each.
        second_minimum_a: the next best minimum of the first grid, Å; NaN if it has no other.
        minimum_ratio: its variance by that of the first grid's best; NaN if it has no other.
    """

    zero_a: float
    defocus_a: NDArray[np.float64]
    variance: NDArray[np.float64]
    second_minimum_a: float
    minimum_ratio: float


def search_range_a(depths_a: tuple[float, float], calibration: Calibration) -> tuple[int, int]:
    """The first grid's end points, as multiples of its step.

    Args:
        depths_a: least and greatest distance of the particles' atoms before the exit plane, Å.
        calibration: steps and margin.
    """
    low = np.floor((depths_a[0] - calibration.margin_a) / calibration.coarse_step_a)
    high = np.ceil((depths_a[1] + calibration.margin_a) / calibration.coarse_step_a)
    return int(low), int(high)


def find_zero_defocus(
    series: FocalSeries, depths_a: tuple[float, float], calibration: Calibration
) -> ZeroDefocus:
    """The defocus of least image variance on the published two grids, within the particles' z range.

    Both grids are evaluated in full, because a variance may have several minima: the first over the whole range, the
    second from the first grid's point before its best to that after it. What single precision cannot tell apart is
    evaluated again in double, so that rounding decides nothing.

    Args:
        series: of the vacuum waves, with the imaging optics; on a device the grids are evaluated there.
        depths_a: least and greatest distance of the particles' atoms before the exit plane, Å.
        calibration: steps and margin.

    Raises:
        CalibrationError: if the minimum lies at an end of the range.
    """
    return _on_grids(_Variances(series, calibration.fine_step_a), depths_a, calibration)


def literal_zero_defocus(
    series: FocalSeries, depths_a: tuple[float, float], calibration: Calibration
) -> ZeroDefocus:
    """As `find_zero_defocus`, with every variance in double precision; its oracle."""
    return _on_grids(_PreciseVariances(series, calibration.fine_step_a), depths_a, calibration)


class _PreciseVariances:
    """Image variances by multiples of a step, each computed once."""

    def __init__(self, series: FocalSeries, step_a: float) -> None:
        self.series, self.step_a = series, step_a
        self.evaluations: dict[int, float] = {}

    def __call__(self, index: int) -> float:
        if index not in self.evaluations:
            self.evaluations[index] = self.evaluated(index)
        return self.evaluations[index]

    def evaluated(self, index: int) -> float:
        return float(np.var(self.series.precise_intensity(index * self.step_a)))

    def least(self, grid: range) -> int:
        """Where on a grid the variance is least; the first of equals."""
        return min(grid, key=self)


class _Variances(_PreciseVariances):
    """The same in single precision, and in double where that leaves a tie."""

    def evaluated(self, index: int) -> float:
        return float(np.var(self.series.intensity(index * self.step_a), dtype=np.float64))

    def least(self, grid: range) -> int:
        best = min(map(self, grid))
        limit = best + _TIE_RELATIVE * best + _TIE_OF_DEVIATION * math.sqrt(best)
        tied = [index for index in grid if self(index) <= limit]
        if len(tied) > 1:
            self.evaluations |= {index: super(_Variances, self).evaluated(index) for index in tied}
        return min(tied, key=self)


def _on_grids(
    variances: _PreciseVariances, depths_a: tuple[float, float], calibration: Calibration
) -> ZeroDefocus:
    low, high = search_range_a(depths_a, calibration)
    ratio = calibration.refinement
    best = variances.least(range(low * ratio, high * ratio + 1, ratio)) // ratio
    _require_interior(best, low, high, calibration)
    second = _second_minimum(lambda i: variances(i * ratio), range(low, high + 1), best)
    fine = variances.least(range((best - 1) * ratio, (best + 1) * ratio + 1))
    indices = sorted(variances.evaluations)
    return ZeroDefocus(
        zero_a=round(fine * variances.step_a, 9),
        defocus_a=np.array([round(i * variances.step_a, 9) for i in indices]),
        variance=np.array([variances(i) for i in indices]),
        second_minimum_a=math.nan if second is None else round(second * calibration.coarse_step_a, 9),
        minimum_ratio=math.nan if second is None else variances(second * ratio) / variances(best * ratio),
    )


def _second_minimum(f: Callable[[int], float], grid: range, best: int) -> int | None:
    """Of the minima within a grid other than the best, the lowest; None if there is none."""
    # of equal neighbours the first stands for all
    points = [i for i in grid if i == grid.start or f(i) != f(i - 1)]
    inner = zip(points, points[1:], points[2:], strict=False)
    others = [b for a, b, c in inner if f(a) > f(b) < f(c) and b != best]
    return min(others, key=f, default=None)


def _require_interior(best: int, low: int, high: int, calibration: Calibration) -> None:
    if low < best < high:
        return
    step = calibration.coarse_step_a
    raise CalibrationError(
        f"the least contrast lies at {best * step:g} Å, an end of the range searched ({low * step:g} to "
        f"{high * step:g} Å before the exit plane), so zero defocus is undefined; raise calibration.margin_a = "
        f"{calibration.margin_a:g}, or check that the vacuum waves show particles"
    )
