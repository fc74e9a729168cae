"""Every label plane and table there is, and those of a campaign."""

from collections.abc import Iterable

import numpy as np

from hrtem_assets.base.families import family
from hrtem_assets.campaign import Campaign, CampaignError, Specimen
from hrtem_assets.labels import planes, tables
from hrtem_assets.labels.plane import ImagePlane, LabelPlane, Plane
from hrtem_assets.labels.table import CropTable, LabelTable, Table
from hrtem_assets.store import Variable

PLANES: dict[str, Plane] = {name: plane() for name, plane in family(planes, Plane).items()}
"""Label planes by name."""
TABLES: dict[str, Table] = {name: table() for name, table in family(tables, Table).items()}
"""Label tables by name."""

PARTICLE_COUNT = "particle_count"
"""The record that says how many rows of the particles' tables hold one."""


def label_planes(campaign: Campaign) -> list[LabelPlane]:
    """The planes of a structure that a campaign asks for, in its order."""
    return [p for p in _planes(campaign) if isinstance(p, LabelPlane)]


def image_planes(campaign: Campaign) -> list[ImagePlane]:
    """The planes of an image that a campaign asks for, in its order."""
    return [p for p in _planes(campaign) if isinstance(p, ImagePlane)]


def label_tables(campaign: Campaign) -> list[LabelTable]:
    """The tables of a structure that a campaign asks for, in its order."""
    return [t for t in _tables(campaign) if isinstance(t, LabelTable)]


def crop_tables(campaign: Campaign) -> list[CropTable]:
    """The tables of an image that a campaign asks for, in its order.

    Raises:
        CampaignError: if one is made from a plane that the campaign does not ask for.
    """
    return [t for t in _tables(campaign) if isinstance(t, CropTable)]


def plane_bytes(planes: Iterable[Plane]) -> int:
    """Bytes that some planes take for each pixel."""
    return sum(np.dtype(plane.dtype).itemsize for plane in planes)


def stored_plane_bytes(planes: Iterable[Plane]) -> float:
    """Roughly what some planes take on disk for each pixel, compressed."""
    return sum(plane.stored_part * np.dtype(plane.dtype).itemsize for plane in planes)


def arrays_and_records(
    tables: Iterable[Table], campaign: Campaign, specimen: Specimen
) -> tuple[list[Variable], list[Variable]]:
    """Variables of some tables: those kept as arrays, and those kept as records.

    Args:
        tables: which.
        campaign: settings.
        specimen: whose store it is.
    """
    pairs = [(table.is_array, v) for table in tables for v in table.variables(campaign, specimen)]
    return [v for is_array, v in pairs if is_array], [v for is_array, v in pairs if not is_array]


def _planes(campaign: Campaign) -> list[Plane]:
    wanted = [PLANES[name] for name in campaign.labels.planes]
    for plane in wanted:
        if refusal := plane.refusal(campaign):
            raise CampaignError(refusal)
    return wanted


def _tables(campaign: Campaign) -> list[Table]:
    wanted = [TABLES[name] for name in campaign.labels.tables]
    for table in wanted:
        if lacking := [name for name in table.needs if name not in campaign.labels.planes]:
            raise CampaignError(
                f"labels.tables: {table.name} is made from {', '.join(table.needs)}; add {', '.join(lacking)} to "
                f"labels.planes, or leave {table.name} out"
            )
    return wanted
