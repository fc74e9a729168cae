"""Every part of Dagster that it does not promise to keep, in one place.

Its minor version is pinned (`dagster~=1.13.0`), and a test holds each part in the shape that is used here.
"""

from typing import Any

from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.definitions.partitions.subset.default import DefaultPartitionsSubset
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION
from dagster._core.errors import DagsterLaunchFailedError, DagsterUserCodeUnreachableError
from dagster._core.events import DagsterEventType, RunFailureReason
from dagster._core.execution import compute_logs
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus, PartitionBackfill
from dagster._core.execution.context.system import StepExecutionContext
from dagster._core.execution.plan.execute_step import _build_data_version_tags, _get_input_provenance_data
from dagster._core.execution.plan.instance_concurrency_context import (
    MAX_CONCURRENCY_CLAIM_BLOCKED_INTERVAL,
    InstanceConcurrencyContext,
)
from dagster._core.execution.plan.objects import ErrorSource
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.log_manager import LOG_RECORD_EVENT_ATTR, LOG_RECORD_METADATA_ATTR
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator
from dagster._core.utils import make_new_backfill_id

build_data_version_tags = _build_data_version_tags
input_provenance_data = _get_input_provenance_data

__all__ = [
    "DATA_VERSION_TAG",
    "LOG_RECORD_EVENT_ATTR",
    "LOG_RECORD_METADATA_ATTR",
    "MAX_CONCURRENCY_CLAIM_BLOCKED_INTERVAL",
    "SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION",
    "AssetGraphSubset",
    "BulkActionStatus",
    "BulkActionsFilter",
    "CheckRunHealthResult",
    "DagsterEventType",
    "DagsterLaunchFailedError",
    "DagsterUserCodeUnreachableError",
    "DefaultPartitionsSubset",
    "DefaultRunLauncher",
    "ErrorSource",
    "InstanceConcurrencyContext",
    "LaunchRunContext",
    "PartitionBackfill",
    "QueuedRunCoordinator",
    "RunFailureReason",
    "StepExecutionContext",
    "WorkerStatus",
    "build_data_version_tags",
    "compute_logs",
    "dagster_dev",
    "input_provenance_data",
    "make_new_backfill_id",
]


def dagster_dev() -> Any:
    """The module of the command `dagster dev`, which is slow to load."""
    from dagster._cli import dev

    return dev
