"""Finished partitions that are what a campaign asks for, for whoever reads them without making anything."""

from hrtem_assets.campaign import Campaign, with_overrides
from hrtem_assets.stages import STAGES
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.reading import StoreInfo, find_store, require_recipe


def finished_store(
    campaign: Campaign, layout: Layout, asset: str, specimen: str, condition: str | None
) -> tuple[StoreInfo, Campaign]:
    """A partition's finished store, checked against the recipe that the campaign gives it.

    Args:
        campaign: settings and seed.
        layout: where stores lie.
        asset: asset name.
        specimen: specimen key.
        condition: condition key; None for an asset without conditions.

    Returns:
        the store, and the campaign with the overrides that it was made with.

    Raises:
        StoreError: if it is absent, or was made with another recipe; names the repair.
    """
    stage, chosen = STAGES[asset], campaign.specimen(specimen)
    partition = stage.partition(chosen, condition)
    info = find_store(layout, partition)
    seen = with_overrides(campaign, info.attributes["provenance"]["overrides"])
    require_recipe(info, partition, stage.recipe(seen, seen.specimen(specimen), condition))
    return info, seen
