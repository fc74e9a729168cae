"""Whole structures by worker processes and by Dask workers side by side, and what Dask adds to a task."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hrtem_assets.compute.settings import Compute, DaskCompute, LocalCompute
from hrtem_assets.compute.tasks import map_tasks
from hrtem_assets.stages import STAGES
from hrtem_assets_tests.benchmarks.case_a import campaign_a
from hrtem_assets_tests.benchmarks.whole import MADE, make
from hrtem_assets_tests.compute.dask_cluster import dask_processes
from hrtem_assets_tests.compute.jobs import square

WORKERS = (1, 2)
TASKS = 500


def measure_scaling(count: int, phonons: int) -> dict[str, Any]:
    """Structures per hour by number and kind of workers, and the overhead of a task that does nothing.

    Dask's workers are started and have made one structure before; processes of this machine start anew for each
    stage, as they always do, and that counts.

    Args:
        count: structures.
        phonons: frozen-phonon configurations.
    """
    rows = []
    for workers in WORKERS:
        rows.append({"kind": "local", **_whole(LocalCompute(workers=workers), workers, count, phonons)})
        with _dask(workers) as compute:
            _whole(compute, workers, workers, 1)
            rows.append({"kind": "dask", **_whole(compute, workers, count, phonons)})
    with _dask(1) as compute:
        _empty_tasks(compute, 20)
        before, start = _loopback_bytes(), time.perf_counter()
        _empty_tasks(compute, TASKS)
        wall_s, sent = time.perf_counter() - start, _loopback_bytes() - before
    return {
        "count": count,
        "phonons": phonons,
        "rows": rows,
        "task_ms": 1000 * wall_s / TASKS,
        "task_bytes": sent / TASKS,
    }


def _whole(compute: Compute, workers: int, count: int, phonons: int) -> dict[str, float]:
    campaign = campaign_a(phonons)
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        for name in MADE:
            make(STAGES[name], campaign, Path(folder), count, compute)
        wall_s = time.perf_counter() - start
    return {"workers": workers, "wall_s": wall_s, "structures_per_hour": 3600 * count / wall_s}


def _empty_tasks(compute: Compute, tasks: int) -> None:
    for _ in map_tasks(square, range(tasks), compute, name="squares", log=lambda _: None):
        pass


@contextmanager
def _dask(workers: int) -> Iterator[DaskCompute]:
    with TemporaryDirectory() as folder, dask_processes(Path(folder), workers) as cluster:
        yield DaskCompute(address=cluster.address)


def _loopback_bytes() -> int:
    """Bytes that have crossed the loopback device; 0 where there is no such count."""
    table = Path("/proc/net/dev")
    for line in table.read_text().splitlines() if table.is_file() else ():
        name, _, figures = line.partition(":")
        if name.strip() == "lo":
            return int(figures.split()[0])
    return 0
