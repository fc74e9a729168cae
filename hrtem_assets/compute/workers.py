"""Tasks over worker processes, each on one thread."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


class WorkerDiedError(RuntimeError):
    """A worker process ended without an answer."""


def available_workers() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_tasks(
    function: Callable[[Task], Result], tasks: Sequence[Task], workers: int
) -> Iterator[tuple[Task, Result]]:
    """Run tasks and yield each with its result as it finishes.

    Args:
        function: importable by name, so that a worker process can find it.
        tasks: picklable; started in order.
        workers: processes; with 1, or a single task, the tasks run in this process.

    Raises:
        ValueError: if `workers` is below 1.
        WorkerDiedError: if a worker process is killed.
    """
    if workers < 1:
        raise ValueError(f"workers = {workers} must be at least 1")
    if workers == 1 or len(tasks) <= 1:
        for task in tasks:
            yield task, function(task)
        return
    # fresh interpreters: forking one with threads and FFT plans is not safe
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        min(workers, len(tasks)), mp_context=context, initializer=_start_worker, initargs=(os.getpid(),)
    )
    try:
        pending = {pool.submit(function, task): task for task in tasks}
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future), future.result()
    except BrokenProcessPool as error:
        raise WorkerDiedError(
            "a worker process was killed, most often for lack of memory; what was committed is kept: "
            f"materialize again to go on, with fewer workers than {workers} if memory is short"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(parent: int) -> None:
    for name in _ONE_THREAD:
        os.environ[name] = "1"
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    """A worker must not outlive a killed parent: nobody would wait for its work."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
