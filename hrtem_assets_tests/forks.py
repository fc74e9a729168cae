"""Child processes that start fast: forks of a server that has everything imported."""

import multiprocessing
import os
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from typing import Any

FORKS = multiprocessing.get_context("forkserver")
_PRELOADED: list[str] = []


def preloaded(module: str) -> None:
    """Let the server import a module of tests, if no test has started it yet."""
    FORKS.set_forkserver_preload([*_PRELOADED, module])
    _PRELOADED.append(module)


def fork(target: Callable[..., None], *args: Any) -> ForkServerProcess:
    """A child with the environment of now: the server's own is of the moment when the first test needed it."""
    return FORKS.Process(target=_run, args=(dict(os.environ), target, args))


def _run(environment: Mapping[str, str], target: Callable[..., None], args: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    target(*args)
