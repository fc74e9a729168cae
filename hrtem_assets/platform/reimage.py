"""The sensor that makes images again when the campaign's conditions, optics or labels change; never waves."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass

import dagster as dg

from hrtem_assets.campaign import Campaign, CampaignError
from hrtem_assets.platform.backfills import add_backfill, still_requested, underway
from hrtem_assets.platform.choice import admit
from hrtem_assets.platform.house import House
from hrtem_assets.platform.recipes import hash_of
from hrtem_assets.platform.top_up import not_loaded
from hrtem_assets.stages import STAGES
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.upkeep.census import finished_partitions, parse_partition, upstream_partitions
from hrtem_assets.upkeep.plan import plan

JOB, SENSOR = "reimage", "reimage_edits"
REIMAGE_TAG = "hrtem/reimage"
SENSOR_TAG = "dagster/sensor_name"
EVERY_SECONDS = 30
AFTER_WAVES = tuple(name for name in STAGES if name not in ("structures", "exit_waves"))


@dataclass(frozen=True)
class Change:
    """What an edit of the campaign asks for.

    Attributes:
        wanted: partitions to make again, or under a new condition.
        waiting: why others have to wait; empty if none do.
        known: conditions that are not new any more.
    """

    wanted: tuple[PartitionId, ...]
    waiting: str
    known: tuple[str, ...]


def changed(
    loaded: Campaign, now: Campaign, layout: Layout, instance: dg.DagsterInstance, known: Collection[str]
) -> Change:
    """What follows the waves and is stale, and new conditions of specimens that have images.

    Args:
        loaded: the campaign when the code location was loaded: it decides which partitions there are.
        now: the campaign as its file says now.
        layout: where stores lie.
        instance: where backfills and runs are recorded.
        known: conditions that are not new.
    """
    grid = [key for key in now.condition_by_key if key in loaded.condition_by_key]
    there = [
        p
        for p in finished_partitions(layout)
        if p.asset in AFTER_WAVES
        and p.specimen in now.specimens.keys() & loaded.specimens.keys()
        and (p.condition is None or p.condition in grid)
    ]
    new = [
        PartitionId(asset, specimen, condition)
        for asset, specimen in dict.fromkeys((p.asset, p.specimen) for p in there if p.condition is not None)
        for condition in grid
        if condition not in known
    ]
    plans = plan(now, layout, list(dict.fromkeys([*there, *new])))
    candidates = {p.partition: p for p in plans if p.state == "stale" or p.partition in new}
    needs = {p: upstream_partitions(STAGES[p.asset], p) for p in candidates}
    upstream = dict.fromkeys(u for needed in needs.values() for u in needed if u not in candidates)
    unready = {p.partition: p.state for p in plan(now, layout, list(upstream)) if p.state != "complete"}
    barred = {
        partition: f"{u} is {unready[u]}"
        for partition, needed in needs.items()
        for u in needed
        if u in unready
    } | underway(loaded, instance)
    admitted, refused = admit(list(candidates.values()), barred)
    reasons = dict.fromkeys(refused.values())
    waiting = f"{len(refused)} wait: {'; '.join(reasons)}" if refused else ""
    late = {p.condition for p in refused if p in new}
    return Change(tuple(p.partition for p in admitted), waiting, tuple(k for k in grid if k not in late))


class ReimageConfig(dg.Config):
    """Which partitions to make again."""

    partitions: list[str]


def reimage_job(read_campaign: Callable[[], Campaign]) -> dg.JobDefinition:
    """The job that requests the backfill.

    Args:
        read_campaign: the campaign as its file says now.
    """

    @dg.op(description="Adds a backfill of the partitions named.")
    def request_images(context: dg.OpExecutionContext, config: ReimageConfig) -> None:
        wanted = [parse_partition(text) for text in config.partitions]
        tags = {REIMAGE_TAG: "campaign"}
        tags |= {key: value for key, value in context.run.tags.items() if key == SENSOR_TAG}
        words = f"{len(wanted)} partitions that the campaign has changed"
        backfill = add_backfill(read_campaign(), context.instance, JOB, wanted, tags, words)
        context.log.info(f"backfill {backfill} makes {words}; see Runs, Backfills")

    @dg.job(
        name=JOB,
        description="Requests one backfill of the partitions that it is given, such as micrographs/CdSe-small/"
        "df-10nm_400e; launched by the sensor that watches the campaign file.",
    )
    def job() -> None:
        request_images()

    return job


def reimage_sensor(
    loaded: Campaign, read_campaign: Callable[[], Campaign], house: House
) -> dg.SensorDefinition:
    """The sensor, off until it is switched on in the UI.

    Args:
        loaded: the campaign when the code location was loaded.
        read_campaign: the campaign as its file says at a tick.
        house: where stores lie.
    """

    @dg.sensor(
        name=SENSOR,
        job_name=JOB,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Makes zero defocus, labels, images and training sets again, in one backfill, where an edit of "
        "the campaign file has made them stale, and under new conditions; never structures or waves.",
    )
    def reimage_edits(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            now = read_campaign()
        except CampaignError as error:
            return dg.SkipReason(str(error))
        seen = json.loads(context.cursor or "{}")
        if seen.get("campaign") != hash_of(now):
            seen |= {"campaign": hash_of(now), "waiting": True, "requested": []}
        if not seen["waiting"]:
            return dg.SkipReason("the campaign is as it was")
        words = still_requested(context.instance, REIMAGE_TAG, JOB)
        if words:
            return dg.SkipReason(words)
        known = seen.get("conditions", list(loaded.condition_by_key))
        found = changed(loaded, now, house.layout, context.instance, known)
        # once for each edit: what fails is not tried for ever
        wanted = [str(p) for p in found.wanted if str(p) not in seen["requested"]]
        waiting = "; ".join(filter(None, [not_loaded(loaded, now), found.waiting]))
        seen |= {"waiting": bool(waiting), "conditions": found.known}
        seen["requested"] += wanted
        if not wanted:
            reason = waiting or "nothing that follows the waves has changed"
            return dg.SensorResult(skip_reason=reason, cursor=json.dumps(seen))
        request = dg.RunRequest(
            run_config=dg.RunConfig(ops={"request_images": ReimageConfig(partitions=wanted)})
        )
        return dg.SensorResult(run_requests=[request], cursor=json.dumps(seen))

    return reimage_edits
