"""Filling partitions: any number of workers gives the same data, and a killed run goes on where it was."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
import xarray as xr

from hrtem_assets.assets import ASSETS
from hrtem_assets.execution.fill import Shards, fill, joined
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.small import SPECIMEN, small_campaign, small_campaign_yaml

STRUCTURES = PartitionId("structures", SPECIMEN)


def fill_structures(root: Path, count: int, workers: int = 1, log=lambda _: None) -> xr.Dataset:
    (path,) = fill(
        ASSETS["structures"],
        small_campaign(),
        SPECIMEN,
        (None,),
        Layout(root),
        count=count,
        compute=LocalCompute(workers=workers),
        provenance={"run_id": "test"},
        log=log,
    ).values()
    return xr.open_zarr(path)


def digests(dataset: xr.Dataset) -> list[int]:
    return [int(d) for d in dataset.digest]


def test_tasks_are_joined_where_they_follow_each_other_under_the_same_conditions():
    ones = [Shards(range(k, k + 1), (None,)) for k in (0, 1, 2, 4, 5)]
    assert [t.rows for t in joined(ones, 2)] == [range(0, 2), range(2, 3), range(4, 6)]
    assert joined(ones, 1) == ones
    differing = [Shards(range(0, 1), ("a",)), Shards(range(1, 2), ("a", "b"))]
    assert joined(differing, 9) == differing
    assert joined([Shards(range(0, 16), (None,))], 1) == [Shards(range(0, 16), (None,))]


def test_two_workers_make_what_one_makes(tmp_path):
    with fill_structures(tmp_path / "one", 4) as one, fill_structures(tmp_path / "two", 4, workers=2) as two:
        assert digests(one) == digests(two)
        xr.testing.assert_equal(
            *(d[["positions", "numbers", "particle", "center", "radius", "seed"]].load() for d in (one, two))
        )


def test_extending_makes_only_the_new_structures_and_says_so(tmp_path):
    lines: list[str] = []
    with fill_structures(tmp_path / "few", 2) as few, fill_structures(tmp_path / "all", 4) as whole:
        first, expected = digests(few), digests(whole)
    with fill_structures(tmp_path / "few", 4, log=lines.append) as extended:
        assert digests(extended)[:2] == first
        assert digests(extended) == expected
    assert lines[0] == "structures CdSe-small: 2 of 4 structures are already there; making 2"
    assert lines[1] == "structures CdSe-small: on 1 worker process of this machine"
    assert len(lines) == 4


def test_an_error_names_the_stage_the_specimen_and_the_structure(tmp_path, monkeypatch):
    fill_structures(tmp_path, 2).close()
    monkeypatch.setattr("hrtem_assets.assets.exit_waves.simulate_together", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        fill(
            ASSETS["exit_waves"],
            small_campaign(),
            SPECIMEN,
            (None,),
            Layout(tmp_path),
            count=None,
            compute=LocalCompute(workers=1),
            provenance={},
            log=lambda _: None,
        )
    assert caught.value.__notes__ == [f"while making exit_waves of {SPECIMEN}, structure 0"]


def test_more_structures_than_upstream_holds_are_refused(tmp_path):
    fill_structures(tmp_path, 2).close()
    with pytest.raises(ValueError, match="count = 3 exit_waves are wanted, but structures holds 2"):
        fill(
            ASSETS["exit_waves"],
            small_campaign(),
            SPECIMEN,
            (None,),
            Layout(tmp_path),
            count=3,
            compute=LocalCompute(workers=1),
            provenance={},
            log=lambda _: None,
        )


@pytest.mark.slow
def test_a_killed_command_loses_no_committed_structure_and_the_next_one_finishes(tmp_path):
    campaign = tmp_path / "small.yaml"
    campaign.write_text(small_campaign_yaml())
    config = tmp_path / "config.yaml"
    config.write_text("structures: {count: 40}")
    data = tmp_path / "data"
    environment = os.environ | {
        "HRTEM_CAMPAIGN": str(campaign),
        "HRTEM_DATA": str(data),
        "HRTEM_WORKERS": "2",
    }
    environment.pop("DAGSTER_HOME", None)
    command = [sys.executable, "-m", "hrtem_assets", "materialize", "structures", "--specimen", SPECIMEN]
    command += ["--config", str(config)]

    def committed() -> set[str]:
        return {p.name for p in (data / "assets" / ".building").rglob("[0-9]*.json")}

    run = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 120
        while len(committed()) < 4:
            assert run.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < end
            time.sleep(0.01)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    # its workers notice and end; then nothing moves any more
    time.sleep(2.5)
    kept = committed()
    assert len(kept) >= 4
    store = Layout(data).store(STRUCTURES)
    assert not store.exists()
    stamps = {
        json.loads(p.read_text())["first"]: json.loads(p.read_text())["records"][0]["committed_at"]
        for p in (data / "assets" / ".building").rglob("[0-9]*.json")
    }

    subprocess.run(command, env=environment, check=True, timeout=240, stdout=subprocess.DEVNULL)
    with (
        xr.open_zarr(store, decode_times=False) as resumed,
        fill_structures(tmp_path / "undisturbed", 40) as whole,
    ):
        assert digests(resumed) == digests(whole)
        assert {i: int(resumed.committed_at[i]) for i in stamps} == stamps
        assert len(resumed.attrs["provenance"]["runs"]) == 2
    with dg.DagsterInstance.from_config(str(data / "dagster_home")) as instance:
        assert [r.status for r in instance.get_runs()] == [
            dg.DagsterRunStatus.SUCCESS,
            dg.DagsterRunStatus.FAILURE,
        ]
