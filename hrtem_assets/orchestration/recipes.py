"""What the campaign asks of every partition, as external assets: by them Dagster knows which partitions are stale.

Each asset has one, such as `labels_recipe`, with the asset's partitions; its data version is the recipe's digest and
changes with the campaign file. A run records the recipes of its partitions before it reads anything, so that a later
edit shows as a newer version; the sensor records edits of partitions that were made before.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import dagster as dg

from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import Campaign, CampaignError
from hrtem_assets.orchestration.dagster_internals import DATA_VERSION_TAG, DagsterEventType
from hrtem_assets.orchestration.partitions import asset_partitions, parse_key, partition_key, partition_tags

GROUP = "recipes"
SENSOR = "watch_recipes"
EVERY_SECONDS = 30


def recipe_key(asset: str) -> dg.AssetKey:
    """The external asset of an asset's recipes."""
    return dg.AssetKey(f"{asset}_recipe")


def recipe_assets(campaign: Campaign) -> list[dg.AssetSpec]:
    """One external asset per asset that is made."""
    return [
        dg.AssetSpec(
            recipe_key(asset.name),
            group_name=GROUP,
            partitions_def=asset_partitions(campaign, asset),
            description=f"What the campaign asks of {asset.name}: settings, seeds, code and package versions, and the "
            "recipes upstream. One row is a partition's recipe; its data version is the recipe's digest.",
        )
        for asset in ASSETS.values()
    ]


def record_recipes(instance: dg.DagsterInstance, campaign: Campaign, asset: str, keys: Sequence[str]) -> None:
    """Record the recipes that the campaign gives some partitions, where they differ from the last recorded.

    Args:
        instance: where to record.
        campaign: what is asked for.
        asset: its name.
        keys: partition keys of the campaign's grid.
    """
    for event in _changes(instance, campaign, asset, keys):
        instance.report_runless_asset_event(event)


def recipes_sensor(read_campaign: Callable[[], Campaign]) -> dg.SensorDefinition:
    """Watches the campaign; partitions whose recipe changes turn unsynced.

    Args:
        read_campaign: the campaign as its file says now.
    """

    @dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=EVERY_SECONDS,
        # launches nothing: it only keeps the lineage true
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Records how the campaign file changes the recipes of partitions made before: "
        "those that it changes turn unsynced, and no others.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            campaign = read_campaign()
        except CampaignError as error:
            return dg.SkipReason(str(error))
        # whoever else records recipes, perhaps of another campaign, is noticed by the newest record
        cursor = f"{hash_of(campaign)} {_newest(context.instance)}"
        if cursor == context.cursor:
            return dg.SkipReason("the campaign is as it was")
        events = [
            event
            for asset in ASSETS
            for event in _changes(context.instance, campaign, asset, _recorded(context.instance, asset))
        ]
        result = dg.SensorResult(asset_events=events, cursor=cursor)
        if not events:
            return dg.SensorResult(
                skip_reason="no recipe of a partition made before has changed", cursor=cursor
            )
        return result

    return watch


def hash_of(campaign: Campaign) -> str:
    """A hash of all that a campaign says."""
    return hashlib.blake2b(campaign.model_dump_json().encode(), digest_size=12).hexdigest()


def _changes(
    instance: dg.DagsterInstance, campaign: Campaign, asset_name: str, keys: Iterable[str]
) -> Iterator[dg.AssetObservation]:
    keys, conditions = list(keys), (None, *campaign.condition_by_key)
    asset, recorded = ASSETS[asset_name], _recorded(instance, asset_name, keys)
    for key in keys:
        specimen, condition = parse_key(key)
        key = partition_key(specimen, condition)
        if specimen not in campaign.specimens or condition not in conditions:
            continue
        recipe = asset.recipe(campaign, campaign.specimen(specimen), condition)
        if recorded.get(str(key)) == recipe.digest:
            continue
        shown: dict[str, Any] = {"recipe_digest": recipe.digest, "recipe": recipe.model_dump(mode="json")}
        yield dg.AssetObservation(
            recipe_key(asset_name),
            partition=key,
            metadata=shown,
            tags=partition_tags(key) | {DATA_VERSION_TAG: recipe.digest},
        )


def _recorded(instance: dg.DagsterInstance, asset: str, keys: Sequence[str] | None = None) -> dict[str, str]:
    """The digest last recorded of each of some partitions of an asset, or of all, where there is one."""
    tags = instance.event_log_storage.get_latest_tags_by_partition(
        recipe_key(asset), DagsterEventType.ASSET_OBSERVATION, [DATA_VERSION_TAG], asset_partitions=keys
    )
    return {str(key): values[DATA_VERSION_TAG] for key, values in tags.items()}


def _newest(instance: dg.DagsterInstance) -> int:
    newest = [
        record.storage_id
        for asset in ASSETS
        for record in instance.fetch_observations(recipe_key(asset), limit=1).records
    ]
    return max(newest, default=0)
