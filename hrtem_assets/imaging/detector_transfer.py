"""Transfer of signal and noise by a detector, by spatial frequency in units of its Nyquist frequency."""

import itertools
import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.imaging.detector import Detector, Transfer

LEAST_POWER = -1.0
# below it noise does not go on rising as the MTF falls
LEAST_RISING = 0.1
LEAST_TRANSFER = 1e-6
# settings that decide the DQE
_DECIDE = ("mtf", "ntf", "dqe_zero", "dqe_half_nyquist")


def radius(ky: NDArray[np.float64], kx: NDArray[np.float64], pixel_a: float) -> NDArray[np.float64]:
    """Length of the spatial frequency in units of Nyquist, float64 (ny, nx).

    Args:
        ky: (ny, 1), 1/Å.
        kx: (1, nx), 1/Å.
        pixel_a: pixel before binning, Å.
    """
    return np.asarray(2 * pixel_a * np.sqrt(ky**2 + kx**2))


def transfer(q: NDArray[np.float64], function: Transfer | None) -> NDArray[np.float64]:
    """A transfer function, 1 at zero frequency; of a table beyond its end, its last value.

    Args:
        q: frequency by Nyquist.
        function: drawn; none: 1 throughout.
    """
    if function is None:
        return np.ones_like(q)
    if function.table is not None:
        frequencies, values = np.array(function.table).T
        return np.asarray(np.interp(q, frequencies, values / values[0]))
    falling = 1 / (1 + (q / (2 * function.c3)) ** abs(function.c4))
    at_zero = 0.5 if function.c4 == 0 else 1.0
    span = function.c1 - function.c2
    return np.asarray((span * falling + function.c2) / (span * at_zero + function.c2))


def signal_transfer(q: NDArray[np.float64], detector: Detector) -> NDArray[np.float64]:
    """The modulation transfer function.

    Args:
        q: frequency by Nyquist.
        detector: drawn.
    """
    return transfer(q, detector.mtf)


def noise_transfer(q: NDArray[np.float64], detector: Detector) -> NDArray[np.float64]:
    """The noise transfer function: as given; or MTF^p, where the power p gives the DQE that is asked for at half
    Nyquist; or the MTF.

    Args:
        q: frequency by Nyquist.
        detector: drawn.
    """
    if detector.ntf is not None:
        # where next to nothing is transferred, a quotient must stay a number
        return np.maximum(transfer(q, detector.ntf), LEAST_TRANSFER)
    signal, power = signal_transfer(q, detector), noise_power(detector)
    if power < 0:
        # noise that rises as the signal falls must not rise without end
        signal = np.maximum(signal, LEAST_RISING)
    return np.asarray(signal**power)


def signal_before_noise(q: NDArray[np.float64], detector: Detector) -> NDArray[np.float64]:
    """MTF / NTF, sqrt(DQE(q) / DQE(0)): what filters the signal before its electrons are counted.

    Args:
        q: frequency by Nyquist.
        detector: drawn.
    """
    signal = signal_transfer(q, detector)
    if detector.ntf is None and 0 <= (power := noise_power(detector)) <= 1:
        # where nothing is transferred the quotient still has a value
        return np.asarray(signal ** (1 - power))
    return np.asarray(signal / noise_transfer(q, detector))


def noise_power(detector: Detector) -> float:
    """The power p of NTF = MTF^p: 1 where noise is blurred like the signal, and DQE does not fall; 0 where it is white,
    and DQE falls as MTF^2; at least -1, where noise rises with frequency.

    Args:
        detector: drawn.
    """
    if detector.dqe_half_nyquist is None:
        return 1.0
    at_half = float(signal_transfer(np.array(0.5), detector))
    if not 0 < at_half < 1:
        return 1.0
    power = 1 - math.log(detector.dqe_half_nyquist / detector.dqe_zero) / (2 * math.log(at_half))
    if power < 0 and at_half < LEAST_RISING:
        power *= math.log(at_half) / math.log(LEAST_RISING)
    return min(max(power, LEAST_POWER), 1.0)


def check_efficiency(detector: Detector) -> None:
    """Refuse a DQE that no blur of signal and noise gives, for everything that can be drawn.

    Args:
        detector: of a campaign.

    Raises:
        ValueError: names the settings, the range and the repair.
    """
    if detector.dqe_half_nyquist is None and detector.ntf is None:
        return
    # each number moves the DQE one way only: the extremes lie in the corners of what can be drawn
    drawn = [path for path in detector.distributions() if path.split(".")[0] in _DECIDE]
    for ends in itertools.product((0, 1), repeat=len(drawn)):
        _check_drawn(_at_ends(detector, dict(zip(drawn, ends, strict=True))))


def _at_ends(detector: Detector, ends: Mapping[str, int]) -> Detector:
    """The detector with 0, the least, or 1, the greatest value of what is named, and the medians of the rest."""
    return detector.drawn(lambda path, of: of.support[ends[path]] if path in ends else of.median)


def _check_drawn(detector: Detector) -> None:
    half, zero = detector.dqe_half_nyquist, detector.dqe_zero
    if half is None:
        q = np.linspace(0, 1, 101)
        dqe = zero * signal_before_noise(q, detector) ** 2
        worst = int(dqe.argmax())
        if dqe[worst] > 1 + 1e-6:
            raise ValueError(
                f"ntf: with this mtf and dqe_zero = {zero:g} the DQE, dqe_zero (MTF / NTF)^2, would reach "
                f"{dqe[worst]:.3g} at {q[worst]:g} of Nyquist, and no more electrons can count than arrive (1); raise "
                f"the ntf there, or lower the mtf or dqe_zero"
            )
        return
    at_half = float(signal_transfer(np.array(0.5), detector))
    if at_half == 0:
        raise ValueError(
            f"dqe_half_nyquist = {half:g} cannot be had: the mtf is 0 at half Nyquist; remove it, or change the mtf"
        )
    least = min(zero * (at_half * max(at_half, LEAST_RISING)) ** 2, zero)
    if not least * (1 - 1e-9) <= half <= zero * (1 + 1e-9):
        raise ValueError(
            f"dqe_half_nyquist = {half:g} cannot be had with dqe_zero = {zero:g} and this mtf: it must lie from "
            f"{least:.3g} (noise that rises as the signal falls) to {zero:g} (noise blurred like the signal); change "
            f"it, or the mtf"
        )
