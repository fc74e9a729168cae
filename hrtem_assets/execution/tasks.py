"""One way to run tasks, wherever they are computed."""

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from hrtem_assets.execution.settings import Compute, LocalCompute
from hrtem_assets.execution.workers import available_workers, map_processes

Task = TypeVar("Task")
Result = TypeVar("Result")


def map_tasks(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    compute: Compute,
    *,
    name: str,
    log: Callable[[str], None],
    check: Callable[[], None] | None = None,
) -> Generator[tuple[Task, Result], None, None]:
    """Run tasks and yield each with its result as it finishes.

    Args:
        function: picklable, with all that the tasks share; each worker gets it once.
        tasks: small and picklable; started in order. One may be done twice where workers can be lost.
        compute: where.
        name: of this work, different for works that run beside each other.
        log: receives where the work is done.
        check: called once on each worker of a cluster; raises if the worker cannot do the work.

    Raises:
        WorkerDiedError: if workers were lost and nobody can do their task.
        NoWorkersError: if a cluster has none.
        SchedulerLostError: if the cluster cannot be reached, or not any more.
        UnfitWorkerError: if a worker of a cluster cannot do the work.
        ComputeError: if a cluster cannot be started.
    """
    if isinstance(compute, LocalCompute):
        workers = min(compute.workers or available_workers(), max(1, len(tasks)))
        log(f"{name}: on {workers} worker process{'es' * (workers > 1)} of this machine")
        yield from map_processes(function, tasks, workers)
        return
    # Dask is slow to load
    from hrtem_assets.execution.cluster_tasks import map_cluster
    from hrtem_assets.execution.clusters import open_endpoint

    yield from map_cluster(
        function,
        tasks,
        open_endpoint(compute, log),
        name=name,
        log=log,
        check=check,
        at_once=compute.at_once,
        workers_timeout_s=compute.workers_timeout_s,
    )
