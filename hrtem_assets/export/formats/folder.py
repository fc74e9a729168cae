"""Export folders: filled beside their place, checked by checksums, and put into place in one step."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hrtem_assets.base.errors import HrtemError

CHECKSUMS = "SHA256SUMS"


class ExportError(HrtemError, RuntimeError):
    """An export that cannot be written where it should; the message says how to go on."""


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A hidden folder to fill, which becomes `target` once the block ends without an error.

    An earlier export at `target` stays until then; what a crash left is removed by the next attempt.

    Args:
        target: where the finished export shall lie.

    Raises:
        ExportError: if another process writes there, or files lie there that are not of an earlier export.
    """
    _refuse_foreign(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial, old = (target.with_name(f".{target.name}.{word}") for word in ("partial", "old"))
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ExportError(f"{target} is being written by another process; wait for it to end") from None
    try:
        for leftover in (partial, old):
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir()
        yield partial
        _write_checksums(partial)
        _flush(partial)
        if target.exists():
            target.rename(old)
        partial.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        lock.release()


def checksums(folder: Path) -> dict[str, str]:
    """The checksums that an export states, by file name relative to its folder."""
    lines = (folder / CHECKSUMS).read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_in(folder: Path) -> list[str]:
    """All files of a folder, relative to it, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _write_checksums(folder: Path) -> None:
    # the format of `sha256sum --check`
    lines = [f"{sha256(folder / name)}  {name}\n" for name in files_in(folder)]
    (folder / CHECKSUMS).write_text("".join(lines), "utf-8")


def _refuse_foreign(target: Path) -> None:
    """Only an export may be replaced: a folder with anything else in it could be somebody's work."""
    if not target.exists():
        return
    if target.is_dir() and not any(target.iterdir()):
        return
    stated = checksums(target) if (target / CHECKSUMS).is_file() else {}
    foreign = [name for name in files_in(target) if name not in stated and name != CHECKSUMS]
    if not stated or foreign:
        raise ExportError(
            f"{target} holds {', '.join(foreign[:3]) or 'something'} that is not one of our exports and would be lost; "
            f"name another folder, or remove it"
        )


def _flush(folder: Path) -> None:
    """Bring every file to disk before the folder gets its name, for power cuts."""
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
