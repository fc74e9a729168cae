"""How settings map onto dask-jobqueue, dask-kubernetes and dask-cuda: onto their real classes where these are."""

import sys
from unittest import mock

import pytest
from distributed import Client, LocalCluster

from hrtem_assets.execution import clusters
from hrtem_assets.execution.clusters import (
    close_clusters,
    cuda_arguments,
    kubernetes_arguments,
    multiply_workers,
    open_endpoint,
    slurm_arguments,
)
from hrtem_assets.execution.loading import ComputeError
from hrtem_assets.execution.settings import CudaCompute, KubernetesCompute, SlurmCompute
from hrtem_assets.execution.tasks import map_tasks
from hrtem_assets_tests.execution.jobs import square

SLURM = SlurmCompute(
    queue="gpu",
    account="my_project",
    cores=4,
    memory="32 GB",
    walltime="2-00:00:00",
    gpus=2,
    workers_max=8,
    job_script_prologue=("module load cuda",),
    job_extra_directives=("--constraint=a100",),
    environment={"HRTEM_DEVICE": "cuda", "HRTEM_ASSETS": "s3://a b"},
    interface="lo",
    python="/shared/venv/bin/python",
    local_directory="/tmp",
    log_directory="/shared/logs",
)
KUBERNETES = KubernetesCompute(
    name="hrtem",
    namespace="dagster",
    image="registry.example.org/hrtem-assets:1",
    workers=5,
    resources={"limits": {"memory": "4Gi", "nvidia.com/gpu": 1}},
    env={"HRTEM_DEVICE": "cuda"},
    env_from=({"secretRef": {"name": "store"}},),
    volumes=({"name": "data", "persistentVolumeClaim": {"claimName": "hrtem"}},),
    volume_mounts=({"name": "data", "mountPath": "/data"},),
    node_selector={"pool": "gpu"},
    tolerations=({"key": "gpu", "operator": "Exists"},),
    service_account="hrtem",
)


def test_slurm_settings_make_the_job_script_that_they_say(tmp_path):
    dask_jobqueue = pytest.importorskip("dask_jobqueue")
    with dask_jobqueue.SLURMCluster(**slurm_arguments(SLURM)) as cluster:
        lines = cluster.job_script().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    for directive in (
        *("-p gpu", "-A my_project", "-n 1", "--cpus-per-task=4", "--mem=30G", "-t 2-00:00:00"),
        *("--gpus=2", "--constraint=a100", "-o /shared/logs/hrtem-%J.out"),
    ):
        assert f"#SBATCH {directive}" in lines
    for line in ("OMP_NUM_THREADS=1", "HRTEM_DEVICE=cuda", "HRTEM_ASSETS='s3://a b'"):
        assert f"export {line}" in lines
    assert lines.index("module load cuda") > lines.index("export HRTEM_DEVICE=cuda")
    (command,) = [line for line in lines if "dask_worker" in line]
    assert command.startswith("/shared/venv/bin/python -m distributed.cli.dask_worker tcp://127.0.0.1:")
    assert "--nthreads 1 " in command and "--nworkers 4 " in command and "--local-directory /tmp" in command


def test_kubernetes_settings_make_the_pods_that_they_say():
    pytest.importorskip("dask_kubernetes")
    arguments = kubernetes_arguments(KUBERNETES)
    spec = arguments["custom_cluster_spec"]
    assert arguments["namespace"] == "dagster"
    assert spec["kind"] == "DaskCluster" and spec["metadata"]["name"] == "hrtem"
    assert spec["spec"]["worker"]["replicas"] == 5
    pod = spec["spec"]["worker"]["spec"]
    (worker,) = pod["containers"]
    assert worker["image"] == KUBERNETES.image
    assert worker["args"][:4] == ["dask", "worker", "--nthreads", "1"]
    assert {"name": "OMP_NUM_THREADS", "value": "1"} in worker["env"]
    assert {"name": "HRTEM_DEVICE", "value": "cuda"} in worker["env"]
    assert worker["resources"] == {"limits": {"memory": "4Gi", "nvidia.com/gpu": 1}}
    assert worker["envFrom"] == [{"secretRef": {"name": "store"}}]
    assert worker["volumeMounts"] == [{"name": "data", "mountPath": "/data"}]
    assert pod["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "hrtem"}}]
    assert pod["nodeSelector"] == {"pool": "gpu"} and pod["serviceAccountName"] == "hrtem"
    assert pod["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
    # the scheduler takes no GPU
    (scheduler,) = spec["spec"]["scheduler"]["spec"]["containers"]
    assert scheduler["image"] == KUBERNETES.image and not scheduler["resources"]


def test_cuda_settings_name_devices_and_leave_device_memory_to_who_computes():
    assert cuda_arguments(CudaCompute(devices=(0, 2))) == {
        "CUDA_VISIBLE_DEVICES": [0, 2],
        "threads_per_worker": 1,
        "device_memory_limit": None,
    }
    assert "CUDA_VISIBLE_DEVICES" not in cuda_arguments(CudaCompute())


def test_several_workers_share_what_one_worker_of_a_cluster_has():
    """As for GPUs: each copy has the environment of the worker that it is a copy of."""
    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", env={"MINE": "yes"}
    ) as cluster:
        multiply_workers(cluster, 2)
        with Client(cluster, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            assert list(client.run(_mine).values()) == ["yes", "yes"]


def _mine() -> str | None:
    import os

    return os.environ.get("MINE")


@pytest.mark.parametrize(
    ("compute", "package", "extra"),
    [
        (SLURM, "dask_jobqueue", "slurm"),
        (KUBERNETES, "dask_kubernetes", "kubernetes"),
        (CudaCompute(), "dask_cuda", "cuda-cluster"),
    ],
)
def test_a_missing_package_is_an_error_with_the_command_that_installs_it(compute, package, extra):
    with (
        mock.patch.dict(sys.modules, {package: None, f"{package}.operator": None}),
        pytest.raises(
            ComputeError, match=rf"needs the package {package} .*pip install 'hrtem-assets\[{extra}\]'"
        ),
    ):
        list(map_tasks(square, [1], compute, name="squares", log=lambda _: None))


def test_a_cluster_is_started_once_and_what_cannot_start_says_so(monkeypatch):
    started: list[LocalCluster] = []

    def start(package: object, compute: SlurmCompute) -> LocalCluster:
        if compute.queue == "closed":
            raise RuntimeError("sbatch: error: invalid partition")
        started.append(LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0"))
        return started[-1]

    pytest.importorskip("dask_jobqueue")
    monkeypatch.setitem(clusters._START, "slurm", start)
    lines: list[str] = []
    try:
        for at_once in (None, 3):
            compute = SLURM.model_copy(update={"at_once": at_once})
            assert dict(map_tasks(square, [2], compute, name="squares", log=lines.append)) == {2: 4}
    finally:
        close_clusters()
    assert len(started) == 1 and started[0].status.name == "closed"
    assert lines[0] == "starting Dask cluster of 0 to 8 workers in Slurm jobs of 4, queue gpu"
    with pytest.raises(
        ComputeError, match=r"queue closed could not be started \(RuntimeError: sbatch: error"
    ):
        open_endpoint(SLURM.model_copy(update={"queue": "closed"}), lines.append)
