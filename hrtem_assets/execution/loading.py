"""Which compute this machine uses: `HRTEM_COMPUTE` names a file or a scheduler, `HRTEM_WORKERS` local processes."""

import re
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from hrtem_assets.base.environment import environment
from hrtem_assets.base.errors import HrtemError
from hrtem_assets.base.files import FileError, find_file, shown
from hrtem_assets.base.model import explain
from hrtem_assets.base.yaml_reading import YamlError, read_yaml
from hrtem_assets.execution.settings import KINDS, RUNNING, Compute, LocalCompute
from hrtem_assets.execution.workers import available_workers

_ADAPTER: TypeAdapter[Compute] = TypeAdapter(Compute)
# kinds of earlier versions, with the files that show how they are written now
_FORMER = {
    "dask": "slurm/standing.yaml",
    "slurm": "slurm/compute.yaml",
    "kubernetes": "kubernetes/compute.yaml",
    "cuda": "workstation/compute.yaml",
}


class ComputeError(HrtemError, ValueError):
    """Compute settings that cannot be used; the message says how to repair them."""


def load_compute(path: Path) -> Compute:
    """Settings from a YAML file, which says its `kind`.

    Args:
        path: the file; paths in it are relative to its folder.

    Raises:
        ComputeError: if the file is absent, not YAML, or holds a bad value.
    """
    try:
        file = find_file(path)
        data = {} if file is None else read_yaml(file)
    except (FileError, YamlError) as error:
        raise ComputeError(f"compute settings {error}") from None
    if file is None:
        raise ComputeError(
            f"no compute settings {shown(str(path))}: set HRTEM_COMPUTE to a YAML file, or to the address of a "
            f"Dask scheduler such as tcp://host:8786, or leave it out for this machine's cores"
        )
    return _validated(_beside(file.parent, data), f"compute settings {shown(str(file))}")


def compute_from_environment(workers: int = 0) -> Compute:
    """The compute that `HRTEM_COMPUTE` names; this machine's cores, or `HRTEM_WORKERS` of them, if it is not set.

    Args:
        workers: what a run asks for instead: local processes, or tasks at once on a cluster; 0 for as configured.

    Raises:
        ComputeError: if the settings cannot be used.
    """
    named = environment().compute or ""
    if re.match(r"[a-z]+://", named):
        running = {"kind": "cluster", "opener": RUNNING, "options": {"address": named}}
        compute = _validated(running, "HRTEM_COMPUTE")
    elif named:
        compute = load_compute(Path(named))
    else:
        compute = LocalCompute()
    if isinstance(compute, LocalCompute):
        asked = workers or compute.workers or environment().workers
        return LocalCompute(workers=asked)
    return compute.model_copy(update={"at_once": workers}) if workers else compute


def _validated(data: dict[str, Any], source: str) -> Compute:
    kind = data.get("kind")
    if kind in _FORMER:
        raise ComputeError(
            f"{source} cannot be used:\nkind = {kind!r} is written as kind: cluster now, with opener and options: "
            f"see deploy/{_FORMER[kind]}"
        )
    if not isinstance(kind, str) or kind not in KINDS:
        said = f"kind = {kind!r} is not known" if "kind" in data else "kind is required"
        raise ComputeError(
            f"{source} cannot be used:\n{said} (allowed: {', '.join(KINDS)}); change it in {source}"
        )
    try:
        return _ADAPTER.validate_python(data)
    except ValidationError as error:
        raise ComputeError(f"{source} cannot be used:\n{explain(error, KINDS[kind], source)}") from None


def _beside(folder: Path, value: Any) -> Any:
    """Settings in which every path that is written as one is absolute."""
    if isinstance(value, dict):
        return {name: _beside(folder, part) for name, part in value.items()}
    if isinstance(value, list):
        return [_beside(folder, part) for part in value]
    if isinstance(value, str) and value.startswith(("./", "../", "~/")):
        return str((folder / Path(value).expanduser()).resolve())
    return value


def expected_workers(compute: Compute) -> int:
    """How many workers to reckon with before anything is asked or started.

    Args:
        compute: where its class decides on the number, only `at_once` tells more than this machine's cores.
    """
    if isinstance(compute, LocalCompute):
        return compute.workers or available_workers()
    return compute.most_workers or compute.at_once or available_workers()
