"""Which runs are known to be dead, and what becomes of them."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.errors import DagsterLaunchFailedError, DagsterUserCodeUnreachableError
from dagster._core.launcher.base import LaunchRunContext, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

from hrtem_assets.orchestration.living import (
    GONE,
    OLD_SECONDS,
    WatchedRunLauncher,
    end_dead_runs,
    is_dead,
    living,
)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def new_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    @dg.job
    def nothing() -> None:
        pass

    return instance.create_run_for_job(nothing, status=status)


def left_lock(instance: dg.DagsterInstance, run_id: str) -> Path:
    """The lock file of a run whose process is gone."""
    file = Path(instance.root_directory) / "running" / f"{run_id}.lock"
    file.parent.mkdir(exist_ok=True)
    file.touch()
    return file


STARTED, NOT_STARTED = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.NOT_STARTED


@pytest.mark.parametrize("status", [STARTED, NOT_STARTED])
def test_a_run_whose_lock_nobody_holds_is_ended_with_words(instance, status):
    run = new_run(instance, status)
    left_lock(instance, run.run_id)
    assert end_dead_runs(instance) == [run.run_id]
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
    assert GONE in [event.message for event in instance.all_logs(run.run_id)]


def test_a_canceled_run_whose_process_is_gone_is_canceled(instance):
    run = new_run(instance, dg.DagsterRunStatus.CANCELING)
    left_lock(instance, run.run_id)
    end_dead_runs(instance)
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.CANCELED


def test_a_living_run_and_one_that_left_no_lock_here_are_left_alone(instance):
    living_run, elsewhere = new_run(instance, STARTED), new_run(instance, STARTED)
    with living(instance, living_run.run_id):
        assert end_dead_runs(instance) == []
    assert not is_dead(instance, elsewhere.run_id)


def test_run_monitoring_is_told_who_is_gone(instance):
    dead, alive = new_run(instance, STARTED), new_run(instance, STARTED)
    left_lock(instance, dead.run_id)
    launcher = WatchedRunLauncher()
    launcher.register_instance(instance)
    assert launcher.supports_check_run_worker_health
    found = launcher.check_run_worker_health(dead)
    assert (found.status, found.msg) == (WorkerStatus.NOT_FOUND, GONE)
    with living(instance, alive.run_id):
        assert launcher.check_run_worker_health(alive).status == WorkerStatus.RUNNING


def test_locks_of_what_is_over_are_tidied_away_when_they_are_old(instance):
    run = new_run(instance, dg.DagsterRunStatus.SUCCESS)
    old, never_recorded, fresh = (left_lock(instance, name) for name in (run.run_id, "unknown", "new"))
    then = time.time() - 2 * OLD_SECONDS
    for file in (old, never_recorded):
        os.utime(file, (then, then))
    end_dead_runs(instance)
    assert [old.exists(), never_recorded.exists(), fresh.exists()] == [False, False, True]


@pytest.mark.parametrize(
    ("words", "raised"),
    [
        ("Tried to start a run on a server after telling it to shut down", DagsterUserCodeUnreachableError),
        ("the job is not there", DagsterLaunchFailedError),
    ],
)
def test_a_run_goes_back_to_the_queue_only_where_the_code_server_is_leaving(
    instance, monkeypatch, words, raised
):
    def refuse(self, context):
        raise DagsterLaunchFailedError(words)

    monkeypatch.setattr(DefaultRunLauncher, "launch_run", refuse)
    with pytest.raises(raised, match=words):
        WatchedRunLauncher().launch_run(LaunchRunContext(new_run(instance, NOT_STARTED), None))
