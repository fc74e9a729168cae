"""The same partition started twice at once, by real processes."""

import time
from collections.abc import Callable

import dagster as dg
import psutil
import pytest

from hrtem_assets.definitions import build_defs
from hrtem_assets.orchestration import again
from hrtem_assets.orchestration.launch import MaterializationError, materialize
from hrtem_assets.store.layout import PartitionId
from hrtem_assets.store.locking import partition_lock
from hrtem_assets_tests.orchestration.served import wait_for
from hrtem_assets_tests.resume.conftest import Undisturbed, long_run
from hrtem_assets_tests.resume.test_killed_commands import ZERO, ZERO_DEFOCUS, assert_as_undisturbed
from hrtem_assets_tests.resume.test_killed_services import launch_run
from hrtem_assets_tests.resume.watching import commits, runs_of, watched
from hrtem_assets_tests.resume.world import World, kill
from hrtem_assets_tests.small import SPECIMEN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_of_two_commands_one_waits_in_the_pool_and_makes_nothing_again(
    new_world: Callable[..., World], undisturbed: Undisturbed
) -> None:
    world = new_world("structures", "exit_waves", HRTEM_WORKERS="1")
    with watched(world.layout):
        first, second = world.start(*ZERO_DEFOCUS), world.start(*ZERO_DEFOCUS)
        assert [first.wait(), second.wait()] == [0, 0], world.printed()
    assert_as_undisturbed(world, undisturbed)
    assert len(runs_of(world.layout, ZERO)) == 1
    assert list(world.run_statuses().values()) == ["SUCCESS", "SUCCESS"]
    assert world.taken_slots() == 0


def test_a_command_waiting_for_one_that_is_killed_goes_on_with_its_work(
    new_world: Callable[..., World], undisturbed: Undisturbed
) -> None:
    """Without a daemon nobody else frees the slot of the dead one: it was waited for in vain, for ever."""
    world = new_world("structures", "exit_waves", HRTEM_WORKERS="1")
    first = world.start_run(*ZERO_DEFOCUS)
    wait_for(lambda: commits(world.layout, ZERO), 60, every=0.01)
    # so that the second certainly finds it at work
    world.halt(first)
    second = world.start_run(*ZERO_DEFOCUS)
    waiting = wait_for(lambda: run_that_waits(world), 60)
    assert "is at work in this Dagster home; this one waits" in world.printed()
    # Dagster's own loop kept a core busy while it waited
    before = sum(psutil.Process(second.pid).cpu_times()[:2])
    time.sleep(5.0)
    assert sum(psutil.Process(second.pid).cpu_times()[:2]) - before < 2.0
    kill(first.pid)
    first.wait()
    kept = commits(world.layout, ZERO)
    assert second.wait() == 0, world.printed()
    now = commits(world.layout, ZERO)
    assert {index: now[index] for index in kept} == kept
    assert_as_undisturbed(world, undisturbed)
    assert sorted(world.run_statuses().values()) == ["FAILURE", "SUCCESS"]
    assert world.run_statuses()[waiting] == "SUCCESS"


def run_that_waits(world: World) -> str | None:
    """The run whose log says that it waits for the pool."""
    return next((r for r in world.run_statuses() if "blocked by limit for pool" in world.log_of(r)), None)


@long_run
def test_two_runs_of_the_ui_and_a_command_make_each_structure_once(
    new_world: Callable[..., World], undisturbed: Undisturbed
) -> None:
    world = new_world("structures", "exit_waves", HRTEM_WORKERS="1")
    with world.served() as served, watched(world.layout):
        for _ in range(2):
            launch_run(served, "zero_defocus")
        command = world.start(*ZERO_DEFOCUS)
        assert command.wait() == 0, world.printed()
        wait_for(lambda: list(world.run_statuses().values()) == ["SUCCESS"] * 3, 120)
    assert_as_undisturbed(world, undisturbed)
    assert len(runs_of(world.layout, ZERO)) == 1


@long_run
def test_commands_with_homes_of_their_own_wait_for_the_partition_itself(
    new_world: Callable[..., World], undisturbed: Undisturbed
) -> None:
    """No pool joins them: the second finds the partition's lock, says so, and looks again."""
    world = new_world("structures", "exit_waves", HRTEM_WORKERS="1")
    with partition_lock(world.layout, ZERO), watched(world.layout):
        waiting = world.start_run(*ZERO_DEFOCUS)
        words = "is being filled by another run; wait for it to end, or terminate it, then materialize again"
        wait_for(lambda: words in world.printed(), 60)
        assert waiting.poll() is None
    assert waiting.wait() == 0
    assert_as_undisturbed(world, undisturbed)
    (run_id,) = world.run_statuses()
    assert "requested a retry in 20 seconds" in world.log_of(run_id)


def test_a_partition_that_stays_busy_fails_the_run_in_words(
    undisturbed: Undisturbed, new_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world("structures")
    monkeypatch.setattr(again, "BUSY_SECONDS", 1)
    monkeypatch.setattr(again, "BUSY_LOOKS", 2)
    copper = PartitionId("structures", "Cu-small")
    with (
        dg.DagsterInstance.ephemeral() as instance,
        partition_lock(world.layout, copper),
        pytest.raises(MaterializationError, match="structures/Cu-small is being filled by another run"),
    ):
        materialize(build_defs(undisturbed.campaign, world.data), instance, ("structures",), "Cu-small")
    assert not world.layout.store(copper).exists()
    assert [p.name for p in (world.data / "assets/structures").iterdir()] == [f"{SPECIMEN}.zarr"]
