"""Backfills of several assets at once, and which partitions backfills and runs are making already."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import dagster as dg

from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import Campaign
from hrtem_assets.orchestration.dagster_internals import (
    AssetGraphSubset,
    BulkActionsFilter,
    BulkActionStatus,
    PartitionBackfill,
    make_new_backfill_id,
)
from hrtem_assets.orchestration.partitions import asset_partitions, partition_ids, partition_key
from hrtem_assets.store import PartitionId

FIRST_KEY, LAST_KEY = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
PARTITION_TAG, BACKFILL_TAG = "dagster/partition", "dagster/backfill"
UNDERWAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def add_backfill(
    campaign: Campaign,
    instance: dg.DagsterInstance,
    title: str,
    wanted: Sequence[PartitionId],
    tags: dict[str, str],
    description: str = "",
    afterwards: Iterable[str] = (),
) -> str:
    """Request partitions of several assets as one backfill, which makes upstream before downstream.

    Args:
        campaign: its grid has the partitions.
        instance: where the daemon finds the backfill.
        title: shown in the UI.
        wanted: at least one.
        tags: of the backfill and of its runs.
        description: shown in the UI.
        afterwards: assets without partitions to be made at the end.

    Returns:
        the backfill's id.
    """
    # internal to Dagster, whose minor version is pinned: no public interface adds a backfill of several assets
    keys: dict[str, list[str]] = {}
    for partition in wanted:
        keys.setdefault(partition.asset, []).append(partition_key(partition.specimen, partition.condition))
    subset = AssetGraphSubset(  # type: ignore[call-arg]  # its class is decorated; mypy loses its fields
        partitions_subsets_by_asset_key={
            dg.AssetKey(asset): asset_partitions(campaign, ASSETS[asset]).subset_with_partition_keys(of_asset)
            for asset, of_asset in keys.items()
        },
        non_partitioned_asset_keys={dg.AssetKey(asset) for asset in afterwards},
    )
    backfill = PartitionBackfill.from_asset_graph_subset(
        backfill_id=make_new_backfill_id(),
        backfill_timestamp=time.time(),
        tags=tags,
        dynamic_partitions_store=instance,
        asset_graph_subset=subset,
        title=title,
        description=description or None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill.backfill_id


def underway(campaign: Campaign, instance: dg.DagsterInstance) -> dict[PartitionId, str]:
    """Partitions of the assets that a backfill or run has been asked for, each with its name in words.

    Args:
        campaign: its grid gives ranges of partitions their meaning.
        instance: where backfills and runs are recorded.
    """
    busy: dict[PartitionId, str] = {}
    for backfill in _unfinished_backfills(instance):
        words = f"backfill {backfill.backfill_id}" + (f" ({backfill.title})" if backfill.title else "")
        busy |= dict.fromkeys(targets(backfill), words)
    for run in instance.get_runs(dg.RunsFilter(statuses=UNDERWAY)):
        assets = (
            {key.to_user_string() for key in run.asset_selection} if run.asset_selection else ASSETS.keys()
        )
        for asset in assets & ASSETS.keys():
            busy |= dict.fromkeys(partition_ids(asset, _run_keys(campaign, asset, run)), f"run {run.run_id}")
    return busy


def still_requested(instance: dg.DagsterInstance, tag: str, job: str) -> str | None:
    """The unfinished backfill or run of an earlier request of the same kind, in words; None if there is none.

    Args:
        instance: where backfills and runs are recorded.
        tag: name of the tag of such backfills.
        job: the job that requests them.
    """
    for backfill in _unfinished_backfills(instance):
        if tag in backfill.tags:
            return f"backfill {backfill.backfill_id} is still making its {len(targets(backfill))} partitions"
    runs = instance.get_runs(dg.RunsFilter(statuses=UNDERWAY, job_name=job), limit=1)
    return f"run {runs[0].run_id} of {job} has not ended yet" if runs else None


def targets(backfill: PartitionBackfill) -> list[PartitionId]:
    """The partitions of the assets that a backfill was asked for."""
    data = backfill.asset_backfill_data
    if data is None:
        return []
    subsets = data.target_subset.partitions_subsets_by_asset_key
    return [
        partition
        for key, subset in subsets.items()
        if key.to_user_string() in ASSETS
        for partition in partition_ids(key.to_user_string(), subset.get_partition_keys())
    ]


def times_requested(
    instance: dg.DagsterInstance, tag: str, since: datetime
) -> tuple[Counter[PartitionId], str | None]:
    """How often backfills with a tag have asked for each partition, and the id of the last of them.

    Args:
        instance: where backfills are recorded.
        tag: name of the tag.
        since: older backfills do not count.
    """
    backfills = [
        b for b in instance.get_backfills(filters=BulkActionsFilter(created_after=since)) if tag in b.tags
    ]
    newest = max(backfills, key=lambda b: b.backfill_timestamp, default=None)
    return Counter(p for b in backfills for p in targets(b)), newest.backfill_id if newest else None


def _unfinished_backfills(instance: dg.DagsterInstance) -> list[PartitionBackfill]:
    statuses = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]
    return list(instance.get_backfills(filters=BulkActionsFilter(statuses=statuses)))


def _run_keys(campaign: Campaign, asset: str, run: dg.DagsterRun) -> list[str]:
    if PARTITION_TAG in run.tags:
        return [run.tags[PARTITION_TAG]]
    if FIRST_KEY not in run.tags or LAST_KEY not in run.tags:
        return []
    definition = asset_partitions(campaign, ASSETS[asset])
    if not all(definition.has_partition_key(run.tags[tag]) for tag in (FIRST_KEY, LAST_KEY)):
        return []
    return list(
        definition.get_partition_keys_in_range(dg.PartitionKeyRange(run.tags[FIRST_KEY], run.tags[LAST_KEY]))
    )
