"""Settings replaced for one run: recorded in the stores they decide, and honoured by everything downstream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hrtem_assets.assets import Asset
from hrtem_assets.campaign import Campaign, with_overrides
from hrtem_assets.store import CheckedStore, Layout, find_store


@dataclass
class EffectiveCampaign:
    """The campaign as a run sees it, for those conditions that see it so.

    Attributes:
        campaign: to be used for recipes and for making.
        overrides: to be recorded.
        conditions: condition keys; None for a condition-free asset.
    """

    campaign: Campaign
    overrides: dict[str, Any]
    conditions: list[str | None] = field(default_factory=list)


def effective_campaigns(
    campaign: Campaign,
    asset: Asset,
    specimen_key: str,
    conditions: Sequence[str | None],
    layout: Layout,
    run_settings: Mapping[str, Any],
) -> list[EffectiveCampaign]:
    """The campaign with what upstream stores recorded, then with the run's own overrides.

    Args:
        campaign: the campaign as configured.
        asset: what is about to be made.
        specimen_key: specimen.
        conditions: condition keys; `(None,)` for a condition-free asset.
        layout: where stores lie.
        run_settings: the run's nested settings, in the form of a campaign file.

    Returns:
        one for each set of conditions whose upstream stores recorded the same; most often one in all.

    Raises:
        StoreError: if an upstream partition is absent or damaged.
        CampaignError: if an override is bad.
    """
    specimen = campaign.specimen(specimen_key)
    effective: list[EffectiveCampaign] = []
    for condition in conditions:
        overrides: dict[str, Any] = {}
        for upstream, key in asset.reads(condition):
            # what it says decides the settings: it must be what was written
            info = CheckedStore(find_store(layout, upstream.partition(specimen, key)).path).info
            _merge_into(overrides, info.attributes["provenance"].get("overrides", {}))
        _merge_into(overrides, run_settings)
        same = next((e for e in effective if e.overrides == overrides), None)
        if same is None:
            same = EffectiveCampaign(with_overrides(campaign, overrides), overrides)
            effective.append(same)
        same.conditions.append(condition)
    return effective


def _merge_into(target: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, Mapping):
            _merge_into(target.setdefault(key, {}), value)
        else:
            target[key] = value
