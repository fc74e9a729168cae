"""Partitions: `specimen` is lattice-size, `condition` is defocus-dose."""

import dagster as dg

from hrtem_assets.campaign import Campaign

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


def by_specimen(keys: list[str]) -> dict[str, list[str | None]]:
    """Group partition keys by specimen, in order; condition-free keys give `[None]`.

    Args:
        keys: partition keys of either definition.
    """
    groups: dict[str, list[str | None]] = {}
    for key in keys:
        condition, _, specimen = key.rpartition("|")
        groups.setdefault(specimen, []).append(condition or None)
    return groups
