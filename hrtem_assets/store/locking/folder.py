"""Lock and fence in a folder: locks of the operating system, which frees them when a process ends."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hrtem_assets.store.errors import FencedError, PartitionBusyError


class FolderLocks:
    """Locks on files."""

    @contextmanager
    def locked(self, path: Path, what: str) -> Iterator[Callable[[], None]]:
        """Hold a partition alone, by a lock on its file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise PartitionBusyError(
                f"{what} is being filled by another run; wait for it to end, or terminate it, then materialize again"
            ) from None
        try:
            # it cannot be lost
            yield lambda: None
        finally:
            lock.release()

    @contextmanager
    def inside(self, path: Path) -> Iterator[None]:
        """Those inside share the lock on the fence's file."""
        try:
            file = path.open("rb")
        except FileNotFoundError as error:
            raise FencedError(f"{path} does not exist; nothing was written") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    def change(self, path: Path, token: str, patience_s: float) -> None:
        """Whoever changes the token has the lock alone."""
        with path.open("ab") as file:
            end = time.monotonic() + patience_s
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > end:
                        raise PartitionBusyError(
                            f"{path.parent}: a worker of an earlier run has been in the middle of a commit for "
                            f"{patience_s:.0f} s; end that worker, then materialize again"
                        ) from None
                    time.sleep(0.02)
            file.truncate(0)
            file.write(token.encode())
