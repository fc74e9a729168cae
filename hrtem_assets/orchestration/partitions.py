"""Partitions: `specimen` is lattice-size, `condition` is defocus-dose."""

from collections.abc import Iterable

import dagster as dg

from hrtem_assets.assets import Asset
from hrtem_assets.campaign import Campaign
from hrtem_assets.store import PartitionId

SPECIMEN, CONDITION = "specimen", "condition"


def specimen_partitions(campaign: Campaign) -> dg.StaticPartitionsDefinition:
    """One partition per specimen, for assets that no imaging condition changes."""
    return dg.StaticPartitionsDefinition(list(campaign.specimens))


def image_partitions(campaign: Campaign) -> dg.MultiPartitionsDefinition:
    """Specimen x condition; Dagster sorts dimensions by name, so keys read `df-10nm_400e|CdSe-medium`."""
    return dg.MultiPartitionsDefinition(
        {
            SPECIMEN: specimen_partitions(campaign),
            CONDITION: dg.StaticPartitionsDefinition([c.key for c in campaign.conditions]),
        }
    )


def asset_partitions(campaign: Campaign, asset: Asset) -> dg.PartitionsDefinition:
    """The partitions of an asset."""
    return image_partitions(campaign) if asset.per_condition else specimen_partitions(campaign)


def partition_key(specimen: str, condition: str | None) -> str:
    """The key of a partition of either definition."""
    if condition is None:
        return specimen
    return dg.MultiPartitionKey({SPECIMEN: specimen, CONDITION: condition})


def partition_tags(key: str) -> dict[str, str]:
    """The tags by which Dagster knows an event's partition in each dimension; none for a key of one dimension."""
    if not isinstance(key, dg.MultiPartitionKey):
        return {}
    return {f"dagster/partition/{name}": value for name, value in key.keys_by_dimension.items()}


def parse_key(key: str) -> tuple[str, str | None]:
    """The specimen and, where there is one, the condition of a partition key."""
    condition, _, specimen = key.rpartition("|")
    return specimen, condition or None


def partition_ids(asset: str, keys: Iterable[str]) -> list[PartitionId]:
    """The partitions of an asset that some keys name."""
    return [PartitionId(asset, *parse_key(key)) for key in keys]


def by_specimen(keys: list[str]) -> dict[str, list[str | None]]:
    """Group partition keys by specimen, in order; condition-free keys give `[None]`.

    Args:
        keys: partition keys of either definition.
    """
    groups: dict[str, list[str | None]] = {}
    for specimen, condition in map(parse_key, keys):
        groups.setdefault(specimen, []).append(condition)
    return groups
