"""What to make: frozen, strict pydantic models of a campaign and the presets shipped with the package."""

from hrtem_assets.campaign.campaign import Campaign, Counts, Series, Specimen
from hrtem_assets.campaign.conditions import Condition
from hrtem_assets.campaign.engines import EngineName, PrismaticSettings
from hrtem_assets.campaign.lattices import Lattice, Site
from hrtem_assets.campaign.loading import (
    CampaignError,
    campaign_from_environment,
    load_campaign,
    with_overrides,
)
from hrtem_assets.campaign.settings import (
    Calibration,
    LabelRule,
    Optics,
    Placement,
    Simulation,
    Substrate,
    TrainingSets,
)
from hrtem_assets.campaign.sizes import SizeClass

__all__ = [
    "Calibration",
    "Campaign",
    "CampaignError",
    "Condition",
    "Counts",
    "EngineName",
    "LabelRule",
    "Lattice",
    "Optics",
    "Placement",
    "PrismaticSettings",
    "Series",
    "Simulation",
    "Site",
    "SizeClass",
    "Specimen",
    "Substrate",
    "TrainingSets",
    "campaign_from_environment",
    "load_campaign",
    "with_overrides",
]
