"""What a step does again by itself: going on after a worker was killed, and waiting for a busy partition."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from hrtem_assets.execution.workers import WorkerDiedError
from hrtem_assets.store import PartitionBusyError, ReplacedError

WORKER_DEATHS = 3
"""A step is done again so often after a worker was killed; what was committed is not made again."""

BUSY_SECONDS, BUSY_LOOKS = 20, 30
"""A step waits ten minutes for a partition that another process holds: that of a command with a home of its own,
or `hrtem prune` for an instant; and for an upstream store that was replaced while it was read. Runs of one home wait
for each other in the pool, as long as it takes."""


@contextmanager
def done_again(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Let Dagster do the step again where that helps, and say why; other errors pass as they are.

    Args:
        context: of the step; its log is what a command prints.
    """
    try:
        yield
    except WorkerDiedError as error:
        if context.retry_number < WORKER_DEATHS:
            context.log.warning(f"{error}; going on with what is missing")
        raise dg.RetryRequested(max_retries=WORKER_DEATHS) from error
    except (PartitionBusyError, ReplacedError) as error:
        if context.retry_number < BUSY_LOOKS:
            context.log.warning(f"{error}; looking again in {BUSY_SECONDS} s, up to {BUSY_LOOKS} times")
        raise dg.RetryRequested(max_retries=BUSY_LOOKS, seconds_to_wait=BUSY_SECONDS) from error
