"""Tasks over worker processes of this machine, each on one thread."""

import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables that keep numerical libraries from threads of their own; read when these are loaded."""
NUMBA = "NUMBA_NUM_THREADS"

# the function of a worker process, sent once instead of with every task
_function: Callable[[Any], Any]


class WorkerDiedError(RuntimeError):
    """A worker ended without an answer."""


def available_workers() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_processes(
    function: Callable[[Task], Result], tasks: Sequence[Task], workers: int
) -> Generator[tuple[Task, Result], None, None]:
    """Run tasks and yield each with its result as it finishes.

    Args:
        function: importable by name or picklable, so that a worker process can have it.
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
        min(workers, len(tasks)),
        mp_context=context,
        initializer=_start_worker,
        initargs=(pickle.dumps(function),),
    )
    try:
        pending = {pool.submit(_run, task): task for task in tasks}
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


def _start_worker(function: bytes) -> None:
    global _function
    for name in (*ONE_THREAD, NUMBA):
        os.environ[name] = "1"
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # imports what computes: only now that the variables are set
    _function = pickle.loads(function)


def _run(task: Any) -> Any:
    return _function(task)


def _end_with_parent() -> None:
    """A worker must not outlive a killed parent: nobody would wait for its work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        # a pipe that closes when the parent ends, however it ends: no polling, no process id that another takes
        parent.join()
        os._exit(1)
