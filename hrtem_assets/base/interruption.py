"""Ctrl+C: what the command says then, how it ends, and that it is never lost."""

import _thread
import atexit
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

SENTENCE = "Interrupted: nothing half-written is kept, nothing complete is lost, and the same command goes on"
EXIT_CODE = 130
"""128 and the number of SIGINT, as shells have it."""


def prepare() -> None:
    """See to it that Ctrl+C is never lost, and that our line is the last of what a command prints."""
    # Python's process that clears up after processes clears what one left that was interrupted between taking a
    # semaphore and noting it, and would say so once we have ended
    sys.warnoptions.append("ignore::UserWarning:multiprocessing.resource_tracker")
    _never_lose()


def _never_lose() -> None:
    """Deliver Ctrl+C again where it came in a callback of Python's own, which drops whatever is raised in it."""
    before = sys.unraisablehook

    def hook(dropped: "sys.UnraisableHookArgs") -> None:
        if dropped.exc_type is KeyboardInterrupt:
            threading.Timer(0.05, _thread.interrupt_main).start()
        else:
            before(dropped)

    sys.unraisablehook = hook


def end_at_once_next_time() -> None:
    """Let a second Ctrl+C end the process without a word, whatever it still waits for."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def leave() -> NoReturn:
    """End the process with the exit code, once what others registered for its end is done.

    Python itself would die of the signal, where Ctrl+C came while it compiled text, and wait for every thread.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_CODE)


@contextmanager
def kept_from_children() -> Iterator[None]:
    """Keep Ctrl+C in a terminal, which reaches every process, from those that are started meanwhile.

    Processes inherit what their parent blocks. A signal that comes meanwhile is delivered to us at the end.
    """
    from multiprocessing import resource_tracker

    # its start would unblock the signal
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
