"""Zero defocus: the minimum-contrast focus of a structure's particles in vacuum."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Calibration
from hrtem_assets.imaging.on_device import DeviceSpectra
from hrtem_assets.imaging.transfer import Spectra, intensity


class CalibrationError(RuntimeError):
    """No interior contrast minimum was found; the message names the range searched."""


@dataclass(frozen=True)
class ZeroDefocus:
    """A calibrated zero and the search that found it.

    Attributes:
        zero_a: defocus of least contrast from the exit plane, Å, underfocus positive.
        defocus_a: every defocus evaluated, ascending, Å.
        variance: variance of the image intensity at each.
    """

    zero_a: float
    defocus_a: NDArray[np.float64]
    variance: NDArray[np.float64]


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
    spectra: Spectra | DeviceSpectra, depths_a: tuple[float, float], calibration: Calibration
) -> ZeroDefocus:
    """The defocus of least image variance on the published two grids, within the particles' z range.

    Every sixth point of the first grid is evaluated, then a unimodal search narrows the bracket on the first grid
    and again on the second. It needs about a fifth of the evaluations of `literal_zero_defocus`, for the same answer.

    Args:
        spectra: of the vacuum waves, with the imaging optics; on a device the search runs there.
        depths_a: least and greatest distance of the particles' atoms before the exit plane, Å.
        calibration: steps and margin.

    Raises:
        CalibrationError: if the minimum lies at an end of the range.
    """
    search = _Search(spectra, calibration)
    low, high = search_range_a(depths_a, calibration)
    scan = sorted({*range(low, high, 6), high})
    best = min(scan, key=search.coarse)
    at = scan.index(best)
    best = _unimodal_argmin(search.coarse, scan[max(at - 1, 0)], scan[min(at + 1, len(scan) - 1)])
    _require_interior(best, low, high, calibration)
    ratio = search.ratio
    fine = _unimodal_argmin(search.fine, (best - 1) * ratio, (best + 1) * ratio)
    return search.result(fine)


def literal_zero_defocus(
    spectra: Spectra | DeviceSpectra, depths_a: tuple[float, float], calibration: Calibration
) -> ZeroDefocus:
    """As `find_zero_defocus`, by evaluating both grids in full as published; its oracle."""
    search = _Search(spectra, calibration)
    low, high = search_range_a(depths_a, calibration)
    best = min(range(low, high + 1), key=search.coarse)
    _require_interior(best, low, high, calibration)
    ratio = search.ratio
    fine = min(range((best - 1) * ratio, (best + 1) * ratio + 1), key=search.fine)
    return search.result(fine)


class _Search:
    """Image variances by grid index, each computed once."""

    def __init__(self, spectra: Spectra | DeviceSpectra, calibration: Calibration) -> None:
        self.spectra = spectra
        self.step_a = calibration.fine_step_a
        self.ratio = round(calibration.coarse_step_a / calibration.fine_step_a)
        self.seen: dict[int, float] = {}

    def fine(self, index: int) -> float:
        if index not in self.seen:
            self.seen[index] = float(np.var(intensity(self.spectra, index * self.step_a), dtype=np.float64))
        return self.seen[index]

    def coarse(self, index: int) -> float:
        return self.fine(index * self.ratio)

    def result(self, index: int) -> ZeroDefocus:
        indices = sorted(self.seen)
        return ZeroDefocus(
            zero_a=round(index * self.step_a, 9),
            defocus_a=np.array([round(i * self.step_a, 9) for i in indices]),
            variance=np.array([self.seen[i] for i in indices]),
        )


def _unimodal_argmin(f: Callable[[int], float], low: int, high: int) -> int:
    """Argument of the least value on low..high, by parabolas; exact where f falls and then rises."""
    middle = (low + high) // 2
    while high - low > 2:
        guess = min(max(_lowest_point(f, low, middle, high), low + 1), high - 1)
        if guess == middle:
            guess += 1 if high - middle > middle - low else -1
        left, right = sorted((guess, middle))
        if f(left) <= f(right):
            middle, high = left, right
        else:
            low, middle = left, right
    return min(range(low, high + 1), key=f)


def _lowest_point(f: Callable[[int], float], low: int, middle: int, high: int) -> int:
    """Where the parabola through three points is lowest; the middle one if it opens downwards."""
    left, right = middle - low, high - middle
    from_low, from_high = f(low) - f(middle), f(high) - f(middle)
    opening = left * from_high + right * from_low
    if opening <= 0:
        return middle
    return round(middle + (right**2 * from_low - left**2 * from_high) / (2 * opening))


def _require_interior(best: int, low: int, high: int, calibration: Calibration) -> None:
    if low < best < high:
        return
    step = calibration.coarse_step_a
    raise CalibrationError(
        f"the least contrast lies at {best * step:g} Å, an end of the range searched ({low * step:g} to "
        f"{high * step:g} Å before the exit plane), so zero defocus is undefined; raise calibration.margin_a = "
        f"{calibration.margin_a:g}, or check that the vacuum waves show particles"
    )
