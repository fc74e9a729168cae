"""Pictures of partitions, drawn from their finished stores."""

from collections.abc import Sequence

from PIL import Image

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.asset import sampling_a
from hrtem_assets.assets.micrographs import on_image
from hrtem_assets.figures import TILE_PX, PartitionPicture, contact_sheet, label_overlay, micrograph_image
from hrtem_assets.store import CheckedStore, Layout, PartitionId

MOST_ROWS = 4


def partition_picture(layout: Layout, partition: PartitionId) -> PartitionPicture:
    """Draw a partition.

    Args:
        layout: where stores lie.
        partition: a finished partition of any asset.

    Raises:
        DamagedError: if what is shown is not what was written.
    """
    asset, store = ASSETS[partition.asset], CheckedStore(layout.store(partition))
    shown = store.info.made[:MOST_ROWS]
    if not shown:
        return PartitionPicture(
            [Image.new("RGB", (TILE_PX, TILE_PX // 4), "white")], ["nothing could be made"]
        )
    keys = {upstream.name: key for upstream, key in asset.reads(partition.condition)}

    def upstream(name: str) -> CheckedStore:
        return CheckedStore(layout.store(PartitionId(name, partition.specimen, keys[name])))

    return asset.pictures(store, upstream, shown)


def condition_sheet(layout: Layout, specimen: str, conditions: Sequence[str]) -> Image.Image:
    """Micrographs of the first structures under several conditions, with label outlines in a last column.

    Args:
        layout: where stores lie.
        specimen: specimen key.
        conditions: condition keys, one column each; their micrographs and the labels must be there.
    """
    stores = {
        key: CheckedStore(layout.store(PartitionId("micrographs", specimen, key))) for key in conditions
    }
    labels = CheckedStore(layout.store(PartitionId("labels", specimen)))
    per_structure = stores[conditions[0]].info.rows_per_structure
    # of each structure the first draw
    firsts = (
        {row // per_structure for row in s.info.made if not row % per_structure} for s in stores.values()
    )
    made = set(labels.info.made).intersection(*firsts)
    tiles, captions = [], []
    for index in sorted(made)[:MOST_ROWS]:
        row = index * per_structure
        for key, store in stores.items():
            tiles.append(
                micrograph_image(store.read("counts", row), sampling_a(store, row), size_px=TILE_PX).convert(
                    "RGB"
                )
            )
            captions.append(f"{specimen} {index}, {key}")
        store = stores[conditions[0]]
        mask = on_image(labels.read("mask", index), sampling_a(labels), store, row)
        counts = store.read("counts", row)
        tiles.append(label_overlay(counts, mask, sampling_a(store, row), size_px=TILE_PX))
        captions.append(f"{specimen} {index}, label")
    return contact_sheet(tiles, captions, columns=len(conditions) + 1)
