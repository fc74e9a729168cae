"""Files in a folder or a bucket: everything that differs between the two is one class for each.

The functions here ask the path's `Files`, `LocalFiles` or `BucketFiles`, and nothing outside this package forks on what
a path is. A tree is all files below a path; it is whole when its mark is there: the file that is written last and
deleted first.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, TypeVar

from upath import UPath

from hrtem_assets.store.files.bucket import BucketFiles
from hrtem_assets.store.files.local import PARTIAL, LocalFiles
from hrtem_assets.store.files.urls import StorePath, store_path

if TYPE_CHECKING:
    from zarr.abc.store import Store

__all__ = ["BUCKET", "MARK", "PARTIAL", "Files", "StorePath", "store_path"]

MARK = "zarr.json"
"""The file without which a tree is none: written last, deleted first."""

P = TypeVar("P", Path, UPath)


class Files(Protocol[P]):
    """What a folder and a bucket do each in their way; the functions of this package say what is meant."""

    def is_file(self, path: P) -> bool: ...
    def read(self, path: P) -> bytes: ...
    def read_all(self, paths: Sequence[P]) -> Iterator[bytes]: ...
    def read_part(self, path: P, start: int, length: int | None) -> bytes: ...
    def write(self, path: P, content: bytes) -> None: ...
    def write_all(self, contents: Mapping[P, bytes]) -> None: ...
    def delete(self, path: P) -> None: ...
    def children(self, path: P) -> list[P]: ...
    def sizes(self, path: P) -> dict[str, int]: ...
    def remove(self, path: P, mark: str) -> None: ...
    def copy(self, source: P, target: P, mark: str, check: Callable[[], None]) -> None: ...
    def move(self, source: P, target: P, mark: str, check: Callable[[], None]) -> None: ...
    def sweep(self, path: P) -> None: ...
    def flush(self, path: P) -> None: ...
    def free_bytes(self, path: P) -> int | None: ...
    def identity(self, path: P) -> tuple[object, int]: ...
    def file_in_the_way(self, path: P) -> P | None: ...
    def require_bucket(self, path: P) -> None: ...
    def explained(self, path: P) -> AbstractContextManager[None]: ...
    def zarr_store(self, path: P, read_only: bool) -> "Path | Store": ...


LOCAL, BUCKET = LocalFiles(), BucketFiles()


def files_of(path: StorePath) -> Files[Any]:
    """What reads and writes at a path."""
    return LOCAL if is_local(path) else BUCKET


def is_local(path: StorePath) -> TypeGuard[Path]:
    """Whether a path is that of a folder or file of this machine."""
    return isinstance(path, Path)


def is_made(tree: StorePath) -> bool:
    """Whether a tree is there as a whole: its mark is."""
    return is_file(tree / MARK)


def is_file(path: StorePath) -> bool:
    """Whether there is a file of this very name; an object counts only if it is not empty."""
    return files_of(path).is_file(path)


def read(path: StorePath) -> bytes:
    """The whole of a file.

    Raises:
        FileNotFoundError: if there is none.
    """
    return files_of(path).read(path)


def read_all(paths: Sequence[StorePath]) -> Iterator[bytes]:
    """The whole of each file, in order; of a bucket several at once."""
    return files_of(paths[0]).read_all(paths) if paths else iter(())


def read_part(path: StorePath, start: int, length: int | None = None) -> bytes:
    """Part of a file: from `start`, which may count from its end, at most `length` bytes."""
    return files_of(path).read_part(path, start, length)


def write(path: StorePath, content: bytes) -> None:
    """Write a file in one step: nobody ever sees a part of it, and it is safe when this returns."""
    files_of(path).write(path, content)


def write_all(contents: Mapping[StorePath, bytes]) -> None:
    """Write several files, each in one step; into a bucket several at once."""
    if contents:
        files_of(next(iter(contents))).write_all(contents)


def delete(path: StorePath) -> None:
    """Delete one file; it need not be there."""
    files_of(path).delete(path)


def children(folder: StorePath) -> list[StorePath]:
    """What lies directly in a folder, sorted by name; nothing if there is no folder."""
    return files_of(folder).children(folder)


def listing(tree: StorePath) -> dict[StorePath, int]:
    """Size in bytes of every file of a tree, or of the file itself, sorted by their paths' parts."""
    sizes = files_of(tree).sizes(tree)
    return {tree / name if name else tree: sizes[name] for name in sorted(sizes, key=lambda n: n.split("/"))}


def name_within(tree: StorePath, path: StorePath) -> str:
    """A path's name within a tree, with slashes."""
    return "/".join(path.parts[len(tree.parts) :])


def remove(tree: StorePath, mark: str = MARK) -> None:
    """Delete a file, or a tree: its mark first, so that no rest of it ever looks whole; nothing need be there."""
    files_of(tree).remove(tree, mark)


def copy(source: StorePath, target: StorePath, check: Callable[[], None] = lambda: None) -> None:
    """Copy a tree, its mark last; in a folder by hard links where possible, in a bucket by the server.

    Files are replaced, never rewritten in place, so what two trees share changes in neither.

    Args:
        source: a tree.
        target: where the copy goes; remains of a tree without its mark are cleared.
        check: called before each step; raises to end the copying.

    Raises:
        PartitionBusyError: if a tree has taken the target meanwhile.
        StoreError: if the copy is not complete.
    """
    files_of(source).copy(source, target, MARK, check)


def move(source: StorePath, target: StorePath, check: Callable[[], None] = lambda: None) -> None:
    """Give a tree another path: in a folder in one step, in a bucket complete there before it ends here.

    Args:
        source: a tree.
        target: its new path; remains of a tree without its mark are cleared.
        check: called before each step; raises to end the moving.
    """
    files_of(source).move(source, target, MARK, check)


def sweep(tree: StorePath) -> None:
    """Delete what killed writes and full disks left in a tree that nobody writes to; buckets keep no such."""
    files_of(tree).sweep(tree)


def flush(tree: StorePath) -> None:
    """See the files of a tree safely on disk; an object is safe when its writing returned."""
    files_of(tree).flush(tree)


def free_bytes(path: StorePath) -> int | None:
    """What is free on the disk of a path, which need not exist yet; None for a bucket."""
    return files_of(path).free_bytes(path)


def freed_bytes(trees: Iterable[StorePath]) -> int:
    """What deleting trees frees: the size of every file whose last names lie among them."""
    names: Counter[object] = Counter()
    sizes: dict[object, tuple[int, int]] = {}
    for path, size in (item for tree in trees for item in listing(tree).items()):
        identity, links = files_of(path).identity(path)
        names[identity] += 1
        sizes[identity] = (links, size)
    return sum(size for identity, (links, size) in sizes.items() if names[identity] == links)


def file_in_the_way(folder: StorePath) -> StorePath | None:
    """What is no folder, of a folder's path from its end upwards; nothing if it is there or can be made."""
    return files_of(folder).file_in_the_way(folder)


def require_bucket(path: StorePath) -> None:
    """Refuse an object store that does not answer, or a bucket that is not there.

    Raises:
        StoreError: names URL and repair.
    """
    files_of(path).require_bucket(path)


def explained(path: StorePath) -> AbstractContextManager[None]:
    """Turn what an object store's server, or the way to it, refuses into a StoreError that names URL and repair."""
    return files_of(path).explained(path)


def zarr_store(path: StorePath, *, read_only: bool = True) -> "Path | Store":
    """What zarr and xarray open."""
    return files_of(path).zarr_store(path, read_only)
