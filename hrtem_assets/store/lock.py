"""The lock of a partition: one process at a time fills it, takes it back or cleans up after it."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from hrtem_assets.store.layout import Layout, PartitionId


class PartitionBusyError(RuntimeError):
    """Another process is filling the partition."""


@contextmanager
def partition_lock(layout: Layout, partition: PartitionId) -> Iterator[None]:
    """Hold a partition alone; the operating system frees it when the process ends, however it ends.

    Args:
        layout: where stores lie.
        partition: what to hold.

    Raises:
        PartitionBusyError: if another process holds it.
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
        yield
    finally:
        lock.release()
