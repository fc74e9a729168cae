"""Materializing from the command line: the same runs that the UI launches, in this process."""

import logging
import re
import sqlite3
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import dagster as dg

from hrtem_assets.base.errors import HrtemError
from hrtem_assets.orchestration.backfills import FIRST_KEY, LAST_KEY
from hrtem_assets.orchestration.interrupts import helpers_undisturbed, interrupts_seen, is_interruption
from hrtem_assets.orchestration.living import end_dead_runs, living, runs_at_work
from hrtem_assets.orchestration.partitions import CONDITION, SPECIMEN
from hrtem_assets.store.room import streams_kept

COMMAND_TAG = "hrtem/command"
# a daemon cannot repeat a command: it has no part in it
MAX_RETRIES_TAG = "dagster/max_retries"
_OUR_CLASS = re.compile(r"^hrtem_assets[\w.]*: ")
_SYSTEM_ERROR = re.compile(r"\[Errno (\d+)\] ([^:]*)(?:: '([^']*)')?")
_LOG = logging.getLogger(__name__)


class MaterializationError(HrtemError, RuntimeError):
    """A run did not succeed; the message names the run and its first error."""


def materialize(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    assets: Sequence[str],
    specimen: str | None,
    conditions: Sequence[str] = (),
    config: dict[str, Any] | None = None,
) -> list[str]:
    """Materialize assets of one specimen, upstream before downstream.

    Args:
        definitions: from `build_defs`.
        instance: where runs and materializations are recorded.
        assets: asset names in any order.
        specimen: specimen key; None for assets without partitions.
        conditions: condition keys for assets that have them; all if empty. Those that follow each other in the
            campaign share a run.
        config: run configuration by asset name.

    Returns:
        run ids.

    Raises:
        MaterializationError: if a run fails.
    """
    end_dead_runs(instance)
    job = definitions.resolve_implicit_global_asset_job_def()
    graph = job.asset_layer.asset_graph
    wanted = [key.to_user_string() for key in graph.toposorted_asset_keys if key.to_user_string() in assets]
    partitions = {name: graph.get(dg.AssetKey(name)).partitions_def for name in wanted}
    conditional = [n for n in wanted if isinstance(partitions[n], dg.MultiPartitionsDefinition)]
    unpartitioned = [name for name in wanted if partitions[name] is None]
    unconditional = [name for name in wanted if name not in (*conditional, *unpartitioned)]
    runs: list[tuple[list[str], str | None, str | None]] = []
    if unconditional:
        runs.append((unconditional, specimen, specimen))
    if conditional:
        ranges = _image_ranges(partitions[conditional[0]], specimen, conditions)
        runs += [(conditional, first, last) for first, last in ranges]
    if unpartitioned:
        runs.append((unpartitioned, None, None))
    return [_run(job, instance, names, first, last, config or {}) for names, first, last in runs]


def _image_ranges(
    images: dg.PartitionsDefinition | None, specimen: str | None, conditions: Sequence[str]
) -> list[tuple[str, str]]:
    """First and last partition key of each unbroken row of the conditions."""
    assert isinstance(images, dg.MultiPartitionsDefinition) and specimen is not None
    (known,) = (d.partitions_def for d in images.partitions_defs if d.name == CONDITION)
    every = list(known.get_partition_keys())
    ranges: list[list[int]] = []
    for position in sorted({every.index(c) for c in conditions or every}):
        if ranges and position == ranges[-1][1] + 1:
            ranges[-1][1] = position
        else:
            ranges.append([position, position])
    first_and_last = [
        [str(dg.MultiPartitionKey({SPECIMEN: specimen, CONDITION: every[position]})) for position in ends]
        for ends in ranges
    ]
    return [(first, last) for first, last in first_and_last]


def _run(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    names: list[str],
    first_key: str | None,
    last_key: str | None,
    config: dict[str, Any],
) -> str:
    ops = {name: {"config": config[name]} for name in names if name in config}
    run_id = str(uuid4())
    for other in sorted(runs_at_work(instance)):
        # Dagster waits in silence
        _LOG.warning("run %s is at work in this Dagster home; this one waits for its steps to end", other)
    with (
        living(instance, run_id),
        streams_kept(),
        helpers_undisturbed(),
        interrupts_seen() as interrupted,
    ):
        result = job.execute_in_process(
            run_config={"ops": ops, "loggers": {"console": {"config": {"log_level": "INFO"}}}},
            instance=instance,
            partition_key=first_key if first_key == last_key else None,
            asset_selection=[dg.AssetKey(name) for name in names],
            raise_on_error=False,
            run_id=run_id,
            tags={COMMAND_TAG: "materialize", MAX_RETRIES_TAG: "0"} | _range_tags(first_key, last_key),
        )
        stop = interrupted()
    if stop or any(is_interruption(event) for event in result.all_events):
        raise KeyboardInterrupt
    if result.success:
        return result.run_id
    steps = [e.step_failure_data.error for e in result.all_events if e.is_step_failure]
    # what ends a run outside its steps
    jobs = [e.job_failure_data.error for e in result.all_events if e.is_job_failure]
    error = next((e for e in (*steps, *jobs) if e is not None), None)
    # what Dagster wraps around an error says less than the error
    while error is not None and error.cause is not None and _wraps(error.cls_name):
        error = error.cause
    # the class says nothing to a user if it is ours
    reason = _OUR_CLASS.sub("", error.message.strip()) if error is not None else "no step ran"
    of = f" ({first_key})" if first_key else ""
    failed = MaterializationError(f"run {result.run_id} of {', '.join(names)}{of} failed: {reason}")
    raise failed from _as_error(reason)


def _as_error(reason: str) -> Exception | None:
    """The error that a reason tells of, so that a disk that is full or gone is recognised."""
    if reason.startswith("sqlite3."):
        return sqlite3.OperationalError(reason)
    said = _SYSTEM_ERROR.search(reason)
    return OSError(int(said[1]), said[2], said[3]) if said else None


def _wraps(error_class: str | None) -> bool:
    return error_class in (None, "RetryRequested", "OperationalError") or str(error_class).startswith(
        "Dagster"
    )


def _range_tags(first_key: str | None, last_key: str | None) -> dict[str, str]:
    """Tags by which Dagster makes several partitions in one run."""
    if first_key is None or last_key is None or first_key == last_key:
        return {}
    return {FIRST_KEY: first_key, LAST_KEY: last_key}
