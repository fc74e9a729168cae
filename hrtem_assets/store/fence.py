"""The fence of a partition: only workers of the run that holds the partition now may commit to it.

A task on a cluster can outlive its run. Its numbers are right, but a run that wanted fewer structures writes a shorter
shard: committed late, it would cut the longer one of the run that came after.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import uuid4

from hrtem_assets.store import places
from hrtem_assets.store.errors import PartitionBusyError
from hrtem_assets.store.holder import holder_from_json, this_process
from hrtem_assets.store.places import Place

# a commit takes a second or two
PATIENCE_S = 120.0


class FencedError(RuntimeError):
    """A worker of a run that no longer holds the partition wanted to write to it; nothing was written."""


@dataclass(frozen=True)
class Fence:
    """Who may commit: those who know the token that stands in the fence's file.

    Attributes:
        path: a file or object beside the partition's lock; it is never removed, because a file's own lock hangs on it.
        token: changes with every holder.
    """

    path: Place
    token: str

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Commit inside; the token cannot change meanwhile, and others of the same run may commit beside.

        Raises:
            FencedError: if another run holds the partition, or the store has been published.
        """
        with _inside(self.path):
            if not self.holds():
                raise FencedError(
                    f"{self.path.parent}: another run has taken this partition over, or its store is complete; "
                    f"nothing was written"
                )
            yield

    def holds(self) -> bool:
        """Whether this process sees the fence with this token: the same place as the one that raised it."""
        try:
            return places.read(self.path).decode() == self.token
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Let nobody pass any more, once those inside have left."""
        _change(self.path, "")


def raise_fence(path: Place) -> Fence:
    """A new fence, once the workers of whoever held the partition before have left.

    Args:
        path: its file.

    Raises:
        PartitionBusyError: if one of them does not leave.
    """
    fence = Fence(path, uuid4().hex)
    _change(path, fence.token)
    return fence


@contextmanager
def _inside(path: Place) -> Iterator[None]:
    """The token does not change while anybody is inside."""
    if isinstance(path, Path):
        try:
            file = path.open("rb")
        except FileNotFoundError as error:
            raise FencedError(f"{path} is not there; nothing was written") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield
        return
    # whoever changes the token looks for such objects afterwards, and we read the token after writing ours:
    # one of the two sees the other
    guest = path.with_name(f"{path.name}.{uuid4().hex}")
    places.write(guest, this_process().to_json())
    try:
        yield
    finally:
        places.delete(guest)


def _change(path: Place, token: str) -> None:
    if isinstance(path, Path):
        with path.open("ab") as file:
            _lock_alone(file, path)
            file.truncate(0)
            file.write(token.encode())
    else:
        places.write(path, token.encode())
        _wait_for_guests(path)


def _wait_for_guests(path: Place) -> None:
    """See those inside off; one that stays for long has died on another machine."""
    end = time.monotonic() + PATIENCE_S
    while guests := [p for p in places.children(path.parent) if p.name.startswith(f"{path.name}.")]:
        for guest in guests:
            with suppress(FileNotFoundError):
                if time.monotonic() > end or holder_from_json(places.read(guest)).is_dead:
                    places.delete(guest)
        time.sleep(0.1)


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
