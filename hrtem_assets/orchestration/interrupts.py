"""Ctrl+C during a run: Dagster holds it back between steps, and forgets it at a run's end."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import dagster as dg

from hrtem_assets.base.interruption import kept_from_children
from hrtem_assets.orchestration.dagster_internals import ErrorSource, RunFailureReason, compute_logs


@contextmanager
def interrupts_seen() -> Iterator[Callable[[], bool]]:
    """Gives a function that says whether SIGINT has come since, whoever handled it."""
    if threading.current_thread() is not threading.main_thread():
        # signals are the main thread's
        yield lambda: False
        return
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.setblocking(False)
        writer.setblocking(False)
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)

        def came() -> bool:
            try:
                return signal.SIGINT in reader.recv(4096)
            except BlockingIOError:
                return False

        try:
            yield came
        finally:
            signal.set_wakeup_fd(before)


def is_interruption(event: dg.DagsterEvent) -> bool:
    """Whether an event says that a step or a run failed because it was interrupted."""
    return (event.is_step_failure and event.step_failure_data.error_source == ErrorSource.INTERRUPT) or (
        event.is_job_failure
        and event.job_failure_data.failure_reason == RunFailureReason.UNEXPECTED_TERMINATION
    )


@contextmanager
def helpers_undisturbed() -> Iterator[None]:
    """Keep Ctrl+C from the programs with which Dagster shows a step's output: they would answer with tracebacks."""
    start = compute_logs.execute_posix_tail

    @contextmanager
    def undisturbed(*arguments: Any) -> Iterator[Any]:
        with ExitStack() as stack:
            with kept_from_children():
                started = stack.enter_context(start(*arguments))
            yield started

    # internal to Dagster as well; a test looks for what they would print
    compute_logs.execute_posix_tail = undisturbed  # type: ignore[assignment]
    try:
        yield
    finally:
        compute_logs.execute_posix_tail = start
