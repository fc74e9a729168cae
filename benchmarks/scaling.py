"""Whole structures by worker processes and by Dask workers side by side, and what Dask adds to a task."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from benchmarks.clock import cpu_s
from benchmarks.whole import make_all
from hrtem_assets.execution.settings import ClusterCompute, Compute, LocalCompute
from hrtem_assets.execution.tasks import map_tasks
from hrtem_assets_tests.execution.dask_cluster import dask_processes, scheduler_at
from hrtem_assets_tests.execution.jobs import square

WORKERS = (1, 2)
TASKS = 500


def measure_scaling(count: int, phonons: int) -> dict[str, Any]:
    """Structures per hour by number and kind of workers, and the overhead of a task that does nothing.

    Dask's workers are started and have made one structure before; processes of this machine start with the run and
    anew for each asset, as they always do, and that counts.

    Args:
        count: structures.
        phonons: frozen-phonon configurations.
    """
    rows = []
    for workers in WORKERS:
        here = LocalCompute(workers=workers)
        rows.append({"kind": "local", "workers": workers, **make_all(here, count, phonons)})
        with _dask(workers) as (compute, spent_s):
            make_all(compute, workers, 1, spent_s)
            rows.append({"kind": "dask", "workers": workers, **make_all(compute, count, phonons, spent_s)})
    with _dask(1) as (compute, spent_s):
        _empty_tasks(compute, 20)
        sent, cpu, wall = _loopback_bytes(), spent_s(), time.perf_counter()
        _empty_tasks(compute, TASKS)
        sent, cpu, wall = _loopback_bytes() - sent, spent_s() - cpu, time.perf_counter() - wall
    return {
        "count": count,
        "phonons": phonons,
        "rows": rows,
        "task_ms": 1000 * wall / TASKS,
        "task_cpu_ms": 1000 * cpu / TASKS,
        "task_bytes": sent / TASKS,
    }


def _empty_tasks(compute: Compute, tasks: int) -> None:
    for _ in map_tasks(square, range(tasks), compute, name="squares", log=lambda _: None):
        pass


@contextmanager
def _dask(workers: int) -> Iterator[tuple[ClusterCompute, Callable[[], float]]]:
    """A scheduler with workers, and the CPU seconds so far of these and of this process."""
    with TemporaryDirectory() as folder, dask_processes(Path(folder), workers) as cluster:
        roots = [psutil.Process(process.pid) for process in cluster.processes]
        # a worker is the child of its nanny
        family = [*roots, *(child for root in roots for child in root.children(recursive=True))]

        def spent_s() -> float:
            return cpu_s() + sum(sum(process.cpu_times()[:2]) for process in family)

        yield scheduler_at(cluster.address), spent_s


def _loopback_bytes() -> int:
    """Bytes that have crossed the loopback device; 0 where there is no such count."""
    table = Path("/proc/net/dev")
    for line in table.read_text().splitlines() if table.is_file() else ():
        name, _, figures = line.partition(":")
        if name.strip() == "lo":
            return int(figures.split()[0])
    return 0
