"""Places where stores lie, a folder or an object store: everything that differs between the two."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from upath import UPath

from hrtem_assets.store.errors import StoreError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from zarr.abc.store import Store

Place = Path | UPath

MARK = "zarr.json"
"""The file without which a tree is none: written last, deleted first."""
PARTIAL = ".partial"
"""Ending of a file that a killed write left in a folder; object stores write whole objects or none."""

# by protocol: module that speaks it, and our extra that installs it. All create an object only where there is none.
_SPOKEN = {
    **dict.fromkeys(("s3", "s3a"), ("s3fs", "s3")),
    **dict.fromkeys(("gs", "gcs"), ("gcsfs", "gcs")),
    **dict.fromkeys(("az", "abfs", "abfss"), ("adlfs", "azure")),
    "memory": ("fsspec", ""),
}
# errors of the packages that talk to servers, by their first name
_TALKERS = {"aiobotocore", "aiohttp", "azure", "botocore", "gcsfs", "google", "requests"}
AT_ONCE = 16


def place_at(text: str) -> Place:
    """The folder or object store that a path or URL names.

    Args:
        text: a path, or a URL such as `s3://bucket/prefix`.

    Raises:
        StoreError: if the protocol is unknown, its package is missing, or no bucket is named.
    """
    protocol, found, rest = text.partition("://")
    if not found or protocol in ("file", "local"):
        return Path(rest if found else text).expanduser().resolve()
    if protocol not in _SPOKEN:
        raise StoreError(
            f"{text}: stores cannot lie at {protocol}://; name a folder, or a URL that begins with one of "
            f"{', '.join(f'{p}://' for p in _SPOKEN)}"
        )
    package, extra = _SPOKEN[protocol]
    if find_spec(package) is None:
        raise StoreError(
            f"{text} needs the package {package}; install it with: pip install 'hrtem-assets[{extra}]'"
        )
    if not rest.strip("/"):
        raise StoreError(f"{text} names no bucket; name one, and a prefix in it if you like")
    # other processes write: what a listing showed once says nothing later
    return UPath(text.rstrip("/"), use_listings_cache=False)


def is_local(place: Place) -> bool:
    """Whether a place is a folder or file of this machine."""
    return isinstance(place, Path)


def zarr_store(place: Place, *, read_only: bool = True) -> "Path | Store":
    """What zarr and xarray open."""
    if isinstance(place, Path):
        return place
    from zarr.storage import FsspecStore
    from zarr.storage._fsspec import _make_async

    fs = filesystem(place, asynchronous=True)
    return FsspecStore(fs if fs.async_impl else _make_async(fs), read_only=read_only, path=key(place))


def is_made(place: Place) -> bool:
    """Whether a tree is there as a whole: its mark is."""
    return is_file(place / MARK)


def is_file(place: Place) -> bool:
    """Whether there is a file or object of this very name, which is not empty."""
    if isinstance(place, Path):
        return place.is_file()
    try:
        return bool(read_part(place, 0, 1))
    except FileNotFoundError:
        return False


def read(place: Place) -> bytes:
    """The whole of a file or object."""
    if isinstance(place, Path):
        return place.read_bytes()
    with explained(place):
        return bytes(filesystem(place).cat_file(key(place)))


def read_all(places: Sequence[Place]) -> Iterator[bytes]:
    """The whole of each, in order; of object stores several at once."""
    if all(isinstance(place, Path) for place in places):
        yield from map(read, places)
        return
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(read, places)


def read_part(place: Place, start: int, length: int | None = None) -> bytes:
    """Part of a file or object: from `start`, which may count from its end, at most `length` bytes."""
    if isinstance(place, Path):
        with place.open("rb", buffering=0) as file:
            file.seek(start, os.SEEK_SET if start >= 0 else os.SEEK_END)
            return file.read(-1 if length is None else length)
    with explained(place):
        end = None if length is None else start + length
        return bytes(filesystem(place).cat_file(key(place), start=start, end=end))


def write(place: Place, content: bytes) -> None:
    """Write a file or object in one step: nobody ever sees a part of it, and it is safe when this returns."""
    if not isinstance(place, Path):
        with explained(place):
            filesystem(place).pipe_file(key(place), content)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_suffix(f".{uuid4().hex}{PARTIAL}")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(place)


def write_all(contents: Mapping[Place, bytes]) -> None:
    """Write several files or objects, each in one step; objects several at once."""
    if all(isinstance(place, Path) for place in contents):
        for place, content in contents.items():
            write(place, content)
        return
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(write, contents.keys(), contents.values()))


def create(place: Place, content: bytes) -> bool:
    """Write an object where there is none, in one step; of several who try only one succeeds.

    Returns:
        whether the object is ours.
    """
    with explained(place):
        try:
            filesystem(place).pipe_file(key(place), content, mode="create")
        except Exception:
            # there already; or written, and the answer was lost; or not written at all
            try:
                return read(place) == content
            except FileNotFoundError:
                pass
            raise
        return True


def children(place: Place) -> list[Place]:
    """What lies directly in a folder, sorted by name; nothing if there is no folder."""
    if isinstance(place, Path):
        return sorted(place.iterdir()) if place.is_dir() else []
    try:
        with explained(place):
            names = filesystem(place).ls(key(place), detail=False)
    except FileNotFoundError as error:
        if error.__cause__ is not None:
            raise _no_bucket(place, error) from error
        return []
    return [place / name for name in sorted({n.rstrip("/").split("/")[-1] for n in names})]


def delete(place: Place) -> None:
    """Delete one file or object; it need not be there."""
    if isinstance(place, Path):
        place.unlink(missing_ok=True)
        return
    with suppress(FileNotFoundError), explained(place):
        filesystem(place).rm_file(key(place))


def free_bytes(place: Place) -> int | None:
    """Room left on the disk of a place, which need not exist yet; None for an object store."""
    if not isinstance(place, Path):
        return None
    return shutil.disk_usage(next(p for p in (place, *place.parents) if p.exists())).free


@contextmanager
def explained(place: Place) -> Iterator[None]:
    """Turn what an object store's server, or the way to it, refuses into an error that names URL and repair.

    Raises:
        StoreError: instead of what the packages raise that talk to servers.
    """
    try:
        yield
    except (FileNotFoundError, FileExistsError, StoreError):
        raise
    except Exception as error:
        talked = isinstance(error, OSError) or type(error).__module__.split(".")[0] in _TALKERS
        if is_local(place) or not talked:
            raise
        name = type(error).__name__
        refused = isinstance(error, PermissionError) or "redentials" in name
        repair = (
            "check the credentials (for S3 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) and what they may do"
            if refused
            else "check that the server answers (for S3 AWS_ENDPOINT_URL), then materialize again to go on"
        )
        raise StoreError(f"{place} cannot be reached ({name}: {error}); {repair}") from error


def require_bucket(place: Place) -> None:
    """Refuse an object store that does not answer, or a bucket that is not there.

    Raises:
        StoreError: names URL and repair.
    """
    if not is_local(place):
        children(place)


def _no_bucket(place: Place, error: BaseException) -> StoreError:
    return StoreError(
        f"{place} cannot be reached ({error}); make the bucket, or name another one in HRTEM_ASSETS"
    )


def filesystem(place: Place, *, asynchronous: bool = False) -> "AbstractFileSystem":
    """The file system of a place in an object store."""
    assert isinstance(place, UPath)
    # threads may share one; forked processes may not
    options = tuple(sorted(place.storage_options.items()))
    return _filesystem_of(place.protocol, options, asynchronous, os.getpid())


@cache
def _filesystem_of(
    protocol: str, options: tuple[tuple[str, Any], ...], asynchronous: bool, process: int
) -> "AbstractFileSystem":
    import fsspec

    # s3fs would ask for the size of each object before reading it whole, to read large ones in parts at once
    fewer = {"max_concurrency": 1} if protocol in ("s3", "s3a") else {}
    return fsspec.filesystem(protocol, asynchronous=asynchronous, **fewer, **dict(options))


def key(place: Place) -> str:
    """The name of a place in an object store, as its file system takes it."""
    assert isinstance(place, UPath)
    return place.path


def sizes(place: Place) -> dict[str, int]:
    """Size of every file of a tree by its name within; of a file by an empty name."""
    if isinstance(place, Path):
        if place.is_file():
            return {"": place.stat().st_size}
        return {p.relative_to(place).as_posix(): p.stat().st_size for p in place.rglob("*") if p.is_file()}
    root = key(place)
    with explained(place):
        listed = filesystem(place).find(root, detail=True)
    return {n.removeprefix(root).strip("/"): i["size"] for n, i in listed.items() if i["type"] == "file"}
