"""Training sets: cropped counts with their labels, split and statistics, in one store; one row is an image."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.assets.asset import Asset, Assignment, Column, Made, RunSetting, sampling_a, source_key
from hrtem_assets.assets.micrographs import effect_records
from hrtem_assets.assets.remarks import poor_masks, unclear_foci
from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.figures import TILE_PX, PartitionPicture, label_overlay
from hrtem_assets.labels.registry import PLANES
from hrtem_assets.specimen.bounds import Bounds
from hrtem_assets.store import CheckedStore, Recipe, Schema, StoreInfo, Variable, pixel_coordinates

SPLITS = ("train", "validation")
_STRUCTURES_PER_SHARD = 16
# interpreter, libraries, and what they compile in their first process
_PROCESS_BYTES = 200_000_000


class TrainingSetsAsset(Asset):
    """Put the central crop of each image beside its labels, and say which images are for validation."""

    name = "training_sets"
    description = "Central crops with masks, statistics and split, ready to train on. One row is an image."
    upstream = ("labels", "micrographs")
    per_condition = True
    run_settings = (RunSetting("training_sets", "crop and terms overrides"),)

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        # the first structures train: their number decides the split
        return {"crop_px": campaign.crop_px, "train_structures": campaign.counts.train}

    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        return ("numpy",)

    def schema(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> Schema:
        simulation, n = campaign.simulation, campaign.crop_px
        dims, shape = ("y", "x"), (n, n)
        return Schema(
            arrays=(
                Variable("counts", dims, shape, "uint16", "electrons", "electrons per pixel"),
                *(PLANES[name].variable(n) for name in campaign.labels.planes),
            ),
            records=(
                Variable("mean", units="electrons", long_name="mean of the image's counts"),
                Variable("std", units="electrons", long_name="standard deviation of the image's counts"),
                Variable(
                    "split",
                    dtype="int8",
                    long_name="what the image is for; all images of a structure are for the same",
                    attributes={
                        # of a structure that could not be made
                        "flag_values": [-1, *range(len(SPLITS))],
                        "flag_meanings": " ".join(("none", *SPLITS)),
                    },
                ),
                Variable(
                    "defocus", units="nm", long_name="true defocus from zero defocus, underfocus positive"
                ),
                Variable("exit_plane_defocus", units="Å", long_name="true defocus from the exit plane"),
                Variable("dose", units="e/Å²", long_name="effective dose"),
                *effect_records(campaign),
                Variable(
                    "minimum_ratio",
                    long_name="least variance at a second minimum of the focus search by that at zero defocus",
                ),
                Variable("mask_fraction", long_name="part of the image that is particle"),
                Variable(
                    "silhouette_iou",
                    long_name="overlap of the whole mask with the particles' projected spheres",
                ),
                Variable("structure_seed", dtype="uint64", long_name="seed of the structure"),
                Variable("thermal_seed", dtype="uint64", long_name="seed of the thermal displacements"),
                Variable(
                    "image_seed",
                    dtype="uint64",
                    long_name="seed of the image's draws",
                ),
            ),
            coordinates=pixel_coordinates(n, simulation.output_sampling_a, _margin_px(campaign)),
            structures_per_shard=_STRUCTURES_PER_SHARD,
            title=f"Training set of {specimen.key} at {condition}: one row is an image",
            attributes={
                "specimen": specimen.model_dump(mode="json"),
                "crystal": specimen.lattice.figures,
                "condition": campaign.condition(condition or "").model_dump(mode="json") | {"key": condition},
                "sampling_a": simulation.output_sampling_a,
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
            tiles.append(label_overlay(counts, mask, sampling_a(store), size_px=TILE_PX))
            what = "validation" if int(store.read("split", i)) else "train"
            captions.append(f"structure {i}, {what}: {float(store.read('defocus', i)):+.1f} nm")
        return PartitionPicture(tiles, captions)

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
        images = (2 * conditions + 2 + 8) * _STRUCTURES_PER_SHARD * campaign.simulation.output_grid**2
        return _PROCESS_BYTES + images + 40 * campaign.simulation.output_grid**2

    def stored_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds) -> int:
        return 85 * campaign.crop_px**2 // 100

    def make_one(self, work: Assignment) -> Made:
        campaign, specimen, index, sources = work.campaign, work.specimen, work.index, work.sources
        margin, n = _margin_px(campaign), campaign.crop_px
        inside = (slice(margin, margin + n), slice(margin, margin + n))
        planes = {name: sources["labels"].read(name, index)[inside] for name in campaign.labels.planes}
        effect_names, made = [variable.name for variable in effect_records(campaign)], {}
        for key in work.conditions:
            images = sources[source_key("micrographs", key)]
            counts = images.read("counts", index)[inside]
            mean, std = mean_and_std(counts)
            record = {
                "mean": mean,
                "std": std,
                "split": SPLITS.index("train" if index < campaign.counts.train else "validation"),
                "mask_fraction": float(planes["mask"].mean()),
                "silhouette_iou": float(sources["labels"].read("silhouette_iou", index)),
                "structure_seed": structure_seed(campaign, specimen.key, index, "structures"),
                "thermal_seed": structure_seed(campaign, specimen.key, index, "exit_waves"),
                "image_seed": int(images.read("seed", index)),
            } | {
                name: float(images.read(name, index))
                for name in ("defocus", "exit_plane_defocus", "dose", "minimum_ratio", *effect_names)
            }
            made[key] = ({"counts": counts, **planes}, record)
        return made


def mean_and_std(counts: NDArray[np.uint16]) -> tuple[float, float]:
    """Mean and population standard deviation of an image of counts, from exact sums.

    Args:
        counts: electrons per pixel (y, x).
    """
    values = counts.astype(np.int64).ravel()
    total, squares, n = int(values.sum()), int(values @ values), values.size
    return total / n, math.sqrt((n * squares - total**2) / n**2)


def _margin_px(campaign: Campaign) -> int:
    return (campaign.simulation.output_grid - campaign.crop_px) // 2


def _upstream_recipes(
    asset: Asset, campaign: Campaign, specimen: Specimen, condition: str | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    for upstream, key in asset.reads(condition):
        yield from _upstream_recipes(upstream, campaign, specimen, key)
        yield upstream.name, upstream.recipe(campaign, specimen, key).model_dump(mode="json")
