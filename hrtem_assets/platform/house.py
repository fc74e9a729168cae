"""What every asset needs to know: the campaign and where its data lie."""

import getpass
import platform
from dataclasses import dataclass
from typing import Any

import hrtem_assets
from hrtem_assets.campaign import Campaign
from hrtem_assets.store.layout import Layout


@dataclass(frozen=True)
class House:
    """Campaign and data root of one code location.

    Attributes:
        campaign: what to make.
        layout: where it lies.
    """

    campaign: Campaign
    layout: Layout

    def provenance(self, run_id: str, overrides: dict[str, Any]) -> dict[str, Any]:
        """Who made a store, and with which overrides; kept in its attributes.

        Args:
            run_id: Dagster's run id.
            overrides: settings that differ from the campaign's.
        """
        return {
            "run_id": run_id,
            "user": getpass.getuser(),
            "host": platform.node(),
            "package_version": hrtem_assets.__version__,
            "campaign": self.campaign.name,
            "overrides": overrides,
        }
