"""A clock that is set back or forward by hours steals no partition and lets nobody wait for it."""

import os
import time
from collections import defaultdict

import pytest
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext

from hrtem_assets.orchestration.patience import _seconds_to_next_claim
from hrtem_assets.store.errors import PartitionBusyError
from hrtem_assets.store.files import store_path
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.locking import partition_lock
from hrtem_assets_tests.store.locking.test_lease import shorten
from hrtem_assets_tests.store.test_build import PARTITION

HOURS = (-5 * 3600.0, 5 * 3600.0)


@pytest.fixture(params=HOURS, ids=["back", "forward"])
def set_clock(request, monkeypatch):
    """Call it, and everybody of this process reads another time of day."""
    real, real_ns = time.time, time.time_ns

    def move() -> None:
        monkeypatch.setattr(time, "time", lambda: real() + request.param)
        monkeypatch.setattr(time, "time_ns", lambda: real_ns() + int(request.param * 1e9))

    return move


@pytest.mark.parametrize("where", ["folder", "memory"])
def test_a_held_partition_stays_held_and_is_free_at_once_when_it_is_released(
    where, set_clock, tmp_path, monkeypatch
):
    shorten(monkeypatch.setattr)
    elsewhere = store_path(f"memory://clock-{os.getpid()}-{id(set_clock)}") if where == "memory" else None
    layout = Layout(tmp_path, elsewhere)
    with partition_lock(layout, PARTITION) as hold:
        set_clock()
        hold.check()
        assert hold.fence.holds()
        with pytest.raises(PartitionBusyError), partition_lock(layout, PARTITION):
            pass
        hold.check()
        with hold.fence.passed():
            pass
    start = time.monotonic()
    with partition_lock(layout, PARTITION):
        assert time.monotonic() - start < 5


class _Waiting(InstanceConcurrencyContext):
    """What Dagster keeps of a step that waits for a slot."""

    def __init__(self, ready_at: float) -> None:
        self._pending_timeouts = defaultdict(float, step=ready_at)
        self._pending_claims = {"step"}


def test_a_run_that_waits_for_a_slot_asks_again_after_the_clock_was_set_back(monkeypatch):
    real = time.time
    context = _Waiting(real() + 10)
    assert 9 < _seconds_to_next_claim(context) <= 10
    monkeypatch.setattr(time, "time", lambda: real() - 5 * 3600)
    assert _seconds_to_next_claim(context) == 0
    # Dagster itself asks only once that is past
    assert context._pending_timeouts["step"] <= time.time()
