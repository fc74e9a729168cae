"""Training sets: cropped counts with their labels, split and statistics, in one store; one row is an image."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.stages.base import Assignment, Made, Stage, source_key
from hrtem_assets.stages.labels import SOFT_LABEL_ATTRIBUTES
from hrtem_assets.store.reading import read_structure
from hrtem_assets.store.schema import Schema, Variable, pixel_coordinates

SPLITS = ("train", "validation")


class TrainingSetsStage(Stage):
    """Put the central crop of each image beside its labels, and say which images are for validation."""

    name = "training_sets"
    description = "Central crops with masks, statistics and split, ready to train on. One row is an image."
    upstream = ("labels", "micrographs")
    per_condition = True

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
                Variable("mask", dims, shape, "bool", "1", "particle or not"),
                Variable(
                    "soft_label",
                    dims,
                    shape,
                    "uint8",
                    "1",
                    "smoothed phase threshold, 0 to 1",
                    attributes=SOFT_LABEL_ATTRIBUTES,
                ),
            ),
            records=(
                Variable("mean", units="electrons", long_name="mean of the image's counts"),
                Variable("std", units="electrons", long_name="standard deviation of the image's counts"),
                Variable(
                    "split",
                    dtype="int8",
                    long_name="what the image is for; all images of a structure are for the same",
                    attributes={
                        "flag_values": list(range(len(SPLITS))),
                        "flag_meanings": " ".join(SPLITS),
                    },
                ),
                Variable(
                    "defocus", units="nm", long_name="true defocus from zero defocus, underfocus positive"
                ),
                Variable("exit_plane_defocus", units="Å", long_name="true defocus from the exit plane"),
                Variable("dose", units="e/Å²", long_name="effective dose"),
                Variable("mask_fraction", long_name="part of the image that is particle"),
                Variable("structure_seed", dtype="uint64", long_name="seed of the structure"),
                Variable("thermal_seed", dtype="uint64", long_name="seed of the thermal displacements"),
                Variable("image_seed", dtype="uint64", long_name="seed of defocus draw and shot noise"),
            ),
            coordinates=pixel_coordinates(n, simulation.output_sampling_a, _margin_px(campaign)),
            structures_per_shard=16,
            title=f"Training set of {specimen.key} at {condition}: one row is an image",
            attributes={
                "specimen": specimen.model_dump(mode="json"),
                "condition": campaign.condition(condition or "").model_dump(mode="json") | {"key": condition},
                "sampling_a": simulation.output_sampling_a,
                "beam_energy_kev": simulation.beam_energy_kev,
                "license": campaign.training_sets.license,
                "citation": campaign.training_sets.citation,
                # a copied store must tell all that decided it, where its upstream stores are not at hand
                "upstream_recipes": dict(_upstream_recipes(self, campaign, specimen, condition)),
            },
        )

    def make(self, work: Assignment) -> Made:
        campaign, specimen, index, sources = work.campaign, work.specimen, work.index, work.sources
        margin, n = _margin_px(campaign), campaign.crop_px
        inside = (slice(margin, margin + n), slice(margin, margin + n))
        mask, soft_label = (
            read_structure(sources["labels"], name, index)[inside] for name in ("mask", "soft_label")
        )
        made = {}
        for key in work.conditions:
            images = sources[source_key("micrographs", key)]
            counts = read_structure(images, "counts", index)[inside]
            mean, std = mean_and_std(counts)
            record = {
                "mean": mean,
                "std": std,
                "split": SPLITS.index("train" if index < campaign.counts.train else "validation"),
                "mask_fraction": float(mask.mean()),
                "structure_seed": structure_seed(campaign, specimen.key, index, "structures"),
                "thermal_seed": structure_seed(campaign, specimen.key, index, "exit_waves"),
                "image_seed": int(read_structure(images, "seed", index)),
            } | {
                name: float(read_structure(images, name, index))
                for name in ("defocus", "exit_plane_defocus", "dose")
            }
            made[key] = ({"counts": counts, "mask": mask, "soft_label": soft_label}, record)
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
    stage: Stage, campaign: Campaign, specimen: Specimen, condition: str | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    for upstream, key in stage.reads(condition):
        yield from _upstream_recipes(upstream, campaign, specimen, key)
        yield upstream.name, upstream.recipe(campaign, specimen, key).model_dump(mode="json")
