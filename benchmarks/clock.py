"""CPU seconds and memory, and a process of its own for each thing that is measured."""

import multiprocessing
import os
import platform
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.forkserver import _forkserver
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

Result = TypeVar("Result")


def in_own_process(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function of a module in a fresh interpreter, so that its memory is its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def end_fork_server() -> None:
    """End the server that worker processes are copies of, so that its time and memory, and theirs, are counted here."""
    _forkserver._stop()  # type: ignore[attr-defined]


def cpu_s() -> float:
    """CPU seconds of this process, and of its children that have ended."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_memory_mb() -> float:
    """The most memory that this process, or the largest of its ended children, has held."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(usage.ru_maxrss for usage in usages) / 1024


class Laps:
    """CPU seconds between calls, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = cpu_s()

    def __call__(self, name: str) -> None:
        now = cpu_s()
        self.seconds[name], self._last = now - self._last, now


@contextmanager
def cpu_of(owner: type, method: str) -> Iterator[list[float]]:
    """CPU seconds of every call of a method while the context lasts.

    Raises:
        RuntimeError: if there was no call; a time of nothing would look like a fast one.
    """
    calls: list[float] = []
    original = getattr(owner, method)

    def timed(*arguments: Any, **named: Any) -> Any:
        start = time.process_time()
        try:
            return original(*arguments, **named)
        finally:
            calls.append(time.process_time() - start)

    with mock.patch.object(owner, method, timed):
        yield calls
    if not calls:
        raise RuntimeError(
            f"{owner.__name__}.{method} was not called: what is to be timed has another name now"
        )


def machine() -> str:
    """Processor and number of cores."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"
