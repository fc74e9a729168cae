"""The lock of a partition: one process at a time fills it, takes it back or cleans up after it."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from hrtem_assets.store.fence import Fence, PartitionBusyError, raise_fence
from hrtem_assets.store.layout import Layout, PartitionId


@contextmanager
def partition_lock(layout: Layout, partition: PartitionId) -> Iterator[Fence]:
    """Hold a partition alone; the operating system frees it when the process ends, however it ends.

    Workers of whoever held it before can no longer commit; those of this holder pass the fence that is given.

    Args:
        layout: where stores lie.
        partition: what to hold.

    Raises:
        PartitionBusyError: if another process holds it, or a worker of an earlier one stays in the middle of a commit.
    """
    path = layout.lock(partition)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise PartitionBusyError(
            f"{partition} is being filled by another run; wait for it to end, or terminate it, then materialize again"
        ) from None
    try:
        yield raise_fence(layout.fence(partition))
    finally:
        lock.release()
