"""The engines alone on case A, and the Fourier transforms that they cannot do without."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.case_a import Case, case_a
from benchmarks.clock import cpu_s, peak_memory_mb
from hrtem_assets.waves.engine import ExitWaveEngine, ExitWaves
from hrtem_assets.waves.engines.abtem import AbtemEngine
from hrtem_assets.waves.engines.fused import FusedEngine
from hrtem_assets.waves.engines.prismatic import PrismaticEngine
from hrtem_assets.waves.prismatic.environment import VARIABLE

WARM_UP_SLICES = 2
# too slow to be run again
ONCE = ("abtem", "prismatic")


def _engine(engine: type[ExitWaveEngine], **settings: Any) -> Callable[[Case], ExitWaves]:
    def run(case: Case) -> ExitWaves:
        return engine().exit_waves(case.atoms, case.simulation.model_copy(update=settings))

    return run


def fft_limit(case: Case) -> None:
    """The Fourier transforms alone: two of the whole grid per slice, phonon and wave, by the faster library."""
    import ducc0
    import pyfftw  # type: ignore[import-untyped]

    n = case.simulation.grid
    array = pyfftw.zeros_aligned((n, n), "complex64")
    plan = pyfftw.FFTW(array, array, axes=(0, 1), threads=1, flags=("FFTW_MEASURE",))
    array[:] = 1
    candidates = (lambda: ducc0.fft.c2c(array, out=array, nthreads=1, inorm=1), plan.execute)
    for transform in candidates:
        transform()
    fastest = min(candidates, key=_seconds)
    array[:] = 1
    for _ in range(2 * 2 * case.slices * len(case.atoms.positions_a)):
        fastest()
        # unnormalised transforms would overflow, and what overflows is not what is timed
        array[0, 0] = 1


def _seconds(action: Callable[[], Any]) -> float:
    times = []
    for _ in range(5):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)


CONTENDERS: dict[str, Callable[[Case], ExitWaves | None]] = {
    "abtem": _engine(AbtemEngine),
    "fused exact": _engine(FusedEngine, fused_mode="exact"),
    "fused fast": _engine(FusedEngine, fused_mode="fast"),
    "fft limit": fft_limit,
}
if os.environ.get(VARIABLE):
    CONTENDERS["prismatic"] = _engine(PrismaticEngine, parametrization="kirkland")


def least_cpu(name: str, case: Case, repeats: int) -> tuple[float, float, ExitWaves | None]:
    """CPU and wall seconds of a contender's cheapest run, and its waves.

    Args:
        name: one of `CONTENDERS`.
        case: what it computes.
        repeats: runs of all but those in `ONCE`.
    """
    costs, waves = [], None
    for _ in range(1 if name in ONCE else repeats):
        cpu, wall = cpu_s(), time.perf_counter()
        waves = CONTENDERS[name](case)
        costs.append((cpu_s() - cpu, time.perf_counter() - wall))
    return *min(costs), waves


def measure(name: str, phonons: int, repeats: int, waves: Path | None) -> dict[str, float]:
    """Time one contender after a warm-up on two slices, which pays compilation, plans and tables.

    Args:
        name: one of `CONTENDERS`.
        phonons: frozen-phonon configurations.
        repeats: runs, the cheapest of which counts; see `least_cpu`.
        waves: where to save the exit waves.
    """
    case, part = case_a(phonons), case_a(1, WARM_UP_SLICES)
    warm_up, _, _ = least_cpu(name, part, 1)
    cpu, wall, result = least_cpu(name, case, repeats)
    if waves is not None and result is not None:
        np.savez(waves, full=result.full, vacuum=result.vacuum)
    return {
        "cpu_s": cpu,
        "wall_s": wall,
        "warm_up_cpu_s": warm_up,
        "peak_memory_mb": peak_memory_mb(),
        "atoms": len(case.atoms.numbers),
        "slices": case.slices,
        "phonons": phonons,
    }
