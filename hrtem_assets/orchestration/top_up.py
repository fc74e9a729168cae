"""The nightly top-up: one backfill of what the chosen series still lack, as much as fits into a night."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from hrtem_assets.campaign import Campaign, CampaignError
from hrtem_assets.execution.loading import compute_from_environment, expected_workers
from hrtem_assets.execution.progress import duration
from hrtem_assets.maintenance.plan import plan, select
from hrtem_assets.orchestration.backfills import add_backfill, still_requested, times_requested, underway
from hrtem_assets.orchestration.choice import Choice, choose
from hrtem_assets.orchestration.living import end_dead_runs
from hrtem_assets.orchestration.storage_asset import STORAGE
from hrtem_assets.orchestration.workspace import Workspace
from hrtem_assets.store import Layout, PartitionId

JOB, SCHEDULE = "top_up", "nightly"
TOP_UP_TAG = "hrtem/top_up"
SCHEDULE_TAG = "dagster/schedule_name"
NIGHT = timedelta(hours=12)


@dataclass(frozen=True)
class Decision:
    """What a tick does.

    Attributes:
        wanted: partitions to request; none if there is a reason not to.
        words: what and how much, or why nothing.
    """

    wanted: tuple[PartitionId, ...]
    words: str


def decide(campaign: Campaign, layout: Layout, instance: dg.DagsterInstance, now: datetime) -> Decision:
    """Which partitions to request now, or why none.

    Args:
        campaign: its `schedule` says which series, and how much.
        layout: where stores lie.
        instance: where backfills and runs are recorded.
        now: with a time zone.
    """
    settings, workers = campaign.schedule, expected_workers(compute_from_environment())
    busy = underway(campaign, instance)
    requested, newest = times_requested(instance, TOP_UP_TAG, now - NIGHT)
    plans = plan(campaign, layout, select(campaign, settings.series or ["all"]))
    barred = {
        p: f"requested {count} times in {NIGHT // timedelta(hours=1)} hours and not made; last by backfill {newest}"
        for p, count in requested.items()
        if count >= settings.attempts
    } | busy
    choice = choose(campaign, plans, barred, settings.max_partitions, settings.max_hours * 3600 * workers)
    if choice.chosen:
        return Decision(tuple(p.partition for p in choice.chosen), _what(choice, workers))
    if choice.barred:
        return Decision((), f"nothing to begin: {_why_not(choice)}")
    names = ", ".join(settings.series or campaign.series) or "the whole grid"
    return Decision((), f"nothing to do: all {len(plans)} partitions of {names} are complete")


def _what(choice: Choice, workers: int) -> str:
    states = Counter(p.state for p in choice.chosen)
    seconds = [p.seconds for p in choice.chosen]
    cost = f"about {duration(sum(s or 0 for s in seconds) / workers)} with {workers} workers" + (
        ", and what has no rate measured yet" if None in seconds else ""
    )
    words = [
        f"{len(choice.chosen)} partitions ({', '.join(f'{n} {state}' for state, n in states.items())})",
        cost,
    ]
    if choice.later:
        words.append(f"{choice.later} more another time")
    if choice.barred:
        words.append(f"left out: {_why_not(choice)}")
    return "; ".join(words)


def _why_not(choice: Choice) -> str:
    """Why partitions may not be begun, the same reasons counted together."""
    reasons: dict[str, list[PartitionId]] = {}
    for partition, reason in choice.barred.items():
        reasons.setdefault("waiting for them" if reason.startswith("waits for") else reason, []).append(
            partition
        )
    return "; ".join(
        f"{partitions[0]}{f' and {len(partitions) - 1} more' if len(partitions) > 1 else ''}: {reason}"
        for reason, partitions in reasons.items()
    )


def top_up_job(read_campaign: Callable[[], Campaign]) -> dg.JobDefinition:
    """The job that requests the backfill; launched by hand it does the same as at night.

    Args:
        read_campaign: the campaign as its file says now.
    """

    @dg.op(description="Adds a backfill of what the scheduled series still lack.")
    def request_top_up(context: dg.OpExecutionContext, workspace: dg.ResourceParam[Workspace]) -> None:
        campaign = read_campaign()
        decision = decide(campaign, workspace.layout, context.instance, datetime.now(UTC))
        if not decision.wanted:
            context.log.info(decision.words)
            return
        tags = {TOP_UP_TAG: campaign.name, "dagster/priority": "-1"}
        # shown as "launched by"
        tags |= {key: value for key, value in context.run.tags.items() if key == SCHEDULE_TAG}
        backfill = add_backfill(
            campaign, context.instance, JOB, decision.wanted, tags, decision.words, afterwards=[STORAGE]
        )
        context.log.info(f"backfill {backfill} makes {decision.words}; see Runs, Backfills")
        context.log.debug("\n".join(map(str, decision.wanted)))

    @dg.job(
        name=JOB,
        description="Requests one backfill of what the scheduled series lack, as much as the campaign's schedule "
        "allows at once: missing, too few, failed or stale; upstream first, cheapest first.",
    )
    def job() -> None:
        request_top_up()

    return job


def top_up_schedule(
    campaign: Campaign, read_campaign: Callable[[], Campaign], layout: Layout
) -> dg.ScheduleDefinition:
    """The schedule, off until it is switched on in the UI.

    Args:
        campaign: its `schedule` says when.
        read_campaign: the campaign as its file says at a tick.
        layout: where stores lie.
    """

    @dg.schedule(
        name=SCHEDULE,
        job_name=JOB,
        cron_schedule=campaign.schedule.cron,
        execution_timezone=campaign.schedule.timezone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Tops up the campaign's series at night, by the `schedule` of the campaign file.",
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        try:
            now = read_campaign()
        except CampaignError as error:
            return dg.SkipReason(str(error))
        end_dead_runs(context.instance)
        words = still_requested(context.instance, TOP_UP_TAG, JOB) or not_loaded(campaign, now)
        if words:
            return dg.SkipReason(words)
        decision = decide(now, layout, context.instance, context.scheduled_execution_time)
        return dg.RunRequest() if decision.wanted else dg.SkipReason(decision.words)

    return nightly


def not_loaded(loaded: Campaign, now: Campaign) -> str | None:
    """Which partitions of the campaign file Dagster does not know yet, and how it learns of them; None if none.

    Args:
        loaded: the campaign when the code location was loaded.
        now: the campaign as its file says now.
    """
    new = [
        *(key for key in now.specimens if key not in loaded.specimens),
        *(key for key in now.condition_by_key if key not in loaded.condition_by_key),
    ]
    if not new:
        return None
    return (
        f"the campaign file names {', '.join(new)}, which are not loaded yet: reload definitions (Deployment)"
    )
