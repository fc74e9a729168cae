"""Folders that let nothing be written: full, read-only, gone, a file, not ours; recognised wherever it shows."""

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hrtem_assets.base.errors import HrtemError
from hrtem_assets.store.files import file_in_the_way, free_bytes, is_local
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.locking import user_name

# no space, no quota, no larger file allowed
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM}
_NO_FOLDER = {errno.ENOTDIR, errno.EEXIST}
_NO_ANSWER = {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO}

_SQLITE_NEEDS_BYTES = 4_000_000


class FolderError(HrtemError, RuntimeError):
    """A folder cannot be used; the message names it, the variable that chooses it, the reason and the repair."""


class DiskFullError(FolderError):
    """Nothing more can be written; the message names the place, what is free and the repair."""


@dataclass(frozen=True)
class Folder:
    """A folder that we write to.

    Attributes:
        path: where it is.
        variable: the environment variable that chooses it.
    """

    path: Path
    variable: str

    def __str__(self) -> str:
        return f"{self.path} ({self.variable})"

    def holds(self, file: Path) -> bool:
        """Whether a file lies in it, or on the way to it."""
        return file.is_relative_to(self.path) or self.path.is_relative_to(file)


def folders_of(layout: Layout) -> list[Folder]:
    """The folders that making stores writes to, whatever Dagster's own is.

    Args:
        layout: where stores and all else lie.
    """
    folders = [Folder(layout.root, "HRTEM_DATA")]
    if layout.elsewhere is not None and is_local(layout.elsewhere):
        folders.append(Folder(layout.elsewhere, "HRTEM_ASSETS"))
    try:
        return [*folders, Folder(Path(tempfile.gettempdir()).resolve(), "TMPDIR")]
    except FileNotFoundError as error:
        raise FolderError(f"{error.strerror}; set TMPDIR to a folder that can be written") from error


def require_writable(folder: Folder) -> None:
    """Make a folder, if it is not there, and see that something can be written into it.

    Raises:
        FolderError: if not.
    """
    with room_in(folder):
        folder.path.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.TemporaryFile(dir=folder.path) as file:
                file.write(b"hrtem")
        except OSError as error:
            # the name of the file that was tried says nothing
            raise OSError(error.errno, error.strerror, str(folder.path)) from error


@contextmanager
def room_in(*folders: Folder) -> Iterator[None]:
    """Say in words what is wrong with the folders that are written to.

    Args:
        folders: where an error that names no file is looked for, the likeliest first.

    Raises:
        FolderError, DiskFullError: instead of what the operating system or SQLite raise.
    """
    before = {folder: _identity(folder.path) for folder in folders}
    try:
        yield
    except FolderError:
        raise
    except Exception as error:
        said = _in_words(error, before)
        if said is None:
            raise
        raise said from error


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


def _in_words(error: BaseException, before: Mapping[Folder, tuple[int, int] | None]) -> FolderError | None:
    """What an error says about one of the folders; nothing if it is about something else."""
    for folder, identity in before.items():
        # behind it may be anything: a database without tables, a fence that is not there
        if identity is not None and _identity(folder.path) != identity:
            return FolderError(
                f"{folder} is gone: it was there at first, and has been deleted, moved or unmounted since; bring it "
                f"back, then materialize again to go on"
            )
    cause: BaseException | None = error
    while cause is not None:
        said = None
        if isinstance(cause, OSError):
            said = _of_system(cause, list(before))
        elif isinstance(cause, sqlite3.OperationalError):
            said = _of_database(cause, list(before))
        if said is not None:
            return said
        cause = cause.__cause__ or cause.__context__
    return None


def _of_system(error: OSError, folders: list[Folder]) -> FolderError | None:
    """What the operating system refused."""
    file = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    if error.errno in _FULL:
        return _full(_of(file, folders) or min(folders, key=_free), file)
    folder = _of(file, folders)
    if folder is None:
        return None
    other = f"or name another folder in {folder.variable}"
    at = f", at {file}" if file != folder.path else ""
    match error.errno:
        case errno.EROFS:
            return FolderError(f"{folder} is read-only{at}: make it writable, {other}")
        case code if code in _FORBIDDEN:
            return FolderError(
                f"{folder} may not be used by user {user_name()}{at}: change its owner or permissions, {other}"
            )
        case code if code in _NO_FOLDER and (in_the_way := file_in_the_way(folder.path)):
            return FolderError(f"{folder} cannot be a folder: {in_the_way} is a file; move that, {other}")
        case code if code in _NO_ANSWER:
            return FolderError(
                f"the disk of {folder} does not answer ({error.strerror}){at}: mount it again, {other}"
            )
        case errno.ENOENT if not folder.path.is_dir():
            return FolderError(f"{folder} is not there: make it, {other}")
        case _:
            return None


def _of_database(error: sqlite3.OperationalError, folders: list[Folder]) -> FolderError | None:
    """What SQLite refused: Dagster's databases lie in its home, which is the first of the folders."""
    text, home = str(error), folders[0]
    other = f"or name another folder in {home.variable}"
    # it says "disk is full" of its data, but "disk I/O error" where the files beside them cannot grow
    if "full" in text or _free(home) < _SQLITE_NEEDS_BYTES:
        return _full(home, None)
    if "locked" in text:
        return FolderError(
            f"Dagster's database in {home} is locked by another process: end that, or wait for it, then begin again"
        )
    if "readonly" in text or "unable to open" in text:
        return FolderError(
            f"Dagster's database in {home} cannot be written ({text}): make it writable, {other}"
        )
    return None


def _full(folder: Folder, file: Path | None) -> DiskFullError:
    where = f", at {file}" if file is not None else ""
    return DiskFullError(
        f"the disk of {folder} is full ({_free(folder) / 1e6:.1f} MB free){where}: nothing half-written is kept, and "
        f"nothing that was complete is lost; make room (`hrtem prune` lists what can go), then materialize again to "
        f"go on"
    )


def _of(file: Path | None, folders: list[Folder]) -> Folder | None:
    """The innermost folder that a file lies in, or on the way to; others have theirs in that for temporary files."""
    ours = [f for f in folders if f.variable != "TMPDIR" or not os.access(f.path, os.W_OK)]
    holding = [folder for folder in ours if file is not None and folder.holds(file)]
    return max(holding, key=lambda folder: len(folder.path.parts), default=None)


def _free(folder: Folder) -> int:
    try:
        return free_bytes(folder.path) or 0
    except OSError:
        return 0


def _identity(path: Path) -> tuple[int, int] | None:
    """What a folder is, whatever its name; nothing if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
