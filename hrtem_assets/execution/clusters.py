"""Clusters by settings: how these map onto dask-jobqueue, dask-kubernetes and dask-cuda, and what stays open."""

import atexit
import copy
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from hrtem_assets.execution.loading import ComputeError
from hrtem_assets.execution.settings import (
    Cluster,
    CudaCompute,
    DaskCompute,
    KubernetesCompute,
    SizedModel,
    SlurmCompute,
)
from hrtem_assets.execution.workers import ONE_THREAD

# by kind: package that is imported, and our extra that installs it
_PACKAGES = {
    "dask": ("distributed", "dask"),
    "slurm": ("dask_jobqueue", "slurm"),
    "kubernetes": ("dask_kubernetes.operator", "kubernetes"),
    "cuda": ("dask_cuda", "cuda-cluster"),
}
# how long workers stay that have nothing to do; Dask looks once a second
IDLE_S = 60
# starting it takes seconds to minutes, so it serves every run of this process
_open: dict[str, Any] = {}


@dataclass(frozen=True)
class Endpoint:
    """What a Dask client connects to.

    Attributes:
        target: an address, or a cluster object of Dask's.
        name: in words.
        most_workers: how many workers it is meant to reach; 0 where others decide that.
        options: for the client: `security` or `scheduler_file`.
    """

    target: Any
    name: str
    most_workers: int
    options: dict[str, Any]


def open_endpoint(compute: Cluster, log: Callable[[str], None]) -> Endpoint:
    """Where the client connects; a cluster that is ours to start is started once and ends with this process.

    Args:
        compute: settings.
        log: receives what is being started.

    Raises:
        ComputeError: if a package is missing, or the cluster cannot be started.
    """
    package = require_package(compute.kind)
    if isinstance(compute, DaskCompute):
        name = compute.address or f"of {compute.scheduler_file}"
        return Endpoint(compute.address, f"Dask scheduler {name}", 0, _dask_options(compute))
    key = compute.model_dump_json(exclude={"at_once"})
    if key not in _open:
        log(f"starting {describe(compute)}")
        try:
            _open[key] = _START[compute.kind](package, compute)
        except Exception as error:
            raise ComputeError(
                f"{describe(compute)} could not be started ({type(error).__name__}: {error}); check the settings"
            ) from error
    cluster = _open[key]
    most = compute.most_workers if isinstance(compute, SizedModel) else len(cluster.worker_spec)
    return Endpoint(cluster, describe(compute), most, {})


@atexit.register
def close_clusters() -> None:
    """End every cluster that this process has started: its jobs or pods end too."""
    while _open:
        _, cluster = _open.popitem()
        cluster.close()


def describe(compute: Cluster) -> str:
    """A cluster in words."""
    if isinstance(compute, DaskCompute):
        return f"Dask scheduler {compute.address or compute.scheduler_file}"
    if isinstance(compute, CudaCompute):
        return "Dask cluster on the GPUs of this machine"
    size = (
        f"{compute.workers}"
        if compute.workers is not None
        else f"{compute.workers_min} to {compute.workers_max}"
    )
    where = (
        f"in Slurm jobs of {compute.cores}, queue {compute.queue or 'by default'}"
        if isinstance(compute, SlurmCompute)
        else f"in pods of {compute.image}, namespace {compute.namespace}"
    )
    return f"Dask cluster of {size} workers {where}"


def require_package(kind: str) -> Any:
    """The package that a kind of cluster needs.

    Raises:
        ComputeError: if it is not installed; names the command that installs it.
    """
    package, extra = _PACKAGES[kind]
    try:
        return import_module(package)
    except ImportError as error:
        raise ComputeError(
            f"compute of kind {kind!r} needs the package {package.partition('.')[0]} ({error}); install it with: "
            f"pip install 'hrtem-assets[{extra}]'"
        ) from error


def slurm_arguments(compute: SlurmCompute) -> dict[str, Any]:
    """Arguments of `dask_jobqueue.SLURMCluster`: one worker of one thread per core of a job."""
    directives = [f"--gpus={compute.gpus}"] if compute.gpus else []
    exports = dict.fromkeys(ONE_THREAD, "1") | compute.environment
    given = {
        "queue": compute.queue,
        "account": compute.account,
        "cores": compute.cores,
        "processes": compute.cores,
        "memory": compute.memory,
        "walltime": compute.walltime,
        "job_name": "hrtem",
        "job_extra_directives": [*directives, *compute.job_extra_directives],
        "job_script_prologue": [
            *(f"export {name}={shlex.quote(value)}" for name, value in exports.items()),
            *compute.job_script_prologue,
        ],
        "interface": compute.interface,
        "python": compute.python,
        "local_directory": compute.local_directory,
        "log_directory": compute.log_directory,
    }
    return {name: value for name, value in given.items() if value is not None}


