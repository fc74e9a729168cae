"""Which compute this machine uses: `HRTEM_COMPUTE` names a file or a scheduler, `HRTEM_WORKERS` local processes."""

import os
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from hrtem_assets.campaign.base import explain
from hrtem_assets.compute.settings import KINDS, Compute, CudaCompute, LocalCompute, SizedModel
from hrtem_assets.compute.workers import available_workers

COMPUTE_VARIABLE = "HRTEM_COMPUTE"
WORKERS_VARIABLE = "HRTEM_WORKERS"
_ADAPTER: TypeAdapter[Compute] = TypeAdapter(Compute)


class ComputeError(ValueError):
    """Compute settings that cannot be used; the message says how to repair them."""


def load_compute(path: Path) -> Compute:
    """Settings from a YAML file, which says its `kind`.

    Args:
        path: the file; paths in it are relative to its folder.

    Raises:
        ComputeError: if the file is absent, not YAML, or holds a bad value.
    """
    path = path.expanduser()
    if not path.is_file():
        raise ComputeError(
            f"no compute settings {str(path)!r}: set {COMPUTE_VARIABLE} to a YAML file, or to the address of a Dask "
            f"scheduler such as tcp://host:8786, or leave it out for this machine's cores"
        )
    try:
        data = yaml.safe_load(path.read_bytes()) or {}
    except yaml.YAMLError as error:
        raise ComputeError(f"compute settings {str(path)!r} are not valid YAML in UTF-8: {error}") from error
    if not isinstance(data, dict):
        raise ComputeError(f"compute settings {str(path)!r} must be a mapping, not {type(data).__name__}")
    return _validated(_beside(path.resolve().parent, data), f"compute settings {str(path)!r}")


def compute_from_environment(workers: int = 0) -> Compute:
    """The compute that `HRTEM_COMPUTE` names; this machine's cores, or `HRTEM_WORKERS` of them, if it is not set.

    Args:
        workers: what a run asks for instead: local processes, or tasks at once on a cluster; 0 for as configured.

    Raises:
        ComputeError: if the settings cannot be used.
    """
    named = os.environ.get(COMPUTE_VARIABLE, "").strip()
    if re.match(r"[a-z]+://", named):
        compute = _validated({"kind": "dask", "address": named}, COMPUTE_VARIABLE)
    elif named:
        compute = load_compute(Path(named))
    else:
        compute = LocalCompute()
    if isinstance(compute, LocalCompute):
        asked = workers or compute.workers or _workers_variable()
        return LocalCompute(workers=asked)
    return compute.model_copy(update={"at_once": workers}) if workers else compute


def _workers_variable() -> int | None:
    text = os.environ.get(WORKERS_VARIABLE, "").strip()
    if not text or text == "0":
        return None
    if not text.isdecimal():
        raise ComputeError(
            f"{WORKERS_VARIABLE} = {text!r} must be a number of worker processes, at least 1; change it, or unset it "
            f"for every core"
        )
    return int(text)


def _validated(data: dict[str, Any], source: str) -> Compute:
    kind = data.get("kind")
    if kind not in KINDS:
        said = f"kind = {kind!r} is not known" if "kind" in data else "kind is required"
        raise ComputeError(
            f"{source} cannot be used:\n{said} (allowed: {', '.join(KINDS)}); change it in {source}"
        )
    try:
        return _ADAPTER.validate_python(data)
    except ValidationError as error:
        raise ComputeError(f"{source} cannot be used:\n{explain(error, KINDS[kind], source)}") from None


def _beside(folder: Path, data: dict[str, Any]) -> dict[str, Any]:
    """The settings with the files that they name made absolute."""
    data = dict(data)
    if isinstance(data.get("scheduler_file"), str):
        data["scheduler_file"] = folder / Path(data["scheduler_file"]).expanduser()
    if isinstance(data.get("tls"), dict):
        data["tls"] = {
            name: folder / Path(value).expanduser() if isinstance(value, str) else value
            for name, value in data["tls"].items()
        }
    return data


def expected_workers(compute: Compute) -> int:
    """How many workers to reckon with before anything is asked or started.

    Args:
        compute: of a running scheduler only `at_once` tells more than this machine's cores.
    """
    if isinstance(compute, LocalCompute):
        return compute.workers or available_workers()
    if isinstance(compute, SizedModel):
        return compute.most_workers
    if isinstance(compute, CudaCompute) and compute.devices is not None:
        return len(compute.devices) * compute.workers_per_device
    return compute.at_once or available_workers()
