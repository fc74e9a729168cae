"""Clusters by the name of their class: real ones of Dask's, and what the examples make of theirs."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from distributed import Client

from hrtem_assets.execution.clusters import close_clusters, open_endpoint
from hrtem_assets.execution.loading import ComputeError
from hrtem_assets.execution.settings import ClusterCompute
from hrtem_assets.execution.tasks import map_tasks
from hrtem_assets_tests.execution.jobs import square

DEPLOY = Path(__file__).parents[2] / "deploy"
LOCAL: dict[str, Any] = {
    "opener": "distributed.LocalCluster",
    "options": {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"},
}


@pytest.fixture(autouse=True)
def _nothing_stays_open():
    yield
    close_clusters()


def test_a_cluster_of_any_class_is_started_once_and_ends_when_it_is_closed():
    lines: list[str] = []
    for at_once in (None, 3):
        compute = ClusterCompute(**LOCAL, workers=2, at_once=at_once)
        assert dict(map_tasks(square, [2], compute, name="squares", log=lines.append)) == {2: 4}
    assert [line for line in lines if "starting" in line] == ["starting LocalCluster of 2 workers"]
    endpoint = open_endpoint(compute, lines.append)
    assert endpoint.most_workers == 2 and len(endpoint.target.worker_spec) == 2
    close_clusters()
    assert endpoint.target.status.name == "closed"


def test_a_cluster_grows_with_its_work():
    options = {**LOCAL["options"], "n_workers": 0}
    compute = ClusterCompute(
        opener="distributed.deploy.local.LocalCluster",
        options=options,
        workers_max=1,
        adapt_options={"wait_count": 60, "interval": "100 ms"},
    )
    lines: list[str] = []
    work = map_tasks(square, range(3), compute, name="squares", log=lines.append)
    assert dict(work) == {0: 0, 1: 1, 2: 4}
    assert lines[0] == "starting LocalCluster of 0 to 1 workers"


def test_copies_of_a_worker_have_what_it_has():
    """As for GPUs: each copy has the environment of the worker that it is a copy of."""
    options = {**LOCAL["options"], "env": {"MINE": "yes"}}
    endpoint = open_endpoint(ClusterCompute(**LOCAL | {"options": options}, copies=2), print)
    assert endpoint.most_workers == 2
    with Client(endpoint.target, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        assert list(client.run(_mine).values()) == ["yes", "yes"]


def _mine() -> str | None:
    import os

    return os.environ.get("MINE")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"opener": "no_such_package.Cluster"}, r"cannot be imported \(.*pip install no-such-package"),
        ({"opener": "distributed.NoCluster"}, "distributed has no class NoCluster"),
        ({"opener": "distributed.Nanny"}, "Nanny could not be started"),
        ({"opener": "collections.OrderedDict"}, "OrderedDict is not a class of a Dask cluster"),
        (LOCAL | {"options": {"colour": "red"}}, r"LocalCluster could not be started \(TypeError: .*colour"),
    ],
)
def test_what_cannot_be_started_is_an_error_that_says_what_to_correct(settings, said):
    with pytest.raises(ComputeError, match=said) as caught:
        list(map_tasks(square, [1], ClusterCompute(**settings), name="squares", log=lambda _: None))
    assert "in the compute settings" in str(caught.value)


def test_the_example_for_slurm_makes_jobs_of_single_threaded_workers_that_share_a_gpu():
    dask_jobqueue = pytest.importorskip("dask_jobqueue")
    settings = yaml.safe_load((DEPLOY / "slurm" / "compute.yaml").read_text("utf-8"))
    options = settings["options"]
    with dask_jobqueue.SLURMCluster(**options | {"interface": "lo"}) as cluster:
        lines = cluster.job_script().splitlines()
    for directive in ("-p gpu", "-A my_project", "-n 1", "--cpus-per-task=8", "--mem=30G", "--gpus=1"):
        assert f"#SBATCH {directive}" in lines
    (command,) = [line for line in lines if "dask_worker" in line]
    assert "--nthreads 1 " in command and "--nworkers 8 " in command and "--local-directory /tmp" in command
    assert (settings["workers_per_device"], settings["memory_per_worker"]) == (8, "4 GB")
    assert lines.index("module load cuda") < lines.index(command)


def test_the_example_for_kubernetes_gives_memory_and_gpus_to_workers_alone():
    compute = yaml.safe_load((DEPLOY / "kubernetes" / "compute.yaml").read_text("utf-8"))
    spec = yaml.safe_load((DEPLOY / "kubernetes" / "cluster.yaml").read_text("utf-8"))
    (worker,) = spec["spec"]["worker"]["spec"]["containers"]
    (scheduler,) = spec["spec"]["scheduler"]["spec"]["containers"]
    assert worker["image"] == scheduler["image"] and "resources" not in scheduler
    assert compute["memory_per_worker"].replace(" ", "") == worker["resources"]["limits"]["memory"] + "B"
    assert (
        spec["spec"]["scheduler"]["service"]["selector"]["dask.org/cluster-name"] == spec["metadata"]["name"]
    )
    dask_kubernetes = pytest.importorskip("dask_kubernetes.operator")
    usual = dask_kubernetes.make_cluster_spec(name="hrtem", image=worker["image"], n_workers=0)
    assert spec["spec"]["scheduler"]["service"] == usual["spec"]["scheduler"]["service"]
    assert {*usual["spec"]} == {*spec["spec"]}
