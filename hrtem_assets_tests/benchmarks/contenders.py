"""What is timed, each in a process of its own so that its memory can be told: `python -m ...contenders NAME ...`."""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_assets.waves.abtem_engine import AbtemEngine
from hrtem_assets.waves.engine import ExitWaveEngine, ExitWaves
from hrtem_assets.waves.fused.engine import FusedEngine
from hrtem_assets_tests.benchmarks.case_a import Case, case_a

WARM_UP_SLICES = 2


def _engine(engine: Callable[[int], ExitWaveEngine], mode: str) -> Callable[[Case, int], ExitWaves]:
    def run(case: Case, threads: int) -> ExitWaves:
        simulation = case.simulation.model_copy(update={"fused_mode": mode})
        return engine(threads).exit_waves(case.atoms, simulation)

    return run


def fft_limit(case: Case, _threads: int) -> None:
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


CONTENDERS: dict[str, Callable[[Case, int], ExitWaves | None]] = {
    "abtem": _engine(lambda _: AbtemEngine(), "exact"),
    "fused exact": _engine(FusedEngine, "exact"),
    "fused fast": _engine(FusedEngine, "fast"),
    "fft limit": fft_limit,
}


def measure(
    name: str, phonons: int, slices: int | None, threads: int, waves: Path | None
) -> dict[str, float]:
    """Time one contender after a warm-up on two slices, which pays compilation, plans and tables.

    Args:
        name: one of `CONTENDERS`.
        phonons: frozen-phonon configurations.
        slices: see `case_a`.
        threads: of the fused engine.
        waves: where to save the exit waves.
    """
    run = CONTENDERS[name]
    case, part = case_a(phonons, slices), case_a(1, WARM_UP_SLICES)
    start = time.process_time()
    run(part, threads)
    warm_up = time.process_time() - start
    cpu, wall = time.process_time(), time.perf_counter()
    result = run(case, threads)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if waves is not None and result is not None:
        np.savez(waves, full=result.full, vacuum=result.vacuum)
    return {
        "cpu_s": cpu,
        "wall_s": wall,
        "warm_up_cpu_s": warm_up,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "atoms": len(case.atoms.numbers),
        "slices": case.slices,
        "phonons": phonons,
        "threads": threads,
    }


if __name__ == "__main__":
    name, phonons, slices, threads, waves = sys.argv[1:]
    figures = measure(name, int(phonons), int(slices) or None, int(threads), Path(waves) if waves else None)
    print(json.dumps(figures))
