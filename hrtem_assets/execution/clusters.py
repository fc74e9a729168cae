"""Clusters by settings: any class of Dask's is imported by name, called with its options, and sized."""

import atexit
import copy
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from hrtem_assets.execution.loading import ComputeError
from hrtem_assets.execution.settings import RUNNING, ClusterCompute

# starting one takes seconds to minutes, so it serves every run of this process
_open: dict[str, Any] = {}


@dataclass(frozen=True)
class Endpoint:
    """What a Dask client connects to.

    Attributes:
        target: an address, or a cluster object of Dask's; None where options say it.
        name: in words.
        most_workers: how many workers it is meant to reach; 0 where others decide that.
        options: for the client, such as `security` or `scheduler_file`.
    """

    target: Any
    name: str
    most_workers: int
    options: dict[str, Any]


def open_endpoint(compute: ClusterCompute, log: Callable[[str], None]) -> Endpoint:
    """Where the client connects; a cluster that is ours to start is started once and ends with this process.

    Args:
        compute: settings.
        log: receives what is being started.

    Raises:
        ComputeError: if its class cannot be imported, or the cluster cannot be started.
    """
    if compute.running:
        options = dict(compute.options)
        file = options.get("scheduler_file")
        # the client would wait for it without end
        if file is not None and not Path(file).is_file():
            raise ComputeError(
                f"scheduler_file = {str(file)!r} does not exist: start a scheduler with: dask scheduler "
                f"--scheduler-file {file}, or correct options in the compute settings"
            )
        return Endpoint(options.pop("address", None), describe(compute), 0, options)
    opener = _imported(compute.opener)
    key = compute.model_dump_json(exclude={"at_once"})
    if key not in _open:
        log(f"starting {describe(compute)}")
        try:
            _open[key] = _started(opener, compute)
        except Exception as error:
            root: BaseException = error
            while root.__cause__ is not None:
                root = root.__cause__
            raise ComputeError(
                f"{describe(compute)} could not be started ({type(root).__name__}: {root}); check opener, options "
                f"and workers in the compute settings"
            ) from error
    cluster = _open[key]
    most = compute.most_workers or len(getattr(cluster, "worker_spec", ()))
    return Endpoint(cluster, describe(compute), most, {})


@atexit.register
def close_clusters() -> None:
    """End every cluster that this process has started: its jobs or pods end too."""
    while _open:
        _, cluster = _open.popitem()
        cluster.close()


def describe(compute: ClusterCompute) -> str:
    """A cluster in words."""
    if compute.running:
        return f"Dask scheduler {compute.options.get('address') or compute.options.get('scheduler_file')}"
    name = compute.opener.rpartition(".")[2]
    if compute.workers is not None:
        return f"{name} of {compute.workers} worker{'s' * (compute.workers != 1)}"
    if compute.workers_max is not None:
        return f"{name} of {compute.workers_min} to {compute.workers_max} workers"
    return name


def _imported(opener: str) -> Callable[..., Any]:
    """The class that a name stands for.

    Raises:
        ComputeError: if there is none, or its package is not installed.
    """
    module, _, name = opener.rpartition(".")
    try:
        cluster_class = getattr(import_module(module), name, None)
    except ImportError as error:
        package = module.partition(".")[0].replace("_", "-")
        raise ComputeError(
            f"opener = {opener!r} cannot be imported ({error}); install its package, such as: pip install {package}, "
            f"or correct the name in the compute settings"
        ) from error
    if not callable(cluster_class):
        raise ComputeError(
            f"opener = {opener!r}: {module} has no class {name}; name one of its classes in the compute settings"
        )
    return cluster_class


def _started(opener: Callable[..., Any], compute: ClusterCompute) -> Any:
    """A cluster of the size that is asked for; closed again where that fails."""
    cluster = opener(**compute.options)
    try:
        if not hasattr(cluster, "scheduler_address"):
            raise TypeError(
                f"{compute.opener} is not a class of a Dask cluster; for a running scheduler: {RUNNING}"
            )
        if compute.workers is not None:
            cluster.scale(compute.workers)
        elif compute.workers_max is not None:
            cluster.adapt(minimum=compute.workers_min, maximum=compute.workers_max, **compute.adapt_options)
        if compute.copies > 1:
            _multiply_workers(cluster, compute.copies)
    except BaseException:
        if hasattr(cluster, "close"):
            cluster.close()
        raise
    return cluster


def _multiply_workers(cluster: Any, times: int) -> None:
    """Start further workers like those that a cluster has: each with the environment of the one it copies."""
    for name, spec in list(cluster.worker_spec.items()):
        for copied in range(1, times):
            cluster.worker_spec[f"{name}-{copied}"] = copy.deepcopy(spec)
    cluster.scale(len(cluster.worker_spec))
