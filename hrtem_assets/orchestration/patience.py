"""Waiting for a slot of a pool without keeping a core busy."""

import time

from hrtem_assets.orchestration.dagster_internals import (
    MAX_CONCURRENCY_CLAIM_BLOCKED_INTERVAL,
    InstanceConcurrencyContext,
)


def wait_patiently() -> None:
    """Let runs that wait for a slot of a pool sleep until they may ask again.

    Dagster 1.13 takes the least of the time left and 0, so a run that waits asks without a pause: each took a core
    from the run that it waited for. To be dropped when `interval_to_next_pending_claim_check` answers more than 0.
    """
    InstanceConcurrencyContext.interval_to_next_pending_claim_check = _seconds_to_next_claim  # type: ignore[assignment]


def _seconds_to_next_claim(context: InstanceConcurrencyContext) -> float:
    if not context.has_pending_claims():
        return 0.0
    now, timeouts = time.time(), context._pending_timeouts
    for step in context.pending_claim_steps():
        # a clock that was set back would let the step wait until it has caught up
        if timeouts.get(step, 0.0) > now + MAX_CONCURRENCY_CLAIM_BLOCKED_INTERVAL:
            timeouts[step] = now
    return max(0.0, min(timeouts.get(step, 0.0) for step in context.pending_claim_steps()) - now)