def kubernetes_arguments(compute: KubernetesCompute) -> dict[str, Any]:
    """Arguments of dask-kubernetes' `KubeCluster`: a spec whose workers alone have GPUs, volumes and secrets."""
    spec = require_package("kubernetes").make_cluster_spec(
        name=compute.name,
        image=compute.image,
        n_workers=compute.workers or compute.workers_min,
        env=dict.fromkeys(ONE_THREAD, "1") | compute.env,
        worker_command="dask worker --nthreads 1",
    )
    pod = spec["spec"]["worker"]["spec"]
    (container,) = pod["containers"]
    _put(container, "resources", dict(compute.resources))
    _put(container, "envFrom", list(compute.env_from))
    _put(container, "volumeMounts", list(compute.volume_mounts))
    _put(pod, "volumes", list(compute.volumes))
    _put(pod, "nodeSelector", dict(compute.node_selector))
    _put(pod, "tolerations", list(compute.tolerations))
    _put(pod, "serviceAccountName", compute.service_account)
    return {"custom_cluster_spec": spec, "namespace": compute.namespace}


def cuda_arguments(compute: CudaCompute) -> dict[str, Any]:
    """Arguments of `dask_cuda.LocalCUDACluster`: one worker of one thread per GPU."""
    given = {
        "CUDA_VISIBLE_DEVICES": None if compute.devices is None else list(compute.devices),
        "threads_per_worker": 1,
        # only what computes knows how much of the device it needs
        "device_memory_limit": None,
        "local_directory": compute.local_directory,
    }
    return {
        name: value for name, value in given.items() if value is not None or name == "device_memory_limit"
    }


def multiply_workers(cluster: Any, times: int) -> None:
    """Start further workers like those that a Dask cluster has, such as several on each GPU.

    Args:
        cluster: a SpecCluster of Dask's.
        times: workers wanted for each that is there.
    """
    for name, spec in list(cluster.worker_spec.items()):
        for copied in range(1, times):
            cluster.worker_spec[f"{name}-{copied}"] = copy.deepcopy(spec)
    cluster.scale(len(cluster.worker_spec))


def _start_slurm(package: Any, compute: SlurmCompute) -> Any:
    # a job is kept between one asset and the next: another would have to queue
    return _sized(package.SLURMCluster(**slurm_arguments(compute)), compute, wait_count=IDLE_S)


def _start_kubernetes(package: Any, compute: KubernetesCompute) -> Any:
    return _sized(package.KubeCluster(**kubernetes_arguments(compute)), compute)


def _start_cuda(package: Any, compute: CudaCompute) -> Any:
    cluster = package.LocalCUDACluster(**cuda_arguments(compute))
    multiply_workers(cluster, compute.workers_per_device)
    return cluster


_START: dict[str, Callable[[Any, Any], Any]] = {
    "slurm": _start_slurm,
    "kubernetes": _start_kubernetes,
    "cuda": _start_cuda,
}


def _sized(cluster: Any, compute: SizedModel, **adaptive: Any) -> Any:
    if compute.workers is not None:
        cluster.scale(compute.workers)
    else:
        cluster.adapt(minimum=compute.workers_min, maximum=compute.workers_max, **adaptive)
    return cluster


def _dask_options(compute: DaskCompute) -> dict[str, Any]:
    if compute.scheduler_file is not None:
        if not compute.scheduler_file.is_file():
            raise ComputeError(
                f"scheduler_file = '{compute.scheduler_file}' is not there: start a scheduler with: dask scheduler "
                f"--scheduler-file {compute.scheduler_file}"
            )
        return {"scheduler_file": str(compute.scheduler_file)}
    if compute.tls is None:
        return {}
    from distributed.security import Security

    tls = compute.tls
    for name, path in tls:
        if not path.is_file():
            raise ComputeError(f"tls.{name} = {str(path)!r} is not a file; change it in the compute settings")
    return {
        "security": Security(
            tls_ca_file=str(tls.ca_file),
            tls_client_cert=str(tls.cert_file),
            tls_client_key=str(tls.key_file),
            require_encryption=True,
        )
    }


def _put(target: dict[str, Any], name: str, value: Any) -> None:
    if value:
        target[name] = value
