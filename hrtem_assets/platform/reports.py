"""What a materialization shows: pictures, and figures that plot over partitions."""

from statistics import median
from typing import Any

import dagster as dg
import numpy as np

from hrtem_assets.pictures.embed import preview_markdown, thumbnail_markdown
from hrtem_assets.pictures.partition import partition_picture
from hrtem_assets.stages.training_sets import SPLITS
from hrtem_assets.store import trees
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.places import Place
from hrtem_assets.store.reading import StoreInfo, read_column, store_info


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
        "seconds_per_structure": round(median(read_column(path, "seconds").tolist()), 4),
        "megabytes": round(sum(trees.files(path).values()) / 1e6, 3),
        **_figures(partition.asset, path),
        "recipe": dg.MetadataValue.json(info.attributes["recipe"]),
        "recipe_digest": info.recipe.digest,
        "overrides": dg.MetadataValue.json(provenance["overrides"]),
    }


def data_version(info: StoreInfo) -> dg.DataVersion:
    """Dagster's data version: the recipe's hash, and how many structures were made by it."""
    return dg.DataVersion(f"{info.recipe.digest}.{info.structures}")


def _figures(asset: str, path: Place) -> dict[str, float]:
    """Physical figures of an asset, averaged over its structures."""
    values: dict[str, Any]
    match asset:
        case "structures":
            values = {
                "mean_atoms": read_column(path, "atom_count"),
                "mean_particles": read_column(path, "particle_count"),
                "mean_requested_particles": read_column(path, "requested_particles"),
                "mean_film_thickness_a": read_column(path, "substrate_thickness"),
            }
        case "exit_waves":
            values = {
                "mean_full_intensity": read_column(path, "full_intensity"),
                "mean_vacuum_intensity": read_column(path, "vacuum_intensity"),
            }
        case "zero_defocus":
            zero, depth = read_column(path, "zero_defocus"), read_column(path, "particle_depth")
            values = {"mean_zero_defocus_a": zero, "mean_zero_minus_particle_depth_a": zero - depth}
        case "labels":
            values = {
                "mean_silhouette_iou": read_column(path, "silhouette_iou"),
                "mean_mask_fraction": read_column(path, "mask_fraction"),
            }
        case "training_sets":
            splits = read_column(path, "split")
            values = {
                "training_images": np.count_nonzero(splits == SPLITS.index("train")),
                "validation_images": np.count_nonzero(splits == SPLITS.index("validation")),
                "mean_counts": read_column(path, "mean"),
                "mean_std": read_column(path, "std"),
                "mean_mask_fraction": read_column(path, "mask_fraction"),
            }
        case _:
            values = {
                "mean_defocus_nm": read_column(path, "defocus"),
                "mean_counts": read_column(path, "mean_counts"),
            }
    figures = {name: round(float(np.mean(v)), 6) for name, v in values.items()}
    if asset == "labels":
        figures["least_silhouette_iou"] = round(float(np.min(values["mean_silhouette_iou"])), 6)
    return figures
