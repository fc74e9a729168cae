"""What to make: frozen, strict pydantic models of a campaign and the presets shipped with the package."""

from hrtem_assets.campaign.campaign import CALIBRATION_OPTICS, Campaign, Counts, Series, Specimen
from hrtem_assets.campaign.conditions import Condition
from hrtem_assets.campaign.engines import EngineName
from hrtem_assets.campaign.engines.fused import FusedFields
from hrtem_assets.campaign.engines.prismatic import PrismaticFields, PrismaticSettings
from hrtem_assets.campaign.errors import CampaignError, UnknownKeyError
from hrtem_assets.campaign.lattices import Lattice, Site
from hrtem_assets.campaign.loading import campaign_from_environment, load_campaign, with_overrides
from hrtem_assets.campaign.settings import (
    LabelRule,
    Placement,
    Simulation,
    Substrate,
    TrainingSets,
)
from hrtem_assets.campaign.sizes import SizeClass
from hrtem_assets.imaging.calibration import Calibration
from hrtem_assets.imaging.optics import Aberrations, Optics

# names, and modules that other rooms may import
__all__ = [
    "CALIBRATION_OPTICS",
    "Aberrations",
    "Calibration",
    "Campaign",
    "CampaignError",
    "Condition",
    "Counts",
    "EngineName",
    "FusedFields",
    "LabelRule",
    "Lattice",
    "Optics",
    "Placement",
    "PrismaticFields",
    "PrismaticSettings",
    "Series",
    "Simulation",
    "Site",
    "SizeClass",
    "Specimen",
    "Substrate",
    "TrainingSets",
    "UnknownKeyError",
    "atom_files",
    "campaign_from_environment",
    "declaration",
    "engines",
    "lattices",
    "load_campaign",
    "materials",
    "names",
    "own_atoms",
    "seeds",
    "settings",
    "with_overrides",
]
