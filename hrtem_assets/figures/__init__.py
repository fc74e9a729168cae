"""Pictures of what was made: arrays in, images out.

Orientation is the same in all of them: x runs to the right and y runs down, array row 0 on top, as image
viewers show an array; so any two pictures of one structure can be laid over each other. Side views have z
upwards.
"""

from hrtem_assets.figures.atoms import structure_views, three_views
from hrtem_assets.figures.embed import preview_markdown, thumbnail_markdown
from hrtem_assets.figures.plots import dose_histogram, variance_curve
from hrtem_assets.figures.raster import (
    OUTLINE_RGB,
    grey_levels,
    label_overlay,
    micrograph_image,
    phase_image,
    plane_image,
)
from hrtem_assets.figures.sheet import TILE_PX, PartitionPicture, contact_sheet

__all__ = [
    "OUTLINE_RGB",
    "TILE_PX",
    "PartitionPicture",
    "contact_sheet",
    "dose_histogram",
    "grey_levels",
    "label_overlay",
    "micrograph_image",
    "phase_image",
    "plane_image",
    "preview_markdown",
    "structure_views",
    "three_views",
    "thumbnail_markdown",
    "variance_curve",
]
