"""The Dagster code location: `workspace.yaml` loads `defs` from here."""

import warnings
from pathlib import Path

import dagster as dg

from hrtem_assets.campaign import Campaign, campaign_from_environment
from hrtem_assets.orchestration.assets import campaign_assets
from hrtem_assets.orchestration.checks import campaign_checks
from hrtem_assets.orchestration.console import console
from hrtem_assets.orchestration.export_assets import export_assets
from hrtem_assets.orchestration.jobs import campaign_jobs
from hrtem_assets.orchestration.living import watched_in_process_executor
from hrtem_assets.orchestration.pairs_asset import pairs_asset
from hrtem_assets.orchestration.patience import wait_patiently
from hrtem_assets.orchestration.recipes import recipe_assets, recipes_sensor
from hrtem_assets.orchestration.series import series_jobs
from hrtem_assets.orchestration.storage_asset import storage_asset
from hrtem_assets.orchestration.stores import StoreIOManager
from hrtem_assets.orchestration.top_up import top_up_job, top_up_schedule
from hrtem_assets.orchestration.workspace import Workspace
from hrtem_assets.store import Layout, layout_from_environment


def build_defs(campaign: Campaign | None = None, root: Path | None = None) -> dg.Definitions:
    """Fresh definitions for a campaign and a data root; UI, command line and tests all use these.

    Args:
        campaign: what to make; by default the one that `HRTEM_CAMPAIGN` names.
        root: folder of everything written; by default what `HRTEM_DATA` and `HRTEM_ASSETS` name.
    """
    wait_patiently()
    fixed_campaign = campaign
    campaign = campaign or campaign_from_environment()

    def read_campaign() -> Campaign:
        """The campaign as it is now: its file may have been edited since the definitions were loaded."""
        return fixed_campaign or campaign_from_environment()

    workspace = Workspace(campaign, Layout(root) if root else layout_from_environment())
    with warnings.catch_warnings():
        # backfill policies are "beta" and partitioned checks "preview" in Dagster 1.13, which is pinned
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        assets = [
            *campaign_assets(campaign),
            *export_assets(campaign),
            pairs_asset(),
            storage_asset(),
        ]
        checks = campaign_checks(assets)
        schedule = top_up_schedule(campaign, read_campaign, workspace.layout)
        sensors = [recipes_sensor(read_campaign)]
    return dg.Definitions(
        assets=[*assets, *recipe_assets(campaign)],
        asset_checks=checks,
        jobs=[
            *campaign_jobs(),
            *series_jobs(campaign),
            top_up_job(read_campaign),
        ],
        schedules=[schedule],
        sensors=sensors,
        loggers={"console": console},
        resources={"workspace": workspace, "io_manager": StoreIOManager(workspace)},
        # a run is a process of its own already
        executor=watched_in_process_executor,
    )


defs = build_defs()
