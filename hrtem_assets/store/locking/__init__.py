"""Who may write to a partition: one process at a time, and its workers.

Three things each keep out what the other two cannot:

- The **lock** (`partition_lock`) keeps a second run from filling, repairing or pruning the partition meanwhile. In a
  folder it is a lock of the operating system on a file (`folder`), which is free at once when its process ends, however
  it ends.
- The **lease** (`lease`) is what the lock is made of in a bucket, where nobody frees what a killed process held. It is
  an object that its holder renews every few seconds; one that is not renewed for a whole lease may be taken over. So
  the holder calls `PartitionLock.check` before every step of publishing.
- The **fence** (`Fence`) keeps out workers. A task on a cluster can outlive its run. Its numbers are right, but a run
  that wanted fewer structures writes a shorter shard: committed late, it would cut the longer one of the run that came
  after. So each holder of the lock raises a fence with a token of its own, and only workers that know it may commit.

Lock and lease hang on the process (`process`), the fence on the token that it gives to its workers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hrtem_assets.store.errors import FencedError, PartitionBusyError
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.locking.fence import Fence, locks_of, raise_fence
from hrtem_assets.store.locking.process import user_name

__all__ = [
    "Fence",
    "FencedError",
    "PartitionBusyError",
    "PartitionLock",
    "partition_lock",
    "raise_fence",
    "user_name",
]


@dataclass(frozen=True)
class PartitionLock:
    """A partition that nobody else may write to.

    Attributes:
        fence: passed by this process's workers alone.
        check: raises PartitionBusyError if another process may hold the partition by now.
    """

    fence: Fence
    check: Callable[[], None]


@contextmanager
def partition_lock(layout: Layout, partition: PartitionId) -> Iterator[PartitionLock]:
    """Hold a partition alone; it is free when the process ends, however it ends.

    Workers of whoever held it before can no longer commit; those of this process pass the fence that is raised.

    Args:
        layout: where stores lie.
        partition: what to hold.

    Raises:
        PartitionBusyError: if another process holds it, or a worker of an earlier one stays in the middle of a commit.
    """
    path = layout.lock(partition)
    with locks_of(path).locked(path, str(partition)) as check:
        yield PartitionLock(raise_fence(layout.fence(partition)), check)
