"""Declarative automation, for those who prefer it to the nightly top-up: fills what is missing, and no more."""

import dagster as dg

from hrtem_assets.campaign import Campaign
from hrtem_assets.platform.recipes import recipe_key
from hrtem_assets.stages import STAGES

SENSOR = "automation"


def missing_at_night(campaign: Campaign) -> dg.AutomationCondition:
    """From each tick of the schedule's cron on: what is missing, once all that it is made from is there.

    Args:
        campaign: its `schedule` says when.
    """
    cron, timezone = campaign.schedule.cron, campaign.schedule.timezone
    tick: dg.AutomationCondition = dg.AutomationCondition.cron_tick_passed(cron, timezone)
    # recipes are recorded when a partition is first made
    recipes = dg.AssetSelection.assets(*(recipe_key(name) for name in STAGES))
    deps_missing = dg.AutomationCondition.any_deps_missing().ignore(recipes)
    return (
        tick.since_last_handled()
        & dg.AutomationCondition.missing()
        & ~deps_missing
        & ~dg.AutomationCondition.in_progress()
    ).with_label(f"missing at {cron} {timezone}")


def automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """The sensor that follows the conditions, off until it is switched on in the UI."""
    return dg.AutomationConditionSensorDefinition(
        SENSOR,
        target=dg.AssetSelection.assets(*STAGES),
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Makes missing partitions of the whole grid at night; neither bounded nor for stale ones: "
        "the schedule `nightly` does that. Switch on one of the two.",
    )
