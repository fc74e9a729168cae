"""Filling partitions by a real Dask cluster: the same data as by this machine, whatever is lost on the way."""

import os
import shutil
import signal
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import pytest
import xarray as xr

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.partitions import finished_partitions
from hrtem_assets.execution import cluster_tasks
from hrtem_assets.execution.cluster_tasks import SchedulerLostError
from hrtem_assets.execution.cluster_worker import UnfitWorkerError
from hrtem_assets.execution.fill import Shards, fill
from hrtem_assets.execution.settings import ClusterCompute, Compute, LocalCompute
from hrtem_assets.maintenance.verify import verify
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.execution.dask_cluster import dask_processes, kill, scheduler_at, wait_until
from hrtem_assets_tests.execution.jobs import GatedMaker
from hrtem_assets_tests.small import CONDITIONS, SPECIMEN, small_campaign, small_campaign_yaml

pytestmark = pytest.mark.slow

HERE = LocalCompute(workers=1)
PARTIAL_SHARDS = "labels"


def make(root: Path, name: str, count: int | None, compute: Compute, log=lambda _: None) -> list[list[int]]:
    """Fill an asset's partitions and return the digests of their structures."""
    asset = ASSETS[name]
    paths = fill(
        asset,
        small_campaign(),
        SPECIMEN,
        CONDITIONS[:2] if asset.per_condition else (None,),
        Layout(root),
        count=count,
        compute=compute,
        provenance={"run_id": "test"},
        log=log,
    )
    found = []
    for path in paths.values():
        with xr.open_zarr(path) as store:
            found.append([int(d) for d in store.digest])
    return found


def on(cluster) -> ClusterCompute:
    return scheduler_at(cluster.address)


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Path:
    """Structures, waves and zero defocus, made on this machine."""
    root = tmp_path_factory.mktemp("here")
    make(root, "structures", 24, HERE)
    for name in ("exit_waves", "zero_defocus"):
        make(root, name, 5, HERE)
    return root


def test_a_cluster_makes_what_this_machine_makes_through_every_asset(here, two_workers, tmp_path):
    for name, count in (
        ("structures", 3),
        ("exit_waves", 3),
        ("zero_defocus", 3),
        ("micrographs", 3),
        ("labels", 3),
    ):
        there = make(tmp_path, name, count, on(two_workers))
        alone = make(shutil.copytree(here, tmp_path / f"here-{name}"), name, None, HERE)
        assert there == [digests[:3] for digests in alone], name
    assert all(
        v.intact for v in verify(Layout(tmp_path), list(finished_partitions(Layout(tmp_path))), workers=1)
    )


def test_a_worker_killed_in_the_middle_changes_nothing(here, cluster, tmp_path):
    cluster.add_worker()
    victim = cluster.add_worker()
    lines: list[str] = []

    def log(line: str) -> None:
        lines.append(line)
        if len(lines) == 4:
            kill(victim)

    assert make(tmp_path, "structures", 24, on(cluster), log) == make(here, "structures", None, HERE)
    assert victim.poll() is not None
    assert "structure 24 of 24" in lines[-1]


def test_a_scheduler_lost_in_the_middle_keeps_what_was_committed(here, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_tasks, "ASK_S", 1.0)
    lines: list[str] = []
    with dask_processes(tmp_path / "dask", workers=1) as cluster:

        def log(line: str) -> None:
            lines.append(line)
            if len(lines) == 4:
                kill(cluster.scheduler)

        with pytest.raises(SchedulerLostError, match="materialize again to go on"):
            make(tmp_path, "structures", 24, on(cluster), log)
    assert not Layout(tmp_path).store(PartitionId("structures", SPECIMEN)).exists()
    resumed: list[str] = []
    assert make(tmp_path, "structures", 24, HERE, resumed.append) == make(here, "structures", None, HERE)
    already = int(resumed[0].split(": ")[1].split()[0])
    # three were reported; the worker may have committed more by itself
    assert 3 <= already < 24


