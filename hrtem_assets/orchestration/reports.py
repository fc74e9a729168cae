"""What a materialization shows: pictures, and figures that plot over partitions."""

from statistics import median
from typing import Any

import dagster as dg

from hrtem_assets.assets.judgement import figures, remarks
from hrtem_assets.assets.pictures import partition_picture
from hrtem_assets.figures import preview_markdown, thumbnail_markdown
from hrtem_assets.store import Layout, PartitionId, StoreInfo, StoreReader, files, store_info


def report(layout: Layout, partition: PartitionId) -> dict[str, Any]:
    """Metadata of a finished partition; also writes its picture at full size beside the data.

    Args:
        layout: where stores lie.
        partition: a finished partition.
    """
    path = layout.store(partition)
    info = store_info(path)
    picture = partition_picture(layout, partition)
    target = layout.picture(partition)
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet = picture.sheet
    sheet.save(target)
    provenance = info.attributes["provenance"]
    return {
        "thumbnail": dg.MetadataValue.md(thumbnail_markdown(picture.tiles[0], partition.asset)),
        "preview": dg.MetadataValue.md(preview_markdown(sheet, partition.asset, width_px=512)),
        "picture": dg.MetadataValue.path(target),
        "store": dg.MetadataValue.path(str(path)),
        "structures": info.structures,
        **({"images": info.rows} if info.row_word == "image" else {}),
        "not_made": len(info.failures),
        "remarks": dg.MetadataValue.md("\n".join(f"- {words}" for words in remarks(info)) or "none"),
        "seconds_per_structure": round(
            info.rows_per_structure * median(StoreReader(path).column("seconds").tolist()), 4
        ),
        "megabytes": round(sum(files.listing(path).values()) / 1e6, 3),
        **figures(info),
        "recipe": dg.MetadataValue.json(info.attributes["recipe"]),
        "recipe_digest": info.recipe.digest,
        "overrides": dg.MetadataValue.json(provenance["overrides"]),
    }


def data_version(info: StoreInfo) -> dg.DataVersion:
    """Dagster's data version: the recipe's hash, and how many structures were made by it."""
    return dg.DataVersion(f"{info.recipe.digest}.{info.structures}")
