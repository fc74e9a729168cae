"""How the cost of exit waves grows with atoms, grid, slices and phonons, and that of whole structures with workers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.case_a import Case, case_a
from benchmarks.clock import in_own_process
from benchmarks.contenders import WARM_UP_SLICES, least_cpu
from benchmarks.whole import measure_workers
from hrtem_assets.execution.workers import available_workers

ENGINES = ("abtem", "fused exact", "fused fast")
# by axis: values, and the case of each
AXES: dict[str, tuple[tuple[float, ...], Callable[[float], Case]]] = {
    "atoms": ((0.25, 0.5, 0.75, 1.0), lambda part: case_a(1, part_of_atoms=part)),
    "grid": ((0.2, 0.16, 0.125, 0.1), lambda sampling_a: case_a(1, sampling_a=sampling_a)),
    "slices": ((25, 50, 75, 100), lambda slices: case_a(1, slices=int(slices))),
    "phonons": ((1, 2, 4, 8), lambda phonons: case_a(int(phonons))),
}
SIZE: dict[str, Callable[[Case], int]] = {
    "atoms": lambda case: len(case.atoms.numbers),
    "grid": lambda case: case.simulation.grid,
    "slices": lambda case: case.slices,
    "phonons": lambda case: len(case.atoms.positions_a),
}
WORKER_STRUCTURES, WORKER_PHONONS = 8, 8


def measure_axis(axis: str, engine: str, repeats: int) -> list[dict[str, float]]:
    """CPU seconds of an engine along one axis, each after a warm-up on two slices.

    Args:
        axis: one of `AXES`.
        engine: one of `contenders.CONTENDERS`.
        repeats: runs, the cheapest of which counts; see `least_cpu`.
    """
    values, case_of = AXES[axis]
    points = []
    for value in values:
        case = case_of(value)
        least_cpu(engine, case_a(1, WARM_UP_SLICES, case.simulation.sampling_a), 1)
        cpu, _, _ = least_cpu(engine, case, repeats)
        points.append({axis: SIZE[axis](case), "cpu_s": cpu})
    return points


def measure_growth(say: Callable[[str], None], repeats: int) -> dict[str, Any]:
    """Points along every axis, by engine; and structures per hour by number of workers, up to one per core.

    Args:
        say: receives what is being measured.
        repeats: see `least_cpu`.
    """
    found: dict[str, Any] = {}
    for axis in AXES:
        found[axis] = {}
        for engine in ENGINES:
            say(f"growth with {axis}, {engine}")
            found[axis][engine] = in_own_process(measure_axis, axis, engine, repeats)
    found["workers"] = []
    workers = 1
    while workers <= available_workers():
        say(f"growth with workers, {workers}")
        found["workers"].append(in_own_process(measure_workers, workers, WORKER_STRUCTURES, WORKER_PHONONS))
        workers *= 2
    return found


def draw_growth(growth: dict[str, Any], path: Path) -> None:
    """One panel per axis, as PNG; doubly logarithmic, so that cost in proportion is a line of slope one."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 3.6), layout="constrained")
    panels = figure.subplots(1, len(AXES) + 1)
    for panel, axis in zip(panels, AXES, strict=False):
        for engine, points in growth[axis].items():
            panel.loglog([p[axis] for p in points], [p["cpu_s"] for p in points], "o-", label=engine)
        sizes = [p[axis] for p in next(iter(growth[axis].values()))]
        panel.set_xticks(sizes, [f"{size / 1000:.0f}k" if size >= 10_000 else f"{size}" for size in sizes])
        panel.set_xticks([], minor=True)
        panel.set(xlabel="grid points along a side" if axis == "grid" else axis, ylabel="CPU s")
        panel.grid(alpha=0.3)
    panels[0].legend(frameon=False)
    workers = growth["workers"]
    panels[-1].plot([p["workers"] for p in workers], [p["structures_per_hour"] for p in workers], "o-")
    panels[-1].set(xlabel="workers", ylabel="whole structures per hour", ylim=(0, None))
    panels[-1].set_xticks([p["workers"] for p in workers])
    panels[-1].grid(alpha=0.3)
    figure.savefig(path, dpi=150)
