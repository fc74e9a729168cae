"""A `hrtem ui` that runs, daemon, code server, webserver or everything is killed under, at random moments."""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import dagster as dg
import numpy as np
import pytest

from hrtem_assets.orchestration.living import GONE
from hrtem_assets.orchestration.serving import WEBSERVER
from hrtem_assets.store.layout import PartitionId
from hrtem_assets_tests.orchestration.served import Served, wait_for
from hrtem_assets_tests.resume.conftest import Undisturbed, kills, long_run
from hrtem_assets_tests.resume.test_killed_commands import assert_as_undisturbed, committed
from hrtem_assets_tests.resume.watching import commits, watched
from hrtem_assets_tests.resume.world import World, kill
from hrtem_assets_tests.small import SPECIMEN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

MADE = ("structures", "zero_defocus", "labels")
RUN_SECONDS = 5.0
SPECIMENS = ("Ag-small", "C-small", "Cu-small", "Fe-small")
# whose death ends `hrtem ui`, and what its command line holds
SERVICES = {
    "daemon": "dagster._daemon",
    "webserver": WEBSERVER,
    "everything": "",
}
CODE_SERVER = "api grpc"
LAUNCH = """mutation($p: ExecutionParams!) { launchPipelineExecution(executionParams: $p) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""


def launch_run(served: Served, *assets: str, **tags: str) -> str:
    """Launch one run as the dialog `Materialize` does for one partition, as soon as that is possible; its id."""
    return wait_for(lambda: _launched(served, *assets, **tags), 120)


def _launched(served: Served, *assets: str, **tags: str) -> str | None:
    location = served.graphql("{ workspaceOrError { ... on Workspace { locationEntries { name } } } }")
    (entry,) = location["workspaceOrError"]["locationEntries"]
    named = {"dagster/partition": SPECIMEN, **tags}
    answer = served.graphql(
        LAUNCH,
        p={
            "selector": {
                "repositoryLocationName": entry["name"],
                "repositoryName": "__repository__",
                "pipelineName": "__ASSET_JOB",
                "assetSelection": [{"path": [asset]} for asset in assets],
                "assetCheckSelection": [],
            },
            "mode": "default",
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": k, "value": v} for k, v in named.items()]},
        },
    )["launchPipelineExecution"]
    # a code server that was killed comes back, but Dagster knows no assets until somebody presses Reload
    if answer["__typename"] == "InvalidSubsetError":
        served.graphql("mutation { reloadWorkspace { __typename } }")
        return None
    assert answer["__typename"] == "LaunchRunSuccess", answer
    return answer["run"]["runId"]


def newest_run(world: World) -> dg.DagsterRun:
    with world.instance() as instance:
        (run,) = instance.get_runs(limit=1)
    return run


def test_a_killed_run_of_the_ui_is_retried_by_dagster_until_it_is_done(
    new_world: Callable[..., World], undisturbed: Undisturbed, rng: np.random.Generator
) -> None:
    world = new_world("exit_waves", HRTEM_WORKERS="1")
    detected: list[float] = []
    ended: list[str] = []
    kept: dict[tuple[str, int], int] = {}
    tags = {"dagster/max_retries": str(kills(1))}
    with world.served() as served, watched(world.layout):
        run_id = launch_run(served, *MADE, **tags)
        while len(detected) < kills(1):
            pid = wait_for(lambda: world.run_pid(run_id), 120, every=0.05)  # noqa: B023
            time.sleep(rng.uniform(0, RUN_SECONDS))
            kill(pid)
            start = time.monotonic()
            wait_for(lambda: world.run_statuses()[run_id] in ("FAILURE", "SUCCESS"), 60, every=0.1)  # noqa: B023
            ended.append(world.run_statuses()[run_id])
            if ended[-1] == "SUCCESS":
                # it was done before: again from the start, until a kill meets a run
                world.forget(*MADE)
                kept, run_id = {}, launch_run(served, *MADE, **tags)
                continue
            detected.append(time.monotonic() - start)
            now = committed(world)
            assert {key: now[key] for key in kept} == kept
            kept = now
            dead, run_id = run_id, wait_for(lambda: retry_of(world, run_id), 120)  # noqa: B023
            log = world.log_of(dead)
            assert "was terminated by signal 9" in log or GONE in log
        wait_for(lambda: world.run_statuses()[run_id] in ("SUCCESS", "FAILURE"), 240)
        assert world.run_statuses()[run_id] == "SUCCESS"
        wait_for(lambda: world.taken_slots() == 0, 60)
    now = committed(world)
    assert {key: now[key] for key in kept} == kept
    assert_as_undisturbed(world, undisturbed)
    assert list(world.run_statuses().values()) == [*ended, "SUCCESS"]
    # a code server that missed its end notices after 45 s that nobody asks any more
    world.assert_deserted(60)
    print(f"{len(detected)} kills of runs; seen after {min(detected):.1f} to {max(detected):.1f} s")


def retry_of(world: World, run_id: str) -> str | None:
    """The run that Dagster made in place of another."""
    with world.instance() as instance:
        for run in instance.get_runs():
            if run.parent_run_id == run_id:
                return run.run_id
    return None


def made_structures(world: World) -> dict[str, tuple[int, list[int]]]:
    """When each specimen's finished structures were published, and when each was committed."""
    found = {}
    for specimen in SPECIMENS:
        partition = PartitionId("structures", specimen)
        description = world.layout.store(partition) / "zarr.json"
        if description.is_file():
            found[specimen] = (
                description.stat().st_mtime_ns,
                list(commits(world.layout, partition).values()),
            )
    return found


