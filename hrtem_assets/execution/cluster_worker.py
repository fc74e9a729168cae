"""What runs on a worker of a cluster: it takes the work once, checks itself against us, then does task by task."""

import os
import pickle
import platform
import socket
import sys
from collections.abc import Callable
from threading import Lock
from typing import Any

from distributed import Worker, get_worker
from distributed.utils import sync

import hrtem_assets
from hrtem_assets.base.errors import HrtemError
from hrtem_assets.execution.workers import NUMBA, ONE_THREAD


class UnfitWorkerError(HrtemError, RuntimeError):
    """A worker that would make other numbers or none; the message names it, the reason and the repair."""


def own_versions() -> dict[str, str]:
    """Versions without which nothing sent can be trusted to be understood."""
    return {
        "hrtem-assets": hrtem_assets.__version__,
        "Python": ".".join(platform.python_version_tuple()[:2]),
    }


def packed_work(function: Callable[[Any], Any], check: Callable[[], None] | None) -> bytes:
    """A function and all that it needs, as workers fetch it from the scheduler.

    It lies in the scheduler's metadata and is no worker plugin: those are given to every worker that joins, also to
    workers of others who share the scheduler, and one that cannot take it does not start.

    Args:
        function: called with each task.
        check: called once on each worker; raises if the worker cannot do the work.
    """
    # opened on the worker only after the versions have been compared
    return pickle.dumps((own_versions(), pickle.dumps((function, check))))


def run_task(name: str, task: bytes) -> Any:
    """One task, on a worker.

    Args:
        name: of the work, in the scheduler's metadata.
        task: what the function takes, pickled.

    Raises:
        UnfitWorkerError: if this worker cannot do it, or the work has ended.
    """
    return _function(name)(pickle.loads(task))


# of the last works that this worker has proved fit for, by name
_opened: dict[str, Callable[[Any], Any]] = {}
_opening = Lock()
_MOST_OPENED = 4


def _function(name: str) -> Callable[[Any], Any]:
    with _opening:
        if name not in _opened:
            worker = get_worker()
            packed = sync(worker.loop, worker.scheduler.get_metadata, keys=[name], default=None)
            if packed is None:
                raise UnfitWorkerError(f"the run of {name} has ended")
            function = _unpacked(packed, worker)
            while len(_opened) >= _MOST_OPENED:
                del _opened[next(iter(_opened))]
            _opened[name] = function
        return _opened[name]


def _unpacked(packed: bytes, worker: Worker) -> Callable[[Any], Any]:
    """The function, once this worker has proved fit."""
    versions, payload = pickle.loads(packed)
    _refuse(worker, _differing(versions, own_versions()) or _contention(worker.state.nthreads))
    # read when numba is loaded; Dask's nanny does not set it
    os.environ.setdefault(NUMBA, "1")
    function, check = pickle.loads(payload)
    if check is not None:
        try:
            check()
        except Exception as error:
            _refuse(worker, f"{error}")
    unpacked: Callable[[Any], Any] = function
    return unpacked


def _refuse(worker: Worker, reason: str) -> None:
    if reason:
        raise UnfitWorkerError(f"worker {worker.address} on host {socket.gethostname()}: {reason}")


def _differing(wanted: dict[str, str], installed: dict[str, str]) -> str:
    wrong = [
        f"{name} is {installed[name]} there and {version} here"
        for name, version in wanted.items()
        if installed[name] != version
    ]
    repair = f"; install the same on both (its interpreter is {sys.executable})"
    return "; ".join(wrong) + repair if wrong else ""


def _contention(threads: int) -> str:
    """Why a worker would run more threads than cores; empty if it would not."""
    if threads != 1:
        return (
            f"it runs {threads} tasks at once in one process, which would contend for memory and the interpreter; "
            f"start it with: dask worker ... --nworkers {threads} --nthreads 1"
        )
    free = [name for name in ONE_THREAD if os.environ.get(name) != "1"]
    if free:
        return (
            f"its libraries may start threads of their own; start it with "
            f"{' '.join(f'{name}=1' for name in free)} in its environment, or under its nanny, which sets them"
        )
    return ""
