"""Disks that fill up: recognised wherever it shows, and said in words."""

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
        raise DiskFullError(
            f"the disk of {folder} is full ({free_words(folder)} free){f', at {file}' if file else ''}: nothing "
            f"half-written is kept, and nothing that was complete is lost; make room (`hrtem prune` lists what can "
            f"go), then materialize again to go on"
        ) from error


def free_words(folder: Path) -> str:
    """What is free on a folder's disk, in words."""
    return f"{_free_bytes(folder) / 1e6:.1f} MB"


def _free_bytes(folder: Path) -> int:
    there = next(p for p in (folder, *folder.parents) if p.exists())
    return shutil.disk_usage(there).free


def _cause(error: BaseException | None, folder: Path) -> BaseException | None:
    """The error in the chain that tells of a full disk."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return error
        # SQLite says "disk is full" of its data, but "disk I/O error" where the files beside them cannot grow
        if isinstance(error, sqlite3.OperationalError) and (
            "full" in str(error) or _free_bytes(folder) < _SQLITE_NEEDS_BYTES
        ):
            return error
        error = error.__cause__ or error.__context__
    return None
