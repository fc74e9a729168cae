"""A `hrtem materialize` that is killed, or whose workers are, at random moments."""

import signal
from collections.abc import Callable

import numpy as np
import pytest

from hrtem_assets.orchestration.again import WORKER_DEATHS
from hrtem_assets.orchestration.living import GONE
from hrtem_assets.store.layout import PartitionId
from hrtem_assets_tests.resume.conftest import Undisturbed, kills, long_run
from hrtem_assets_tests.resume.watching import commits, stored, watched
from hrtem_assets_tests.resume.world import World, ends_within, kill
from hrtem_assets_tests.small import SPECIMEN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

MADE = ("structures", "zero_defocus", "labels")
COMMAND = ("materialize", *MADE, "--specimen", SPECIMEN)
ZERO_DEFOCUS = ("materialize", "zero_defocus", "--specimen", SPECIMEN)
ZERO = PartitionId("zero_defocus", SPECIMEN)
# how long the run of a command takes after its start, about
RUN_SECONDS = 5.0
# and how long its workers live
WORKER_SECONDS = 0.8


def committed(world: World) -> dict[tuple[str, int], int]:
    """When each structure of each asset was committed."""
    return {
        (asset, index): time
        for asset in MADE
        for index, time in commits(world.layout, PartitionId(asset, SPECIMEN)).items()
    }


def test_a_command_killed_again_and_again_ends_as_if_nothing_had_happened(
    new_world: Callable[..., World], undisturbed: Undisturbed, rng: np.random.Generator
) -> None:
    world = new_world("exit_waves", HRTEM_WORKERS="1")
    # kills that hit a run: before it is recorded, and after it has ended, there is none to hit
    killed = rounds = successes = 0
    code = -1
    kept: dict[tuple[str, int], int] = {}
    with watched(world.layout) as watcher:
        while code != 0 or killed < kills(2):
            process = world.start_run(*COMMAND)
            if killed < kills(2) and not ends_within(process, rng.uniform(0, RUN_SECONDS)):
                kill(process.pid)
            code = process.wait()
            killed += sum(status not in ("SUCCESS", "FAILURE") for status in world.run_statuses().values())
            world.assert_deserted()
            now = committed(world)
            # nothing that was committed before a kill is made again
            assert {key: now[key] for key in kept} == kept
            kept = now
            before, successes = successes, list(world.run_statuses().values()).count("SUCCESS")
            if successes > before:
                # whatever became of its process afterwards
                assert_as_undisturbed(world, undisturbed)
            if code == -signal.SIGKILL:
                continue
            assert code == 0, world.printed()
            assert successes == before + 1
            rounds += 1
            watcher.look()
            assert set(watcher.seen.values()) >= {f"{asset}/{SPECIMEN}" for asset in MADE}
            if killed < kills(2):
                world.forget(*MADE)
                kept = {}
                watcher.seen.clear()
    statuses = world.run_statuses()
    assert list(statuses.values()).count("FAILURE") == killed
    assert list(statuses.values()).count("SUCCESS") == successes
    assert set(statuses.values()) == {"FAILURE", "SUCCESS"}
    assert world.taken_slots() == 0
    assert all(GONE in world.log_of(run) for run, status in statuses.items() if status == "FAILURE")
    print(f"{killed} kills of a command, {rounds} completed")


def test_a_command_goes_on_by_itself_after_workers_were_killed(
    new_world: Callable[..., World], undisturbed: Undisturbed, rng: np.random.Generator
) -> None:
    world = new_world("structures", "exit_waves")
    killed = rounds = 0
    with watched(world.layout):
        while rounds == 0 or killed < kills(1):
            world.forget("zero_defocus")
            process = world.start(*ZERO_DEFOCUS)
            deaths = 0
            kept: dict[int, int] = {}
            while deaths < min(WORKER_DEATHS, kills(1) - killed) and (workers := world.wait_workers(process)):
                if ends_within(process, rng.uniform(0, WORKER_SECONDS)):
                    break
                workers = world.workers() or workers
                deaths += kill(workers[int(rng.integers(len(workers)))].pid)
                # the pool breaks as a whole: the other worker goes as well
                world.wait_gone({w.pid for w in workers}, 60)
                kept |= commits(world.layout, ZERO)
            assert process.wait() == 0, world.printed()
            now = commits(world.layout, ZERO)
            assert {index: now[index] for index in kept} == kept
            assert_as_undisturbed(world, undisturbed)
            world.assert_deserted()
            killed, rounds = killed + deaths, rounds + 1
    assert set(world.run_statuses().values()) == {"SUCCESS"}
    assert world.taken_slots() == 0
    print(f"{killed} kills of workers in {rounds} runs")


@long_run
def test_workers_that_die_too_often_end_the_run_with_words(new_world: Callable[..., World]) -> None:
    world = new_world("structures", "exit_waves")
    process = world.start(*ZERO_DEFOCUS)
    for _ in range(WORKER_DEATHS + 1):
        workers = world.wait_workers(process)
        kill(workers[0].pid)
        world.wait_gone({w.pid for w in workers}, 60)
    assert process.wait() == 1
    assert "with fewer workers than 2 if memory is short" in world.printed()
    assert list(world.run_statuses().values()) == ["FAILURE"]
    assert world.taken_slots() == 0
    world.assert_deserted()


def assert_as_undisturbed(world: World, undisturbed: Undisturbed) -> None:
    """Every file of every store here is that of the undisturbed one."""
    here, there = stored(world.layout), stored(undisturbed.layout)
    assert here
    assert {name for name, content in here.items() if there.get(name) != content} == set()
    complete = {name.partition("/")[0] for name in here}
    assert {name for name in there if name.partition("/")[0] in complete} == set(here)
