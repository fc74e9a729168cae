"""Where tasks are computed: typed settings of a machine or cluster, which decide nothing about the numbers."""

import re
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator

from hrtem_assets.base.environment import MOST_WORKERS
from hrtem_assets.base.model import Model, Whole, YesNo, quantity
from hrtem_assets.execution.workers import available_workers

DAY_S = 86_400.0
# more than the largest cluster has cores
MOST_CLUSTER_WORKERS = 10_000_000
RUNNING = "distributed.Client"
"""The opener that starts nothing: it connects to a scheduler that is running."""


def _written(pattern: str, words: str) -> AfterValidator:
    """Refuses text of another form, in words instead of a regular expression."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"write it as {words}")
        return text

    return AfterValidator(check)


Memory = Annotated[str, _written(r"\d+(\.\d+)? ?[kMGT]i?B", "32 GB or 500 MiB")]


class LocalCompute(Model):
    """Worker processes of this machine."""

    kind: Literal["local"] = "local"
    workers: Whole | None = Field(
        None, ge=1, le=MOST_WORKERS, description="worker processes; every core if not given"
    )


class ClusterCompute(Model):
    """A Dask cluster of any class, or a Dask scheduler that is already running."""

    kind: Literal["cluster"] = "cluster"
    opener: Annotated[str, _written(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", "package.Class")] = Field(
        description="class by its import name: one of Dask's clusters, such as dask_jobqueue.SLURMCluster, which is "
        "started and ends with the run; or distributed.Client, for a scheduler that is running"
    )
    options: dict[str, Any] = Field(
        {},
        description="what the class is called with; texts that begin with ./, ../ or ~ are paths, beside this file",
    )
    workers: Whole | None = Field(None, ge=1, le=MOST_CLUSTER_WORKERS, description="workers, always")
    workers_min: Whole = Field(0, ge=0, description="least workers while there is work")
    workers_max: Whole | None = Field(
        None, ge=1, le=MOST_CLUSTER_WORKERS, description="instead of workers: most workers, as needed"
    )
    adapt_options: dict[str, Any] = Field(
        {}, description="further arguments of the cluster's adapt, with workers_max; such as wait_count: 60"
    )
    copies: Whole = Field(
        1,
        ge=1,
        le=64,
        description="how often each worker is started that the class starts, as 3 on every GPU",
    )
    workers_per_device: Whole = Field(
        1, ge=1, le=MOST_WORKERS, description="workers that share the memory of one GPU"
    )
    memory_per_worker: Memory | None = Field(
        None, description="what one worker may take, such as 4 GB; what needs more is refused before a run"
    )
    on_this_machine: YesNo = Field(
        False, description="workers are processes of this machine and share its memory and GPUs"
    )
    workers_timeout_s: float = quantity(
        300.0, "s", "how long to wait while not a single worker is there", gt=0, le=30 * DAY_S
    )
    at_once: Whole | None = Field(
        None,
        ge=1,
        le=MOST_CLUSTER_WORKERS,
        description="most tasks handed out at once; twice the workers if not given",
    )

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.workers is not None and self.workers_max is not None:
            raise ValueError("give either workers, for a fixed size, or workers_max, for as many as needed")
        if self.workers_max is None and (self.workers_min or self.adapt_options):
            raise ValueError("workers_min and adapt_options go with workers_max")
        if self.workers_max is not None and self.workers_min > self.workers_max:
            raise ValueError(
                f"workers_min = {self.workers_min} must not exceed workers_max = {self.workers_max}"
            )
        if self.running and (self.most_workers or self.copies > 1):
            raise ValueError(
                f"{RUNNING} starts no workers: remove workers, workers_max and copies, or name a cluster's class"
            )
        if self.running and not {"address", "scheduler_file"} & self.options.keys():
            raise ValueError(
                "options need address, such as tcp://host:8786, or scheduler_file: where the scheduler runs"
            )
        address = self.options.get("address", "")
        if self.running and address and not re.fullmatch(r"[a-z]+://[^\s/]+:\d+", str(address)):
            raise ValueError(f"options.address = {address!r}: write it as tcp://host:8786 or tls://host:8786")
        return self

    @property
    def running(self) -> bool:
        """Whether others have started it."""
        return self.opener == RUNNING

    @property
    def most_workers(self) -> int | None:
        """The size it is meant to reach; None where its class decides."""
        return self.workers or self.workers_max


Compute = Annotated[LocalCompute | ClusterCompute, Field(discriminator="kind")]
"""Settings of any kind; `kind` says which."""

KINDS: dict[str, type[Model]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model for model in (LocalCompute, ClusterCompute)
}


def on_this_machine(compute: Compute) -> bool:
    """Whether workers see the devices that this process sees."""
    return isinstance(compute, LocalCompute) or compute.on_this_machine


def processes_per_device(compute: Compute) -> int:
    """How many worker processes share the memory of one CUDA device."""
    if isinstance(compute, LocalCompute):
        return compute.workers or available_workers()
    return compute.workers_per_device
