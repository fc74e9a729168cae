"""What a materialization shows: pictures, and figures that plot over partitions."""

from pathlib import Path
from statistics import median
from typing import Any

import dagster as dg
import numpy as np
import zarr

from hrtem_assets.pictures.embed import preview_markdown, thumbnail_markdown
from hrtem_assets.pictures.partition import partition_picture
from hrtem_assets.stages.training_sets import SPLITS
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reading import StoreInfo, store_info


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
        "store": dg.MetadataValue.path(path),
        "structures": info.structures,
        "seconds_per_structure": round(median(_record(path, "seconds").tolist()), 4),
        "megabytes": round(_bytes(path) / 1e6, 3),
        **_figures(partition.asset, path),
        "recipe": dg.MetadataValue.json(info.attributes["recipe"]),
        "recipe_digest": info.recipe.digest,
        "overrides": dg.MetadataValue.json(provenance["overrides"]),
    }


def data_version(info: StoreInfo) -> dg.DataVersion:
    """Dagster's data version: the recipe's hash, and how many structures were made by it."""
    return dg.DataVersion(f"{info.recipe.digest}.{info.structures}")


def _figures(asset: str, path: Path) -> dict[str, float]:
    """Physical figures of an asset, averaged over its structures."""
    match asset:
        case "structures":
            values = {
                "mean_atoms": _record(path, "atom_count"),
                "mean_particles": _record(path, "particle_count"),
                "mean_requested_particles": _record(path, "requested_particles"),
                "mean_film_thickness_a": _record(path, "substrate_thickness"),
            }
        case "exit_waves":
            values = {
                "mean_full_intensity": _record(path, "full_intensity"),
                "mean_vacuum_intensity": _record(path, "vacuum_intensity"),
            }
        case "zero_defocus":
            zero, depth = _record(path, "zero_defocus"), _record(path, "particle_depth")
            values = {"mean_zero_defocus_a": zero, "mean_zero_minus_particle_depth_a": zero - depth}
        case "labels":
            values = {
                "mean_silhouette_iou": _record(path, "silhouette_iou"),
                "mean_mask_fraction": _record(path, "mask_fraction"),
            }
        case "training_sets":
            splits = _record(path, "split")
            values = {
                "training_images": np.count_nonzero(splits == SPLITS.index("train")),
                "validation_images": np.count_nonzero(splits == SPLITS.index("validation")),
                "mean_counts": _record(path, "mean"),
                "mean_std": _record(path, "std"),
                "mean_mask_fraction": _record(path, "mask_fraction"),
            }
        case _:
            values = {
                "mean_defocus_nm": _record(path, "defocus"),
                "mean_counts": _record(path, "mean_counts"),
            }
    figures = {name: round(float(np.mean(v)), 6) for name, v in values.items()}
    if asset == "labels":
        figures["least_silhouette_iou"] = round(float(np.min(values["mean_silhouette_iou"])), 6)
    return figures


def _record(path: Path, name: str) -> Any:
    return np.asarray(zarr.open_array(path / name, mode="r")[:])


def _bytes(path: Path) -> int:
    return sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
