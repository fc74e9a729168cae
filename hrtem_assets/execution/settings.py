"""Where tasks are computed: typed settings of a machine or cluster, which decide nothing about the numbers."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, field_validator, model_validator

from hrtem_assets.base.environment import MOST_WORKERS
from hrtem_assets.base.model import Model, Real, Whole, quantity
from hrtem_assets.execution.workers import available_workers

DAY_S = 86_400.0
# more than the largest cluster has cores
MOST_CLUSTER_WORKERS = 10_000_000


def _written(pattern: str, words: str) -> AfterValidator:
    """Refuses text of another form, in words instead of a regular expression."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"write it as {words}")
        return text

    return AfterValidator(check)


Memory = Annotated[str, _written(r"\d+(\.\d+)? ?[kMGT]i?B", "32 GB or 500 MiB")]
Walltime = Annotated[str, _written(r"(\d+-)?\d{1,2}:\d{2}:\d{2}", "12:00:00 or 2-00:00:00")]
Address = Annotated[
    str, _written(r"(tcp|tls|ucx|ws|wss)://[^\s/]+:\d+", "tcp://host:8786 or tls://host:8786")
]


class LocalCompute(Model):
    """Worker processes of this machine."""

    kind: Literal["local"] = "local"
    workers: Whole | None = Field(
        None, ge=1, le=MOST_WORKERS, description="worker processes; every core if not given"
    )


class ClusterModel(Model):
    """What all clusters have."""

    workers_timeout_s: float = quantity(
        300.0, "s", "how long to wait while not a single worker is there", gt=0, le=30 * DAY_S
    )
    at_once: Whole | None = Field(
        None,
        ge=1,
        le=MOST_CLUSTER_WORKERS,
        description="most tasks handed out at once; twice the workers if not given",
    )


class Tls(Model):
    """Files by which scheduler, workers and we trust each other; relative to the settings' file."""

    ca_file: Path = Field(description="certificate authority, PEM")
    cert_file: Path = Field(description="our certificate, PEM")
    key_file: Path = Field(description="our private key, PEM")


class DaskCompute(ClusterModel):
    """A Dask scheduler that is already running, with its workers."""

    kind: Literal["dask"] = "dask"
    address: Address | None = Field(None, description="the scheduler's address such as tcp://host:8786")
    scheduler_file: Path | None = Field(
        None, description="instead: the file that `dask scheduler --scheduler-file` wrote"
    )
    tls: Tls | None = Field(None, description="for addresses that begin with tls://")

    @model_validator(mode="after")
    def _one_way_to_the_scheduler(self) -> Self:
        if (self.address is None) == (self.scheduler_file is None):
            raise ValueError("give either address or scheduler_file")
        if self.address is not None and self.address.startswith("tls://") != (self.tls is not None):
            raise ValueError("an address that begins with tls:// needs tls, any other has none")
        return self


class SizedModel(ClusterModel):
    """A cluster that we start: of a fixed size, or as large as the work needs."""

    workers: Whole | None = Field(None, ge=1, le=MOST_CLUSTER_WORKERS, description="workers, always")
    workers_min: Whole = Field(0, ge=0, description="least workers while there is work")
    workers_max: Whole | None = Field(
        None, ge=1, le=MOST_CLUSTER_WORKERS, description="instead of workers: most workers, as needed"
    )

    @model_validator(mode="after")
    def _fixed_or_as_needed(self) -> Self:
        if (self.workers is None) == (self.workers_max is None):
            raise ValueError("give either workers, for a fixed size, or workers_max, for as many as needed")
        if self.workers_max is not None and self.workers_min > self.workers_max:
            raise ValueError(
                f"workers_min = {self.workers_min} must not exceed workers_max = {self.workers_max}"
            )
        if self.workers is not None and self.workers_min:
            raise ValueError("workers_min goes with workers_max, not with workers")
        return self

    @property
    def most_workers(self) -> int:
        """The size it is meant to reach."""
        return self.workers or self.workers_max or 1


