"""What every asset needs to know: the campaign and where its data lie."""

import platform
from dataclasses import dataclass
from typing import Any

import hrtem_assets
from hrtem_assets.campaign import Campaign
from hrtem_assets.store import Layout
from hrtem_assets.store.locking import user_name


@dataclass(frozen=True)
class Workspace:
    """Campaign and data root of one code location.

    Attributes:
        campaign: what to make.
        layout: where it lies.
    """

    campaign: Campaign
    layout: Layout

    def provenance(self, run_id: str, overrides: dict[str, Any]) -> dict[str, Any]:
        """What made a store, who unless the campaign says otherwise, and with which overrides; kept in its attributes.

        Args:
            run_id: Dagster's run id.
            overrides: settings that differ from the campaign's.
        """
        who = {"user": user_name(), "host": platform.node()}
        return {
            "run_id": run_id,
            **(who if self.campaign.storage.record_user_and_host else {}),
            "package_version": hrtem_assets.__version__,
            "campaign": self.campaign.name,
            "overrides": overrides,
        }
