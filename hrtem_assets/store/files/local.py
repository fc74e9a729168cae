"""Files in a folder of this machine."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from uuid import uuid4

PARTIAL = ".partial"
"""Ending of a file that a killed write left in a folder; buckets hold whole objects or none."""


class LocalFiles:
    """The files of this machine; what its methods do is said by the functions of this package."""

    def is_file(self, path: Path) -> bool:
        return path.is_file()

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def read_all(self, paths: Sequence[Path]) -> Iterator[bytes]:
        return map(self.read, paths)

    def read_part(self, path: Path, start: int, length: int | None) -> bytes:
        with path.open("rb", buffering=0) as file:
            file.seek(start, os.SEEK_SET if start >= 0 else os.SEEK_END)
            return file.read(-1 if length is None else length)

    def write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{uuid4().hex}{PARTIAL}")
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def write_all(self, contents: Mapping[Path, bytes]) -> None:
        for path, content in contents.items():
            self.write(path, content)

    def delete(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def children(self, path: Path) -> list[Path]:
        return sorted(path.iterdir()) if path.is_dir() else []

    def sizes(self, path: Path) -> dict[str, int]:
        if path.is_file():
            return {"": path.stat().st_size}
        return {p.relative_to(path).as_posix(): p.stat().st_size for p in path.rglob("*") if p.is_file()}

    def remove(self, path: Path, mark: str) -> None:
        if path.is_dir():
            self.delete(path / mark)
            shutil.rmtree(path)
        else:
            self.delete(path)

    def copy(self, source: Path, target: Path, mark: str, check: Callable[[], None]) -> None:
        self.remove(target, mark)
        shutil.copytree(source, str(target), copy_function=_link_or_copy)

    def move(self, source: Path, target: Path, mark: str, check: Callable[[], None]) -> None:
        self.remove(target, mark)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)

    def sweep(self, path: Path) -> None:
        for file in list(path.rglob(f"*{PARTIAL}")):
            file.unlink(missing_ok=True)

    def flush(self, path: Path) -> None:
        for name in self.sizes(path):
            handle = os.open(path / name, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def free_bytes(self, path: Path) -> int | None:
        return shutil.disk_usage(next(p for p in (path, *path.parents) if p.exists())).free

    def identity(self, path: Path) -> tuple[object, int]:
        status = path.stat()
        return (status.st_dev, status.st_ino), status.st_nlink

    def file_in_the_way(self, path: Path) -> Path | None:
        nearest = next(p for p in (path, *path.parents) if p.exists())
        return None if nearest.is_dir() else nearest

    def require_bucket(self, path: Path) -> None:
        """A folder is made when it is needed."""

    def explained(self, path: Path) -> AbstractContextManager[None]:
        # what the operating system says is put into words where all folders are known
        return nullcontext()

    def zarr_store(self, path: Path, read_only: bool) -> Path:
        return path


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
