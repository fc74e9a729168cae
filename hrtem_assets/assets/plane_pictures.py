"""Pictures of the labels that a campaign asks for beyond the source's."""

from collections.abc import Sequence

from PIL import Image

from hrtem_assets.assets.asset import sampling_a
from hrtem_assets.campaign.settings import REQUIRED_PLANES
from hrtem_assets.figures import TILE_PX, PartitionPicture, plane_image
from hrtem_assets.store import CheckedStore


def with_further_planes(
    tiles: Sequence[Image.Image], captions: Sequence[str], store: CheckedStore, row: int
) -> PartitionPicture:
    """The picture of a partition, followed by one of each further plane of a row.

    Args:
        tiles: pictures of the first rows.
        captions: one for each.
        store: its labels or training set.
        row: whose planes are shown.
    """
    names = [name for name in store.planes() if name not in ("counts", *REQUIRED_PLANES)]
    if not names:
        return PartitionPicture(tiles, captions)
    planes = [plane_image(store.read(name, row), sampling_a(store, row), TILE_PX) for name in names]
    words = [f"{store.info.row_name(row)}: {name}" for name in names]
    return PartitionPicture([*tiles, *planes], [*captions, *words], columns=4)
