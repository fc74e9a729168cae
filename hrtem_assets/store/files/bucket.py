"""Files in a bucket of an object store, through fsspec."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from upath import UPath

from hrtem_assets.store.errors import PartitionBusyError, StoreError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from zarr.storage import FsspecStore

# errors of the packages that talk to servers, by their first name
_TALKERS = {"aiobotocore", "aiohttp", "azure", "botocore", "gcsfs", "google", "requests"}
_AT_ONCE = 16


class BucketFiles:
    """The objects of a store; what its methods do is said by the functions of this package."""

    def is_file(self, path: UPath) -> bool:
        try:
            return bool(self.read_part(path, 0, 1))
        except FileNotFoundError:
            return False

    def read(self, path: UPath) -> bytes:
        with self.explained(path):
            return bytes(_filesystem(path).cat_file(path.path))

    def read_all(self, paths: Sequence[UPath]) -> Iterator[bytes]:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(self.read, paths)

    def read_part(self, path: UPath, start: int, length: int | None) -> bytes:
        with self.explained(path):
            end = None if length is None else start + length
            return bytes(_filesystem(path).cat_file(path.path, start=start, end=end))

    def write(self, path: UPath, content: bytes) -> None:
        with self.explained(path):
            _filesystem(path).pipe_file(path.path, content)

    def write_all(self, contents: Mapping[UPath, bytes]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self.write, contents.keys(), contents.values()))

    def create(self, path: UPath, content: bytes) -> bool:
        """Write an object where there is none, in one step; of several who try only one succeeds.

        Returns:
            whether the object is ours.
        """
        with self.explained(path):
            try:
                _filesystem(path).pipe_file(path.path, content, mode="create")
            except Exception:
                # there already; or written, and the answer was lost; or not written at all
                try:
                    return self.read(path) == content
                except FileNotFoundError:
                    pass
                raise
            return True

    def delete(self, path: UPath) -> None:
        with suppress(FileNotFoundError), self.explained(path):
            _filesystem(path).rm_file(path.path)

    def children(self, path: UPath) -> list[UPath]:
        try:
            with self.explained(path):
                names = _filesystem(path).ls(path.path, detail=False)
        except FileNotFoundError as error:
            if error.__cause__ is not None:
                raise StoreError(
                    f"{path} cannot be reached ({error}); make the bucket, or name another one in HRTEM_ASSETS"
                ) from error
            return []
        return [path / name for name in sorted({n.rstrip("/").split("/")[-1] for n in names})]

    def sizes(self, path: UPath) -> dict[str, int]:
        root = path.path
        with self.explained(path):
            listed = _filesystem(path).find(root, detail=True)
        return {n.removeprefix(root).strip("/"): i["size"] for n, i in listed.items() if i["type"] == "file"}

    def remove(self, path: UPath, mark: str) -> None:
        self.delete(path / mark)
        with self.explained(path):
            if rest := [(path / name if name else path).path for name in self.sizes(path)]:
                _filesystem(path).rm(rest)

    def copy(self, source: UPath, target: UPath, mark: str, check: Callable[[], None]) -> None:
        self.remove(target, mark)
        fs, wanted = _filesystem(source), self.sizes(source)
        # last, and only where no other process has written it meanwhile
        wanted.pop(mark)

        def copy_one(name: str) -> None:
            check()
            fs.cp_file((source / name).path, (target / name).path)

        with self.explained(source):
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(copy_one, wanted))
            if self.sizes(target) != wanted:
                raise StoreError(
                    f"{source} was not copied to {target} as a whole; materialize the partition again"
                )
            check()
            if not self.create(target / mark, self.read(source / mark)):
                raise PartitionBusyError(f"another process has filled {target} meanwhile; materialize again")

    def move(self, source: UPath, target: UPath, mark: str, check: Callable[[], None]) -> None:
        self.copy(source, target, mark, check)
        check()
        self.remove(source, mark)

    def sweep(self, path: UPath) -> None:
        """An object is written whole or not at all."""

    def flush(self, path: UPath) -> None:
        """An object is safe when its writing returned."""

    def free_bytes(self, path: UPath) -> int | None:
        return None

    def identity(self, path: UPath) -> tuple[object, int]:
        return path, 1

    def file_in_the_way(self, path: UPath) -> UPath | None:
        return None

    def require_bucket(self, path: UPath) -> None:
        self.children(path)

    @contextmanager
    def explained(self, path: UPath) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, FileExistsError, StoreError):
            raise
        except Exception as error:
            if not isinstance(error, OSError) and type(error).__module__.split(".")[0] not in _TALKERS:
                raise
            name = type(error).__name__
            refused = isinstance(error, PermissionError) or "redentials" in name
            repair = (
                "check the credentials (for S3 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) and what they may do"
                if refused
                else "check that the server answers (for S3 AWS_ENDPOINT_URL), then materialize again to go on"
            )
            raise StoreError(f"{path} cannot be reached ({name}: {error}); {repair}") from error

    def zarr_store(self, path: UPath, read_only: bool) -> "FsspecStore":
        from zarr.storage import FsspecStore
        from zarr.storage._fsspec import _make_async

        fs = _filesystem(path, asynchronous=True)
        return FsspecStore(fs if fs.async_impl else _make_async(fs), read_only=read_only, path=path.path)


def _filesystem(path: UPath, *, asynchronous: bool = False) -> "AbstractFileSystem":
    # threads may share one; forked processes may not
    options = tuple(sorted(path.storage_options.items()))
    return _filesystem_of(path.protocol, options, asynchronous, os.getpid())


@cache
def _filesystem_of(
    protocol: str, options: tuple[tuple[str, Any], ...], asynchronous: bool, process: int
) -> "AbstractFileSystem":
    import fsspec

    # s3fs would ask for the size of each object before reading it whole, to read large ones in parts at once
    fewer = {"max_concurrency": 1} if protocol in ("s3", "s3a") else {}
    return fsspec.filesystem(protocol, asynchronous=asynchronous, **fewer, **dict(options))
