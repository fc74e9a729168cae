"""Materializing from the command line: the same runs that the UI launches, in this process."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from hrtem_assets.platform.partitions import CONDITION, SPECIMEN
from hrtem_assets.stages import STAGES


class MaterializationError(RuntimeError):
    """A run did not succeed; the message names the run and its first error."""


def materialize(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    assets: Sequence[str],
    specimen: str,
    conditions: Sequence[str] = (),
    config: dict[str, Any] | None = None,
) -> list[str]:
    """Materialize assets of one specimen, upstream before downstream.

    Args:
        definitions: from `build_defs`.
        instance: where runs and materializations are recorded.
        assets: asset names in any order.
        specimen: specimen key.
        conditions: condition keys for assets that have them; a run each.
        config: run configuration by asset name.

    Returns:
        run ids.

    Raises:
        MaterializationError: if a run fails.
    """
    job = definitions.resolve_implicit_global_asset_job_def()
    wanted = [name for name in STAGES if name in assets]
    unconditional = [name for name in wanted if not STAGES[name].per_condition]
    runs = [(unconditional, specimen)] if unconditional else []
    conditional = [name for name in wanted if STAGES[name].per_condition]
    if conditional:
        runs += [
            (conditional, str(dg.MultiPartitionKey({SPECIMEN: specimen, CONDITION: c}))) for c in conditions
        ]
    return [_run(job, instance, names, key, config or {}) for names, key in runs]


def _run(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    names: list[str],
    partition_key: str,
    config: dict[str, Any],
) -> str:
    ops = {name: {"config": config[name]} for name in names if name in config}
    result = job.execute_in_process(
        run_config={"ops": ops, "loggers": {"console": {"config": {"log_level": "INFO"}}}},
        instance=instance,
        partition_key=partition_key,
        asset_selection=[dg.AssetKey(name) for name in names],
        raise_on_error=False,
    )
    if result.success:
        return result.run_id
    failures = [e for e in result.all_node_events if e.is_step_failure]
    error = failures[0].step_failure_data.error if failures else None
    while error is not None and error.cause is not None:
        error = error.cause
    reason = error.message.strip() if error is not None else "no step ran"
    raise MaterializationError(
        f"run {result.run_id} of {', '.join(names)} ({partition_key}) failed: {reason}"
    )
