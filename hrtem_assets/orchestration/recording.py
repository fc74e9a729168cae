"""Materializations, each partition with its own data version, also where a run makes many."""

from typing import Any

import dagster as dg

from hrtem_assets.orchestration.dagster_internals import (
    SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION,
    StepExecutionContext,
    build_data_version_tags,
    input_provenance_data,
)
from hrtem_assets.orchestration.partitions import partition_tags


def record(
    context: dg.AssetExecutionContext, partition: str, metadata: dict[str, Any], version: dg.DataVersion
) -> None:
    """Record one partition as soon as it is made, whatever becomes of the others of the run.

    Args:
        context: of the running asset.
        partition: partition key.
        metadata: what the UI shows.
        version: data version of this partition; a result of the whole run could carry but one for all.
    """
    # internal to Dagster, whose minor version is pinned: the tags that it would give the result of a run
    step = _step(context)
    tags = build_data_version_tags(
        version,
        step.job_def.asset_layer.get(context.asset_key).code_version or context.run.run_id,
        input_provenance_data(context.asset_key, step),
        True,
    )
    tags |= partition_tags(partition)
    context.log_event(
        dg.AssetMaterialization(context.asset_key, partition=partition, metadata=metadata, tags=tags)
    )


def forget_version(context: dg.AssetExecutionContext, upstream: dg.AssetKey) -> None:
    """Look an upstream asset's version up again, because it was recorded after the step began."""
    _step(context).wipe_input_asset_version_info(upstream)


def recorded_result() -> dg.MaterializeResult:
    """The result of a run that recorded its partitions itself: Dagster must not record them again."""
    return dg.MaterializeResult(metadata={SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True})


def _step(context: dg.AssetExecutionContext) -> StepExecutionContext:
    step = context.op_execution_context._step_execution_context
    assert isinstance(step, StepExecutionContext)
    return step
