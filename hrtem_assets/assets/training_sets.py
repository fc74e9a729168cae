"""Training sets: cropped counts with their labels, split and statistics, in one store; one row is an image."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.assets.asset import (
    PIXEL,
    Asset,
    Assignment,
    Column,
    Made,
    RunSetting,
    sampling_a,
    source_key,
)
from hrtem_assets.assets.labels import particle_count
from hrtem_assets.assets.micrographs import (
    counts_unit,
    counts_variable,
    image_coordinates,
    image_records,
    largest_image_bytes,
)
from hrtem_assets.assets.plane_pictures import with_further_planes
from hrtem_assets.assets.remarks import poor_masks, unclear_foci
from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.figures import TILE_PX, PartitionPicture, label_overlay
from hrtem_assets.imaging.regridding import regridded
from hrtem_assets.labels.registry import (
    PARTICLE_COUNT,
    PLANES,
    arrays_and_records,
    crop_tables,
    image_planes,
    label_planes,
    label_tables,
    plane_bytes,
    stored_plane_bytes,
)
from hrtem_assets.labels.table import CropSource
from hrtem_assets.specimen.bounds import Bounds
from hrtem_assets.store import CheckedStore, Recipe, Schema, StoreInfo, Variable

SPLITS = ("train", "validation", "test")
_STRUCTURES_PER_SHARD = 16
# interpreter, libraries, and what they compile in their first process
_PROCESS_BYTES = 256_000_000


class TrainingSetsAsset(Asset):
    """Put the central crop of each image beside its labels, and say which images are for validation."""

    name = "training_sets"
    description = "Central crops with masks, statistics and split, ready to train on. One row is an image."
    upstream = ("labels", "micrographs")
    per_condition = True
    run_settings = (RunSetting("training_sets", "crop and terms overrides"),)

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        # the first structures train: their number decides the split
        tables = {table.name: table.code_version for table in crop_tables(campaign)}
        return {
            "crop_px": campaign.crop_px(condition or ""),
            "train_structures": campaign.counts.train,
            # where they end matters only if others follow
            **({"validation_structures": campaign.counts.validation} if campaign.counts.test else {}),
            **({"tables": tables} if tables else {}),
        }

    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        return ("numpy",)

    def schema(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> Schema:
        simulation, key = campaign.simulation, condition or ""
        grid, detector, n = campaign.image_grid(key), campaign.microscope(key).detector, campaign.crop_px(key)
        unit = counts_unit(detector)
        arrays, records = arrays_and_records(
            [*label_tables(campaign), *crop_tables(campaign)], campaign, specimen
        )
        return Schema(
            arrays=(
                counts_variable(detector, n),
                *(PLANES[name].variable(n, specimen) for name in campaign.labels.planes),
                *arrays,
            ),
            records=(
                Variable("mean", units=unit, long_name="mean of the image's counts"),
                Variable("std", units=unit, long_name="standard deviation of the image's counts"),
                Variable(
                    "split",
                    dtype="int8",
                    long_name="what the image is for; all images of a structure are for the same",
                    attributes={
                        # of a structure that could not be made
                        "flag_values": [-1, *range(len(_splits(campaign)))],
                        "flag_meanings": " ".join(("none", *_splits(campaign))),
                    },
                ),
                Variable(
                    "defocus", units="nm", long_name="true defocus from zero defocus, underfocus positive"
                ),
                Variable("exit_plane_defocus", units="Å", long_name="true defocus from the exit plane"),
                Variable("dose", units="e/Å²", long_name="effective dose"),
                *image_records(campaign, key),
                Variable(
                    "minimum_ratio",
                    long_name="least variance at a second minimum of the focus search by that at zero defocus",
                ),
                Variable("mask_fraction", long_name="part of the image that is particle"),
                Variable(
                    "silhouette_iou",
                    long_name="overlap of the whole mask with the particles' projected spheres",
                ),
                *particle_count(campaign),
                *records,
                Variable("structure_seed", dtype="uint64", long_name="seed of the structure"),
                Variable("thermal_seed", dtype="uint64", long_name="seed of the thermal displacements"),
                Variable(
                    "image_seed",
                    dtype="uint64",
                    long_name="seed of the image's draws",
                ),
            ),
            coordinates=image_coordinates(grid, n),
            structures_per_shard=_STRUCTURES_PER_SHARD,
            title=f"Training set of {specimen.key} at {condition}: one row is an image",
            rows_per_structure=self.rows_per_structure(campaign),
            attributes={
                "specimen": specimen.told,
                "crystal": specimen.figures,
                "condition": campaign.condition(key).aim | {"key": condition},
                # none where every image has its own
                "sampling_a": grid.sampling_a,
                "beam_energy_kev": simulation.beam_energy_kev,
                "license": campaign.training_sets.license,
                "citation": campaign.training_sets.citation,
                # a copied store must tell all that decided it, where its upstream stores are not at hand
                "upstream_recipes": dict(_upstream_recipes(self, campaign, specimen, condition)),
            },
        )

    def figures(self, column: Column) -> dict[str, float]:
        split = column("split")
        return {
            "training_images": float(np.count_nonzero(split == SPLITS.index("train"))),
            "validation_images": float(np.count_nonzero(split == SPLITS.index("validation"))),
            "test_images": float(np.count_nonzero(split == SPLITS.index("test"))),
            "mean_counts": float(column("mean").mean()),
            "mean_std": float(column("std").mean()),
            "mean_mask_fraction": float(column("mask_fraction").mean()),
        }

    def pictures(
        self, store: CheckedStore, upstream: Callable[[str], CheckedStore], shown: Sequence[int]
    ) -> PartitionPicture:
        tiles, captions = [], []
        for i in shown:
            counts, mask = store.read("counts", i), store.read("mask", i)
            tiles.append(label_overlay(counts, mask, sampling_a(store, i), size_px=TILE_PX))
            what = SPLITS[int(store.read("split", i))]
            captions.append(f"{store.info.row_name(i)}, {what}: {float(store.read('defocus', i)):+.1f} nm")
        return with_further_planes(tiles, captions, store, shown[0])

    def violations(
        self, recipe: Recipe, values: Mapping[str, NDArray[Any]], sampling_a: float
    ) -> Iterator[str]:
        if mean_and_std(values["counts"]) != (float(values["mean"]), float(values["std"])):
            yield "mean and std are not the image's"
        if float(values["mask_fraction"]) != float(values["mask"].mean()):
            yield "mask_fraction is not the mask's"
        if int(values["split"]) not in range(len(SPLITS)):
            yield f"split = {int(values['split'])} is none of {', '.join(SPLITS)}"

    def remarks(self, info: StoreInfo, column: Column) -> Iterator[str]:
        yield from unclear_foci(info, column("minimum_ratio"))
        yield from poor_masks(info, column("silhouette_iou"), column("mask_fraction"))

    def memory_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds, conditions: int) -> int:
        # whole images are kept: counts under every condition, label and mask once, and a shard as it is written
        counts = (conditions + 1) * _STRUCTURES_PER_SHARD * largest_image_bytes(campaign)
        planes = [*label_planes(campaign), *image_planes(campaign)]
        labels = (4 * plane_bytes(planes) * _STRUCTURES_PER_SHARD + 40) * campaign.simulation.output_grid**2
        return _PROCESS_BYTES + counts + labels

    def stored_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds) -> int:
        largest_px = max(campaign.crop_px(c.key) for c in campaign.conditions)
        planes = [*label_planes(campaign), *image_planes(campaign)]
        # counts, and their labels
        return int((0.7 + stored_plane_bytes(planes)) * largest_px**2)

    def make_one(self, work: Assignment) -> Made:
        campaign, specimen, index, sources = work.campaign, work.specimen, work.index, work.sources
        made = {}
        whole = {plane: sources["labels"].read(plane.name, index) for plane in label_planes(campaign)}
        kept = arrays_and_records(label_tables(campaign), campaign, specimen)
        arrays, records = (
            {v.name: sources["labels"].read(v.name, index) for v in variables} for variables in kept
        )
        tables = crop_tables(campaign)
        if campaign.labels.tables:
            records[PARTICLE_COUNT] = sources["labels"].read(PARTICLE_COUNT, index)
        for key in work.conditions:
            images = sources[source_key("micrographs", key)]
            names = [variable.name for variable in image_records(campaign, key or "")]
            grid, n = campaign.image_grid(key or ""), campaign.crop_px(key or "")
            margin = (grid.side_px - n) // 2
            inside = (slice(margin, margin + n), slice(margin, margin + n))
            pixel_a = float(images.read(PIXEL, work.image)) if grid.sampling_a is None else grid.sampling_a
            regrid = partial(
                regridded,
                stored_a=campaign.simulation.output_sampling_a,
                grid=grid,
                pixel_a=pixel_a,
                binning=campaign.microscope(key or "").detector.binning,
            )
            planes = {
                plane.name: plane.on_image(values, regrid)[inside] for plane, values in whole.items()
            } | {plane.name: images.read(plane.name, work.image)[inside] for plane in image_planes(campaign)}
            counts = images.read("counts", work.image)[inside]
            mean, std = mean_and_std(counts)
            record: dict[str, Any] = {
                "mean": mean,
                "std": std,
                "split": SPLITS.index(campaign.counts.split(index)),
                "mask_fraction": float(planes["mask"].mean()),
                "silhouette_iou": float(sources["labels"].read("silhouette_iou", index)),
                "structure_seed": structure_seed(campaign, specimen.key, index, "structures"),
                "thermal_seed": structure_seed(campaign, specimen.key, index, "exit_waves"),
                "image_seed": int(images.read("seed", work.image)),
            } | {
                name: float(images.read(name, work.image))
                for name in ("defocus", "exit_plane_defocus", "dose", "minimum_ratio", *names)
            }
            if tables:
                draw = campaign.images(key or "").draw(int(record["image_seed"]))
                crop = CropSource(
                    planes,
                    int(records[PARTICLE_COUNT]),
                    pixel_a,
                    draw.dose_e_per_a2,
                    draw.microscope.detector,
                )
                record |= {name: v for table in tables for name, v in table.make(crop).items()}
            made[key] = ({"counts": counts, **planes, **arrays}, record | records)
        return made


def _splits(campaign: Campaign) -> tuple[str, ...]:
    """The splits that a campaign has."""
    return SPLITS if campaign.counts.test else SPLITS[:2]


def mean_and_std(counts: NDArray[Any]) -> tuple[float, float]:
    """Mean and population standard deviation of an image of counts, from exact sums.

    Args:
        counts: as stored (y, x).
    """
    if counts.dtype.kind == "f":
        mean = math.fsum(counts.ravel().tolist()) / counts.size
        deviations = (counts.astype(np.float64) - mean) ** 2
        return mean, math.sqrt(math.fsum(deviations.ravel().tolist()) / counts.size)
    values = counts.astype(np.int64).ravel()
    total, squares, n = int(values.sum()), int(values @ values), values.size
    return total / n, math.sqrt((n * squares - total**2) / n**2)


def _upstream_recipes(
    asset: Asset, campaign: Campaign, specimen: Specimen, condition: str | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    for upstream, key in asset.reads(condition):
        yield from _upstream_recipes(upstream, campaign, specimen, key)
        yield upstream.name, upstream.recipe(campaign, specimen, key).model_dump(mode="json")
