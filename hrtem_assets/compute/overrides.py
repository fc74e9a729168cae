"""Settings replaced for one run: recorded in the stores they decide, and honoured by everything downstream."""

from collections.abc import Mapping
from typing import Any

from hrtem_assets.campaign import Campaign, with_overrides
from hrtem_assets.stages import STAGES, Stage
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.reading import find_store


def effective_campaign(
    campaign: Campaign, stage: Stage, specimen_key: str, layout: Layout, own: Mapping[str, Any]
) -> tuple[Campaign, dict[str, Any]]:
    """The campaign as a run sees it: with what upstream stores recorded, then with the run's own overrides.

    Args:
        campaign: the campaign as configured.
        stage: what is about to be made.
        specimen_key: specimen.
        layout: where stores lie.
        own: the run's nested settings, in the form of a campaign file.

    Returns:
        campaign: to be used for recipes and for making.
        overrides: to be recorded.

    Raises:
        StoreError: if an upstream partition is absent.
        CampaignError: if an override is bad.
    """
    overrides: dict[str, Any] = {}
    for name in stage.upstream:
        info = find_store(layout, STAGES[name].partition(campaign.specimen(specimen_key)))
        _merge_into(overrides, info.attributes["provenance"].get("overrides", {}))
    _merge_into(overrides, own)
    return with_overrides(campaign, overrides), overrides


def _merge_into(target: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, Mapping):
            _merge_into(target.setdefault(key, {}), value)
        else:
            target[key] = value
