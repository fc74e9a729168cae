"""The lock of a partition: one process at a time fills it, takes it back or cleans up after it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from hrtem_assets.store.errors import PartitionBusyError
from hrtem_assets.store.fence import Fence, raise_fence
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.lease import leased
from hrtem_assets.store.places import Place


@dataclass(frozen=True)
class Hold:
    """A partition held alone.

    Attributes:
        fence: passed by this holder's workers alone.
        check: raises PartitionBusyError if another process may hold the partition by now.
    """

    fence: Fence
    check: Callable[[], None]


@contextmanager
def partition_lock(layout: Layout, partition: PartitionId) -> Iterator[Hold]:
    """Hold a partition alone; it is free when the process ends, however it ends.

    In a folder the operating system frees it at once, in an object store other machines wait for a lease.
    Workers of whoever held it before can no longer commit; those of this holder pass the fence that is given.

    Args:
        layout: where stores lie.
        partition: what to hold.

    Raises:
        PartitionBusyError: if another process holds it, or a worker of an earlier one stays in the middle of a commit.
    """
    with _locked(layout.lock(partition), str(partition)) as check:
        yield Hold(raise_fence(layout.fence(partition)), check)


@contextmanager
def _locked(path: Place, what: str) -> Iterator[Callable[[], None]]:
    if not isinstance(path, Path):
        with leased(path, what) as lease:
            yield lease.check
        return
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
