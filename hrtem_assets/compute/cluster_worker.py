"""What runs on a worker of a cluster: it takes the work once, checks itself against us, then does task by task."""

import os
import pickle
import platform
import socket
import sys
from collections.abc import Callable
from threading import Lock
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker

import hrtem_assets
from hrtem_assets.compute.workers import NUMBA, ONE_THREAD


class UnfitWorkerError(RuntimeError):
    """A worker that would make other numbers or none; the message names it, the reason and the repair."""


def own_versions() -> dict[str, str]:
    """Versions without which nothing sent can be trusted to be understood."""
    return {
        "hrtem-assets": hrtem_assets.__version__,
        "Python": ".".join(platform.python_version_tuple()[:2]),
    }


class Work(WorkerPlugin):
    """A function and all that it needs, sent once to every worker, also to those that join later.

    Args:
        function: called with each task.
        check: called once on each worker; raises if the worker cannot do the work.
    """

    def __init__(self, function: Callable[[Any], Any], check: Callable[[], None] | None) -> None:
        self.versions = own_versions()
        # opened on the worker only after the versions have been compared
        self.payload = pickle.dumps((function, check))

    def setup(self, worker: Worker) -> None:
        """Called by Dask when the plugin reaches a worker; the work itself is opened by the first task."""
        self._lock, self._threads, self._address = Lock(), worker.state.nthreads, worker.address
        self._function: Callable[[Any], Any] | None = None

    def function(self) -> Callable[[Any], Any]:
        """The function, once this worker has proved fit.

        Raises:
            UnfitWorkerError: if it is not.
        """
        with self._lock:
            if self._function is None:
                self._refuse(_differing(self.versions, own_versions()) or _contention(self._threads))
                # read when numba is loaded; Dask's nanny does not set it
                os.environ.setdefault(NUMBA, "1")
                function, check = pickle.loads(self.payload)
                if check is not None:
                    try:
                        check()
                    except Exception as error:
                        self._refuse(f"{error}")
                self._function = function
            return self._function

    def _refuse(self, reason: str) -> None:
        if reason:
            raise UnfitWorkerError(f"worker {self._address} on host {socket.gethostname()}: {reason}")


def run_task(name: str, task: Any) -> Any:
    """One task, on a worker.

    Args:
        name: of the work's plugin.
        task: what the function takes.

    Raises:
        UnfitWorkerError: if this worker cannot do it, or the work has ended.
    """
    work = get_worker().plugins.get(name)
    if not isinstance(work, Work):
        raise UnfitWorkerError(f"the run of {name} has ended")
    return work.function()(task)


def _differing(wanted: dict[str, str], found: dict[str, str]) -> str:
    wrong = [
        f"{name} is {found[name]} there and {version} here"
        for name, version in wanted.items()
        if found[name] != version
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
