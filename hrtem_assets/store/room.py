"""Disks that fill up: recognised wherever it shows, and said in words."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hrtem_assets.store.places import free_bytes

# no space, no quota, no larger file allowed
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_SQLITE_NEEDS_BYTES = 4_000_000


class DiskFullError(RuntimeError):
    """Nothing more can be written; the message names the place, what is free and the repair."""


@contextmanager
def room_in(folder: Path) -> Iterator[None]:
    """Say a full disk in words.

    Args:
        folder: of everything written; named where the error itself names no file.

    Raises:
        DiskFullError: instead of what the operating system or SQLite raise.
    """
    try:
        yield
    except Exception as error:
        cause = _cause(error, folder)
        if cause is None:
            raise
        file = getattr(cause, "filename", None)
        where = f", at {file}" if file else ""
        raise DiskFullError(
            f"the disk of {folder} is full ({(free_bytes(folder) or 0) / 1e6:.1f} MB free){where}: nothing "
            f"half-written is kept, and nothing that was complete is lost; make room (`hrtem prune` lists what can "
            f"go), then materialize again to go on"
        ) from error


@contextmanager
def streams_kept() -> Iterator[None]:
    """Give standard output and standard error back at the end.

    Dagster sends them into files while a step runs, and leaves them there if the disk of those is full; what a command
    says at its end would be lost.
    """
    kept = {number: os.dup(number) for number in (1, 2)}
    try:
        yield
    finally:
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)


def _cause(error: BaseException | None, folder: Path) -> BaseException | None:
    """The error in the chain that tells of a full disk."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return error
        # SQLite says "disk is full" of its data, but "disk I/O error" where the files beside them cannot grow
        if isinstance(error, sqlite3.OperationalError) and (
            "full" in str(error) or (free_bytes(folder) or 0) < _SQLITE_NEEDS_BYTES
        ):
            return error
        error = error.__cause__ or error.__context__
    return None
