"""The fence of a partition: only workers of the run that holds the partition now may commit to it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

from hrtem_assets.store import files
from hrtem_assets.store.errors import FencedError
from hrtem_assets.store.files import StorePath
from hrtem_assets.store.locking.bucket import BucketLocks
from hrtem_assets.store.locking.folder import FolderLocks

# a commit takes a second or two
PATIENCE_S = 120.0


class Locks(Protocol):
    """What a folder and a bucket do each in their way."""

    def locked(self, path: Any, what: str) -> AbstractContextManager[Callable[[], None]]:
        """Hold a partition alone; gives what raises PartitionBusyError if another process may hold it by now."""

    def inside(self, path: Any) -> AbstractContextManager[None]:
        """The token in a fence's file does not change while anybody is inside."""

    def change(self, path: Any, token: str, patience_s: float) -> None:
        """Write another token into a fence's file, once those inside have left."""


def locks_of(path: StorePath) -> Locks:
    """How partitions are locked where a path lies."""
    return FolderLocks() if files.is_local(path) else BucketLocks()


@dataclass(frozen=True)
class Fence:
    """Who may commit: those who know the token that stands in the fence's file.

    Attributes:
        path: a file or object beside the partition's lock; it is never removed, because a file's own lock hangs on it.
        token: changes with every holder.
    """

    path: StorePath
    token: str

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Commit inside; the token cannot change meanwhile, and others of the same run may commit beside.

        Raises:
            FencedError: if another run holds the partition, or the store has been published.
        """
        with locks_of(self.path).inside(self.path):
            if not self.holds():
                raise FencedError(
                    f"{self.path.parent}: another run has taken this partition over, or its store is complete; "
                    f"nothing was written"
                )
            yield

    def holds(self) -> bool:
        """Whether this process sees the fence with this token: the same file as the one that raised it."""
        try:
            return files.read(self.path).decode() == self.token
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Let nobody pass any more, once those inside have left."""
        locks_of(self.path).change(self.path, "", PATIENCE_S)


def raise_fence(path: StorePath) -> Fence:
    """A new fence, once the workers of whoever held the partition before have left.

    Args:
        path: its file.

    Raises:
        PartitionBusyError: if one of them does not leave.
    """
    fence = Fence(path, uuid4().hex)
    locks_of(path).change(path, fence.token, PATIENCE_S)
    return fence
