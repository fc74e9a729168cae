"""What Dagster does not promise to keep is in one file, and is still as it is used here."""

import ast
import inspect
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import hrtem_assets
from hrtem_assets.orchestration import dagster_internals as internals

SOURCES = Path(hrtem_assets.__file__).parent

# what is called, with the arguments that we give
CALLED: dict[str, tuple[Any, list[str]]] = {
    "AssetGraphSubset": (internals.AssetGraphSubset, ["partitions_subsets_by_asset_key"]),
    "PartitionBackfill.from_asset_graph_subset": (
        internals.PartitionBackfill.from_asset_graph_subset,
        ["backfill_id", "asset_graph_subset", "tags", "title", "description", "dynamic_partitions_store"],
    ),
    "make_new_backfill_id": (internals.make_new_backfill_id, []),
    "CheckRunHealthResult": (internals.CheckRunHealthResult, ["status", "msg"]),
    "build_data_version_tags": (internals.build_data_version_tags, []),
    "input_provenance_data": (internals.input_provenance_data, ["asset_key", "step_context"]),
}
# what is replaced or overridden, with the arguments that it gets
REPLACED: dict[str, tuple[Any, list[str]]] = {
    "DefaultPartitionsSubset.get_partition_key_ranges": (
        internals.DefaultPartitionsSubset.get_partition_key_ranges,
        ["self", "partitions_def"],
    ),
    "InstanceConcurrencyContext.interval_to_next_pending_claim_check": (
        internals.InstanceConcurrencyContext.interval_to_next_pending_claim_check,
        ["self"],
    ),
    "compute_logs.execute_posix_tail": (internals.compute_logs.execute_posix_tail, ["path", "stream"]),
    "DefaultRunLauncher.launch_run": (internals.DefaultRunLauncher.launch_run, ["self", "context"]),
    "DefaultRunLauncher.check_run_worker_health": (
        internals.DefaultRunLauncher.check_run_worker_health,
        ["self", "run"],
    ),
    "dev.open_ipc_subprocess": (internals.dagster_dev().open_ipc_subprocess, ["parts", "kwargs"]),
}
# what is read
READ: dict[str, tuple[Any, list[str]]] = {
    "InstanceConcurrencyContext": (
        internals.InstanceConcurrencyContext,
        ["has_pending_claims", "pending_claim_steps"],
    ),
    "ErrorSource": (internals.ErrorSource, ["INTERRUPT"]),
    "RunFailureReason": (internals.RunFailureReason, ["UNEXPECTED_TERMINATION"]),
    "BulkActionStatus": (internals.BulkActionStatus, ["REQUESTED", "CANCELING", "FAILING"]),
    "WorkerStatus": (internals.WorkerStatus, ["NOT_FOUND", "RUNNING"]),
    "DagsterEventType": (internals.DagsterEventType, ["ASSET_OBSERVATION"]),
    "DefaultPartitionsSubset": (internals.DefaultPartitionsSubset, ["get_ranges_for_keys"]),
}


def test_nothing_else_reaches_into_dagster():
    reaching = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
        if name.startswith("dagster._")
    }
    assert reaching == {"orchestration/dagster_internals.py"}


@pytest.mark.parametrize("name", CALLED)
def test_what_is_called_takes_what_it_is_given(name):
    called, arguments = CALLED[name]
    assert set(arguments) <= set(inspect.signature(called).parameters)


@pytest.mark.parametrize("name", REPLACED)
def test_what_is_replaced_has_the_arguments_of_its_replacement(name):
    replaced, arguments = REPLACED[name]
    # another test may have put ours in its place: its first argument has another name
    assert list(inspect.signature(replaced).parameters)[1:] == arguments[1:]


def test_backfills_are_looked_for_by_status_and_time():
    wanted = internals.BulkActionsFilter(statuses=[internals.BulkActionStatus.REQUESTED], created_after=None)
    assert wanted.statuses == [internals.BulkActionStatus.REQUESTED]


@pytest.mark.parametrize("name", READ)
def test_what_is_read_is_there(name):
    holder, names = READ[name]
    assert [n for n in names if not hasattr(holder, n)] == []


def test_names_of_tags_and_attributes_are_those_that_stand_in_databases_and_logs():
    assert internals.DATA_VERSION_TAG == "dagster/data_version"
    assert internals.LOG_RECORD_METADATA_ATTR == "dagster_meta"
    assert internals.LOG_RECORD_EVENT_ATTR == "dagster_event"
    assert isinstance(internals.SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION, str)
    assert internals.MAX_CONCURRENCY_CLAIM_BLOCKED_INTERVAL > 0


def test_classes_are_below_what_dagster_configures():
    assert issubclass(internals.DagsterLaunchFailedError, dg.DagsterError)
    assert issubclass(internals.DagsterUserCodeUnreachableError, dg.DagsterError)
    assert {"supports_check_run_worker_health", "launch_run"} <= set(dir(internals.DefaultRunLauncher))
    assert inspect.isclass(internals.QueuedRunCoordinator)
    assert inspect.isclass(internals.StepExecutionContext)
    assert inspect.isclass(internals.LaunchRunContext)