def is_completed(world: World, backfill: str) -> bool:
    with world.instance() as instance:
        found = instance.get_backfill(backfill)
    assert found is not None
    assert "FAIL" not in found.status.value
    return found.status.value == "COMPLETED_SUCCESS"


@pytest.mark.parametrize(
    "service", [pytest.param(s, marks=[] if s == "everything" else [long_run]) for s in SERVICES]
)
def test_a_backfill_goes_on_after_what_ran_it_was_killed(
    new_world: Callable[..., World], service: str, rng: np.random.Generator
) -> None:
    """`hrtem ui` ends when its daemon or webserver dies; the next one goes on with the backfill."""
    world = new_world(HRTEM_WORKERS="1")
    killed = 0
    with watched(world.layout):
        while killed < kills(1):
            world.forget("structures")
            backfill, kept = "", made_structures(world)
            # a run is retried twice
            for _ in range(min(2, kills(1) - killed)):
                with world.served() as served:
                    backfill = backfill or served.launch_backfill(["structures"], list(SPECIMENS))
                    is_over = partial(is_completed, world, backfill)
                    wait_for(lambda: "STARTED" in world.run_statuses().values() or is_over(), 120, every=0.05)  # noqa: B023
                    # runs go on without the daemon that queued them, and may have come to their end
                    if is_over():
                        break
                    time.sleep(rng.uniform(0, RUN_SECONDS))
                    for process in world.find(SERVICES[service]):
                        kill(process.pid)
                    killed += 1
                    served.process.wait(120)
                    # code servers notice after 45 s that nobody asks any more
                    world.assert_deserted(90)
                now = made_structures(world)
                assert {specimen: now[specimen] for specimen in kept} == kept
                kept = now
            with world.served():
                wait_for(partial(is_completed, world, backfill), 400)
                wait_for(lambda: world.taken_slots() == 0, 60)
            world.assert_deserted(60)
            now = made_structures(world)
            assert set(now) == set(SPECIMENS)
            assert {specimen: now[specimen] for specimen in kept} == kept
            with world.instance() as instance:
                runs = [r for r in instance.get_runs() if r.tags["dagster/backfill"] == backfill]
            done = [
                r.tags["dagster/asset_partition_range_start"]
                for r in runs
                if r.status == dg.DagsterRunStatus.SUCCESS
            ]
            assert sorted(done) == sorted(SPECIMENS)
            assert all(r.is_finished for r in runs)
    print(f"{killed} kills of {service}; statuses {Counter(world.run_statuses().values())}")


@long_run
def test_runs_survive_their_code_server_and_their_own_death_after_it_is_noticed(
    new_world: Callable[..., World], undisturbed: Undisturbed
) -> None:
    """Nobody but run monitoring watches a run whose code server is gone."""
    world = new_world("exit_waves", HRTEM_WORKERS="1")
    seen: list[float] = []
    with world.served() as served, watched(world.layout):
        while len(seen) < kills(1):
            run_id = launch_run(served, *MADE, **{"dagster/max_retries": "0"})
            pid = wait_for(lambda: world.run_pid(run_id), 120, every=0.05)  # noqa: B023
            for process in world.find(CODE_SERVER):
                kill(process.pid)
            time.sleep(1.0)
            assert world.run_statuses()[run_id] == "STARTED"
            assert kill(pid)
            start = time.monotonic()
            wait_for(lambda: world.run_statuses()[run_id] == "FAILURE", 120, every=0.1)  # noqa: B023
            seen.append(time.monotonic() - start)
            assert GONE in world.log_of(run_id)
            wait_for(lambda: world.taken_slots() == 0, 60)
        # the code server is back by itself, and loaded again
        run_id = launch_run(served, *MADE)
        wait_for(lambda: world.run_statuses()[run_id] in ("SUCCESS", "FAILURE"), 240)
        assert world.run_statuses()[run_id] == "SUCCESS"
    assert_as_undisturbed(world, undisturbed)
    world.assert_deserted(60)
    print(f"{len(seen)} kills of code servers and runs; seen after {min(seen):.1f} to {max(seen):.1f} s")
