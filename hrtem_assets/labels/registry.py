"""Every label plane there is."""

from hrtem_assets.base.families import family
from hrtem_assets.labels import planes
from hrtem_assets.labels.plane import LabelPlane

PLANES: dict[str, LabelPlane] = {name: plane() for name, plane in family(planes, LabelPlane).items()}
"""Label planes by name."""
