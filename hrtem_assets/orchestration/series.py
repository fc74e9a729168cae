"""Series: from atoms to training sets, whatever of a campaign's named selection is still missing.

A job cannot mix assets with different partitions, so a series is a job that requests one backfill of exactly its
partitions; the command line makes the same partitions in its own process.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.partitions import Partitions
from hrtem_assets.campaign import Campaign
from hrtem_assets.orchestration.affordable import require_affordable_backfill
from hrtem_assets.orchestration.backfills import add_backfill
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets.orchestration.workspace import Workspace
from hrtem_assets.store import PartitionId

SERIES_TAG = "hrtem/series"


class SeriesConfig(dg.Config):
    """How much of a series is wanted."""

    everything: bool = Field(
        default=False,
        description="request also the partitions that are there already; they are checked, not remade",
    )


def series_partitions(campaign: Campaign, name: str) -> list[PartitionId]:
    """Every partition that a series needs, upstream before downstream.

    Args:
        campaign: it names the series.
        name: series name.

    Raises:
        UnknownKeyError: if there is no such series; lists the known ones.
    """
    series = campaign.series_named(name)
    return [
        asset.partition(campaign.specimen(specimen), condition)
        for specimen in series.specimens
        for asset in ASSETS.values()
        for condition in ([c.key for c in series.conditions] if asset.per_condition else [None])
    ]


def missing_partitions(workspace: Workspace, partitions: Sequence[PartitionId]) -> list[PartitionId]:
    """Those that are absent, have too few structures, or are not made with what the campaign and upstream say now.

    Args:
        workspace: campaign and data.
        partitions: what is wanted.
    """
    known = Partitions(workspace.campaign, workspace.layout)
    return [partition for partition in partitions if known.state(partition).name != "complete"]


def series_jobs(campaign: Campaign) -> list[dg.JobDefinition]:
    """A job per series of a campaign, of the series' name."""
    return [_series_job(campaign, name) for name in campaign.series]


def _series_job(campaign: Campaign, name: str) -> dg.JobDefinition:
    series = campaign.series[name]
    sets = len(series.specimens) * len(series.conditions)

    @dg.op(name=f"request_{name}", description="Adds a backfill of what the series still needs.")
    def request(
        context: dg.OpExecutionContext, config: SeriesConfig, workspace: dg.ResourceParam[Workspace]
    ) -> None:
        wanted = series_partitions(workspace.campaign, name)
        if not config.everything:
            wanted = missing_partitions(workspace, wanted)
        if not wanted:
            context.log.info(f"{name}: everything is there")
            return
        tags, description = {SERIES_TAG: name}, workspace.campaign.series[name].description
        require_affordable_backfill(workspace, wanted)
        backfill = add_backfill(workspace.campaign, context.instance, name, wanted, tags, description)
        context.log.info(f"{name}: backfill {backfill} makes {len(wanted)} partitions; see Runs, Backfills")

    @dg.job(
        name=name,
        description=f"{series.description} Requests a backfill of its {sets} training sets and of all that they need.",
        tags={SERIES_TAG: name},
    )
    def job() -> None:
        request()

    return job


def materialize_series(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    workspace: Workspace,
    name: str,
    config: dict[str, Any] | None = None,
) -> list[str]:
    """Make what a series still needs, specimen by specimen, in this process.

    Args:
        definitions: from `build_defs`.
        instance: where runs and materializations are recorded.
        workspace: campaign and data.
        name: series name.
        config: run configuration by asset name.

    Returns:
        run ids.

    Raises:
        UnknownKeyError: if there is no such series.
        CostError: if what is missing does not fit into memory.
        MaterializationError: if a run fails.
    """
    missing = missing_partitions(workspace, series_partitions(workspace.campaign, name))
    require_affordable_backfill(workspace, missing)
    run_ids: list[str] = []
    for specimen in dict.fromkeys(p.specimen for p in missing):
        partitions = [p for p in missing if p.specimen == specimen]
        before = list(dict.fromkeys(p.asset for p in partitions if p.condition is None))
        if before:
            run_ids += materialize(definitions, instance, before, specimen, (), config)
        # a condition whose images are there may still lack its training set
        after = list(dict.fromkeys(p.asset for p in partitions if p.condition is not None))
        conditions = list(dict.fromkeys(p.condition for p in partitions if p.condition is not None))
        if after:
            run_ids += materialize(definitions, instance, after, specimen, conditions, config)
    return run_ids