class SlurmCompute(SizedModel):
    """Workers in jobs of a Slurm cluster, submitted by dask-jobqueue."""

    kind: Literal["slurm"] = "slurm"
    queue: str | None = Field(None, min_length=1, description="partition")
    account: str | None = Field(None, min_length=1, description="account that is charged")
    cores: Whole = Field(
        ge=1, le=MOST_WORKERS, description="cores of a job; each runs one worker of one thread"
    )
    memory: Memory = Field(description="memory of a job such as 32 GB, shared by its workers")
    walltime: Walltime = Field(description="longest life of a job, hh:mm:ss or d-hh:mm:ss")
    gpus: Whole = Field(0, ge=0, le=64, description="GPUs of a job, as --gpus; all its workers see them")
    job_script_prologue: tuple[str, ...] = Field(
        (), description="shell lines before the workers start, such as: module load cuda"
    )
    job_extra_directives: tuple[str, ...] = Field(
        (), description="further #SBATCH lines such as --constraint=a100"
    )
    environment: dict[str, str] = Field({}, description="variables of the workers such as HRTEM_DEVICE: cuda")
    interface: str | None = Field(None, description="network interface that nodes reach each other on: ib0")
    python: str | None = Field(None, description="interpreter on the nodes; this one's path if not given")
    local_directory: str | None = Field(None, description="fast local folder of a node for scratch files")
    log_directory: str | None = Field(None, description="folder of the jobs' output")
    # jobs wait in a queue
    workers_timeout_s: float = quantity(
        DAY_S, "s", "how long to wait while not a single worker is there", gt=0, le=30 * DAY_S
    )

    @model_validator(mode="after")
    def _whole_jobs(self) -> Self:
        for name in ("workers", "workers_max"):
            value = getattr(self, name)
            if value is not None and value % self.cores:
                raise ValueError(
                    f"{name} = {value} must be a multiple of cores = {self.cores}: a job brings so many workers"
                )
        return self


class KubernetesCompute(SizedModel):
    """Workers in pods of a Kubernetes cluster, by dask-kubernetes and its operator."""

    kind: Literal["kubernetes"] = "kubernetes"
    name: str = Field("hrtem", pattern=r"^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$", description="of the cluster")
    namespace: str = Field("default", min_length=1, description="where its pods run")
    image: str = Field(min_length=1, description="image that holds this package, the same as Dagster's")
    resources: dict[Literal["requests", "limits"], dict[str, str | Whole | Real]] = Field(
        {}, description="of one worker, as in a pod: requests and limits of cpu, memory, nvidia.com/gpu"
    )
    env: dict[str, str] = Field({}, description="variables of the workers such as HRTEM_DEVICE: cuda")
    env_from: tuple[dict[str, Any], ...] = Field(
        (), description="envFrom of the workers, for example a secret with the object store's credentials"
    )
    volumes: tuple[dict[str, Any], ...] = Field((), description="volumes of a worker's pod, as in a pod")
    volume_mounts: tuple[dict[str, Any], ...] = Field((), description="volumeMounts of a worker, as in a pod")
    node_selector: dict[str, str] = Field({}, description="labels of nodes for workers")
    tolerations: tuple[dict[str, Any], ...] = Field((), description="taints of nodes that workers tolerate")
    service_account: str | None = Field(None, description="of the workers' pods")
    workers_timeout_s: float = quantity(
        1800.0, "s", "how long to wait while not a single worker is there", gt=0, le=30 * DAY_S
    )

    @field_validator("volume_mounts")
    @classmethod
    def _mounts_say_where(cls, mounts: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        for mount in mounts:
            if not {"name", "mountPath"} <= mount.keys():
                raise ValueError(f"each needs name and mountPath; {mount} has {', '.join(mount)}")
        return mounts

    @model_validator(mode="after")
    def _mounts_name_volumes(self) -> Self:
        known = {str(volume.get("name")) for volume in self.volumes}
        for mount in self.volume_mounts:
            if mount["name"] not in known:
                raise ValueError(
                    f"volume_mounts name {mount['name']!r}, but volumes holds: {', '.join(known) or 'none'}"
                )
        return self


class CudaCompute(ClusterModel):
    """The GPUs of this machine, by dask-cuda: each worker sees one."""

    kind: Literal["cuda"] = "cuda"
    devices: tuple[Whole, ...] | None = Field(None, min_length=1, description="GPU numbers; all if not given")
    workers_per_device: Whole = Field(
        1, ge=1, le=16, description="workers that share a GPU: while one writes, another computes"
    )
    local_directory: str | None = Field(None, description="fast local folder for scratch files")

    @field_validator("devices")
    @classmethod
    def _different_devices(cls, devices: tuple[Whole, ...] | None) -> tuple[int, ...] | None:
        if devices is not None and (len(set(devices)) < len(devices) or min(devices) < 0):
            raise ValueError("GPU numbers are different and count from 0")
        return devices


Cluster = DaskCompute | SlurmCompute | KubernetesCompute | CudaCompute
Compute = Annotated[LocalCompute | Cluster, Field(discriminator="kind")]
"""Settings of any kind; `kind` says which."""

KINDS: dict[str, type[Model]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model for model in (LocalCompute, *get_args(Cluster))
}

ON_THIS_MACHINE = ("local", "cuda")
"""Kinds whose workers see the devices that we see."""


def processes_per_device(compute: Compute) -> int:
    """How many worker processes share the memory of one CUDA device.

    Args:
        compute: where workers are. Of a scheduler that others started, nothing is known: its workers are taken to
            have a device each.
    """
    match compute:
        case LocalCompute():
            return compute.workers or available_workers()
        case CudaCompute():
            return compute.workers_per_device
        case SlurmCompute(gpus=gpus) if gpus:
            return -(-compute.cores // gpus)
        case _:
            return 1
