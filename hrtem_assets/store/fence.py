"""The fence of a partition: only workers of the run that holds the partition now may commit to it.

A task on a cluster can outlive its run. Its numbers are right, but a run that wanted fewer structures writes a shorter
shard: committed late, it would cut the longer one of the run that came after.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import uuid4

# a commit takes a second or two
PATIENCE_S = 120.0


class FencedError(RuntimeError):
    """A worker of a run that no longer holds the partition wanted to write to it; nothing was written."""


class PartitionBusyError(RuntimeError):
    """Another process is filling the partition, or in the middle of a commit to it."""


@dataclass(frozen=True)
class Fence:
    """Who may commit: those who know the token that stands in the fence's file.

    Attributes:
        path: a file beside the partition's lock; it is never removed, because its own lock hangs on it.
        token: changes with every holder.
    """

    path: Path
    token: str

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Commit inside; the token cannot change meanwhile, and others of the same run may commit beside.

        Raises:
            FencedError: if another run holds the partition, or the store has been published.
        """
        try:
            file = self.path.open("rb")
        except FileNotFoundError as error:
            raise FencedError(f"{self.path} is not there; nothing was written") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_SH)
            if file.read().decode() != self.token:
                raise FencedError(
                    f"{self.path.parent}: another run has taken this partition over, or its store is complete; "
                    f"nothing was written"
                )
            yield

    def holds(self) -> bool:
        """Whether this process sees the fence with this token: the same folder as the one that raised it."""
        return self.path.is_file() and self.path.read_text("utf-8") == self.token

    def close(self) -> None:
        """Let nobody pass any more, once those inside have left."""
        _write(self.path, "")


def raise_fence(path: Path) -> Fence:
    """A new fence, once the workers of whoever held the partition before have left.

    Args:
        path: its file.

    Raises:
        PartitionBusyError: if one of them does not leave.
    """
    fence = Fence(path, uuid4().hex)
    _write(path, fence.token)
    return fence


def _write(path: Path, token: str) -> None:
    with path.open("ab") as file:
        _lock_alone(file, path)
        file.truncate(0)
        file.write(token.encode())


def _lock_alone(file: IO[bytes], path: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise PartitionBusyError(
                    f"{path.parent}: a worker of an earlier run has been in the middle of a commit for "
                    f"{PATIENCE_S:.0f} s; end that worker, then materialize again"
                ) from None
            time.sleep(0.02)
