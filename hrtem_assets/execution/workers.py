"""Tasks over worker processes of this machine, each on one thread."""

import multiprocessing
import os
import pickle
import sys
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from multiprocessing.reduction import DupFd
from typing import Any, TypeVar

from hrtem_assets.base.errors import HrtemError
from hrtem_assets.base.interruption import kept_from_children

Task = TypeVar("Task")
Result = TypeVar("Result")

ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables that keep numerical libraries from threads of their own; read when these are loaded."""
NUMBA = "NUMBA_NUM_THREADS"

# the function of a worker process, sent once instead of with every task
_function: Callable[[Any], Any]


class WorkerDiedError(HrtemError, RuntimeError):
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
    pool = ProcessPoolExecutor(
        min(workers, len(tasks)),
        mp_context=_context(),
        initializer=_start_worker,
        initargs=(pickle.dumps(function), dict(os.environ), _Streams()),
    )
    try:
        pending = _submitted(pool, tasks)
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future), future.result()
    except BrokenProcessPool as error:
        raise WorkerDiedError(
            "a worker process was killed, most often for lack of memory; what was committed is kept: "
            f"materialize again to go on, with fewer workers than {workers} if memory is short"
        ) from error
    except Exception:
        # what others are in the middle of is worth its wait
        raise
    except BaseException:
        # interrupted, or nobody takes the results any more
        _end(pool)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _end(pool: ProcessPoolExecutor) -> None:
    """End workers in the middle of what they do; whatever they had not committed is made again."""
    # internal to Python until 3.14, which has `kill_workers`
    for process in list((pool._processes or {}).values()):
        process.kill()


def _submitted(pool: ProcessPoolExecutor, tasks: Sequence[Task]) -> dict[Future[Any], Task]:
    try:
        # we end the workers ourselves
        with kept_from_children():
            return {pool.submit(_run, task): task for task in tasks}
    except (EOFError, ConnectionError) as error:
        raise BrokenProcessPool("the server that workers are copies of was killed") from error


def _context() -> BaseContext:
    """How worker processes start; never as a copy of this process, whose threads and FFT plans would be broken in it.

    On Linux they are copies of a small server that has loaded what computes and done nothing else: 20 ms instead of
    1.5 s and more. The server never opens a CUDA device: its copies could not use it.
    """
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # of no effect once the server runs
    context.set_forkserver_preload(["hrtem_assets.execution.preload"])
    return context


class _Streams:
    """Standard output and error of this process, for a worker: those of the fork server are those of its first use."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _redirect, (DupFd(1), DupFd(2))


def _redirect(*descriptors: Any) -> None:
    for number, descriptor in enumerate(descriptors, start=1):
        copy = descriptor.detach()
        # a fresh interpreter has them already
        if copy != number:
            os.dup2(copy, number)
            os.close(copy)


def _start_worker(function: bytes, environment: Mapping[str, str], _: object) -> None:
    global _function
    os.environ.clear()
    os.environ.update(environment)
    use_one_thread()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # imports what computes: only now that the variables are set
    _function = pickle.loads(function)


def use_one_thread() -> None:
    """Keep libraries that are loaded after this from threads of their own."""
    for name in (*ONE_THREAD, NUMBA):
        os.environ[name] = "1"


def _run(task: Any) -> Any:
    return _function(task)


def _end_with_parent() -> None:
    """A worker must not outlive a killed parent: nobody would wait for its work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        # a pipe that closes when the parent ends, however it ends: no polling, no process id that another takes
        parent.join()
        os._exit(1)
