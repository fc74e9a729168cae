"""What a command or a backfill is about to make, held against memory and disk before any run is recorded."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import with_overrides
from hrtem_assets.execution.loading import compute_from_environment
from hrtem_assets.execution.needs import require_disk, require_memory, works_of
from hrtem_assets.orchestration.assets import IMAGES_PER_RUN
from hrtem_assets.orchestration.configs import CONFIGS
from hrtem_assets.orchestration.instance import written_folders
from hrtem_assets.orchestration.workspace import Workspace
from hrtem_assets.store import PartitionId
from hrtem_assets.store.build import structures_made
from hrtem_assets.store.room import require_writable


def require_affordable(
    workspace: Workspace,
    assets: Sequence[str],
    specimen: str,
    conditions: Sequence[str] = (),
    config: Mapping[str, Any] | None = None,
) -> None:
    """Refuse a command whose work does not fit into memory, or whose first partition does not fit on the disk.

    Args:
        workspace: campaign and data.
        assets: names; those that are no asset count for nothing.
        specimen: specimen key.
        conditions: condition keys; all if empty.
        config: run configuration by asset name.

    Raises:
        CostError: says what would fit.
        FolderError: if a folder cannot be written.
        CampaignError: if an override is bad.
    """
    campaign, workers, counts = workspace.campaign, 0, {}
    for name, settings in (config or {}).items():
        try:
            asset_config = CONFIGS[name](**settings)
        except (KeyError, TypeError, ValidationError):
            # Dagster says what is wrong with it, and runs nothing
            continue
        workers = max(workers, asset_config.workers)
        counts[name] = asset_config.count
        # of those upstream all are honoured downstream
        campaign = with_overrides(campaign, asset_config.overrides())
    chosen, keys = campaign.specimen(specimen), list(conditions) or list(campaign.condition_by_key)
    left: dict[PartitionId, int] = {}
    for asset in ASSETS.values():
        for key in (keys if asset.per_condition else [None]) if asset.name in assets else ():
            partition, recipe = asset.partition(chosen, key), asset.recipe(campaign, chosen, key)
            wanted = counts.get(asset.name) or campaign.counts.total
            left[partition] = wanted - structures_made(
                workspace.layout, partition, recipe, asset.rows_per_structure(campaign)
            )
    works = works_of(campaign, [p for p, structures in left.items() if structures > 0], len(keys))
    if works:
        require_memory(works, compute_from_environment(workers))
        # a folder that cannot be written is named as such, though it has no room, either
        for folder in written_folders():
            require_writable(folder)
        first = works[0]
        structures = sum(n for p, n in left.items() if p.asset == first.asset.name and n > 0)
        require_disk(first, structures, workspace.layout.assets)


def require_affordable_backfill(workspace: Workspace, partitions: Sequence[PartitionId]) -> None:
    """Refuse a backfill whose work does not fit into memory.

    Args:
        workspace: campaign and data.
        partitions: what is to be made.

    Raises:
        CostError: says what would fit.
    """
    works = works_of(workspace.campaign, partitions, IMAGES_PER_RUN)
    if works:
        require_memory(works, compute_from_environment())