def test_a_worker_with_another_numpy_is_refused_by_name(cluster, tmp_path):
    other = tmp_path / "numpy-9.9.9.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 9.9.9\n")
    cluster.add_worker(environment={"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"})
    with pytest.raises(
        UnfitWorkerError, match=r"packages.numpy: 9.9.9 \(there\), .* \(here\)\ninstall the same"
    ):
        make(tmp_path, "structures", 2, on(cluster))


def test_a_worker_that_does_not_see_the_stores_is_refused_with_host_and_path(cluster, tmp_path):
    hide = f"mount -t tmpfs none {tmp_path} && exec "
    unshare = ["unshare", "--map-root-user", "--user", "--mount", "sh", "-c"]
    try:
        subprocess.run([*unshare, f"{hide} true"], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("this machine allows no mounts in a name space of one's own")
    cluster.add_worker(before=[*unshare, f'{hide} "$0" "$@"'])
    with pytest.raises(
        UnfitWorkerError, match=rf"on host .*: it does not see the store being filled, {tmp_path}"
    ):
        make(tmp_path, "structures", 2, on(cluster))


def test_a_run_that_is_killed_leaves_a_task_behind_that_cannot_spoil_the_next_run(
    here, cluster, tmp_path, monkeypatch
):
    gate = tmp_path / "gate"
    gate.mkdir()
    root = shutil.copytree(here, tmp_path / "data")
    cluster.add_worker(environment={"HRTEM_TEST_GATE": str(gate)})
    first = get_context("spawn").Process(target=_make_through_the_gate, args=(root, cluster.address))
    first.start()
    wait_until((gate / "begun").exists, "the cluster begins")
    os.kill(first.pid or 0, signal.SIGKILL)
    first.join()
    # its task waits on the cluster, with three structures for the shard of which five are wanted now
    longer = make(root, PARTIAL_SHARDS, 5, HERE)
    (gate / "open").touch()
    wait_until((gate / "failed").exists, "the task left behind ends")
    assert (gate / "failed").read_text().startswith("FencedError")
    assert longer == make(here, PARTIAL_SHARDS, 5, HERE)
    verdicts = list(verify(Layout(root), list(finished_partitions(Layout(root))), workers=1))
    assert {v.partition.asset for v in verdicts} >= {PARTIAL_SHARDS}
    assert all(v.intact for v in verdicts)


def _make_through_the_gate(root: Path, address: str) -> None:
    import hrtem_assets.execution.fill as filling

    filling.ShardMaker = GatedMaker  # type: ignore[misc]
    make(root, PARTIAL_SHARDS, 3, scheduler_at(address))


def test_what_crosses_the_scheduler_for_a_task_is_small():
    import pickle

    from hrtem_assets.campaign import load_campaign

    conditions = tuple(c.key for c in load_campaign("paper").conditions)
    assert len(pickle.dumps(Shards(range(624, 640), conditions))) < 1000


def test_a_command_computes_on_the_cluster_that_the_environment_names(here, two_workers, tmp_path):
    campaign = tmp_path / "small.yaml"
    campaign.write_text(small_campaign_yaml())
    settings = tmp_path / "compute.yaml"
    settings.write_text(
        f"kind: cluster\nopener: distributed.Client\noptions: {{address: '{two_workers.address}'}}\n"
    )
    environment = os.environ | {
        "HRTEM_CAMPAIGN": str(campaign),
        "HRTEM_DATA": str(tmp_path / "data"),
        "HRTEM_COMPUTE": str(settings),
    }
    environment.pop("DAGSTER_HOME", None)
    command = [sys.executable, "-m", "hrtem_assets", "materialize", "structures"]
    done = subprocess.run(
        [*command, "--specimen", SPECIMEN],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    said = f"structures {SPECIMEN}: on Dask scheduler {two_workers.address}, 2 workers there now; dashboard: http"
    assert said in done.stdout + done.stderr
    with xr.open_zarr(Layout(tmp_path / "data").store(PartitionId("structures", SPECIMEN))) as made:
        assert [int(d) for d in made.digest] == make(here, "structures", None, HERE)[0][:3]
