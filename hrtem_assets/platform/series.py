"""Series: from atoms to training sets, whatever of a campaign's named selection is still missing.

A job cannot mix assets with different partitions, so a series is a job that requests one backfill of exactly its
partitions; the command line makes the same partitions in its own process.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from hrtem_assets.campaign import Campaign
from hrtem_assets.platform.backfills import add_backfill
from hrtem_assets.platform.house import House
from hrtem_assets.platform.launch import materialize
from hrtem_assets.stages import STAGES
from hrtem_assets.stages.finished import finished_store
from hrtem_assets.store.layout import PartitionId
from hrtem_assets.store.reading import StoreError

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
        KeyError: if there is no such series; lists the known ones.
    """
    if name not in campaign.series:
        known = ", ".join(campaign.series) or "none"
        raise KeyError(f"series {name!r} is not in campaign {campaign.name!r}; known: {known}")
    series = campaign.series[name]
    return [
        stage.partition(campaign.specimen(specimen), condition)
        for specimen in series.specimens
        for stage in STAGES.values()
        for condition in ([c.key for c in series.conditions] if stage.per_condition else [None])
    ]


def missing_partitions(house: House, partitions: Sequence[PartitionId]) -> list[PartitionId]:
    """Those that are absent, have too few structures, or were made with other settings.

    Args:
        house: campaign and data.
        partitions: what is wanted.
    """
    missing = []
    for partition in partitions:
        try:
            info, _ = finished_store(
                house.campaign, house.layout, partition.asset, partition.specimen, partition.condition
            )
        except StoreError:
            missing.append(partition)
            continue
        if info.structures < house.campaign.counts.total:
            missing.append(partition)
    return missing


def series_jobs(campaign: Campaign) -> list[dg.JobDefinition]:
    """A job per series of a campaign, of the series' name."""
    return [_series_job(campaign, name) for name in campaign.series]


def _series_job(campaign: Campaign, name: str) -> dg.JobDefinition:
    series = campaign.series[name]
    sets = len(series.specimens) * len(series.conditions)

    @dg.op(name=f"request_{name}", description="Adds a backfill of what the series still needs.")
    def request(context: dg.OpExecutionContext, config: SeriesConfig, house: dg.ResourceParam[House]) -> None:
        wanted = series_partitions(house.campaign, name)
        if not config.everything:
            wanted = missing_partitions(house, wanted)
        if not wanted:
            context.log.info(f"{name}: everything is there")
            return
        tags, description = {SERIES_TAG: name}, house.campaign.series[name].description
        backfill = add_backfill(house.campaign, context.instance, name, wanted, tags, description)
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
    house: House,
    name: str,
    config: dict[str, Any] | None = None,
) -> list[str]:
    """Make what a series still needs, specimen by specimen, in this process.

    Args:
        definitions: from `build_defs`.
        instance: where runs and materializations are recorded.
        house: campaign and data.
        name: series name.
        config: run configuration by asset name.

    Returns:
        run ids.

    Raises:
        KeyError: if there is no such series.
        MaterializationError: if a run fails.
    """
    missing = missing_partitions(house, series_partitions(house.campaign, name))
    run_ids: list[str] = []
    for specimen in dict.fromkeys(p.specimen for p in missing):
        own = [p for p in missing if p.specimen == specimen]
        before = list(dict.fromkeys(p.asset for p in own if p.condition is None))
        if before:
            run_ids += materialize(definitions, instance, before, specimen, (), config)
        # a condition whose images are there may still lack its training set
        after = list(dict.fromkeys(p.asset for p in own if p.condition is not None))
        conditions = list(dict.fromkeys(p.condition for p in own if p.condition is not None))
        if after:
            run_ids += materialize(definitions, instance, after, specimen, conditions, config)
    return run_ids
