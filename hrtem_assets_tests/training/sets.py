"""Training sets of any size without a simulation: random counts and labels in stores as the asset writes them."""

from pathlib import Path

import numpy as np

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.training_sets import SPLITS, mean_and_std
from hrtem_assets.campaign import Campaign
from hrtem_assets.store.build import open_build
from hrtem_assets.store.commits import Product
from hrtem_assets.store.files import StorePath
from hrtem_assets.store.layout import Layout
from hrtem_assets_tests.small import SPECIMEN, small_campaign

TRAIN, VALIDATION = 20, 6
CAMPAIGN = small_campaign(counts={"train": TRAIN, "validation": VALIDATION}, training_sets={"crop_px": 32})


def write_training_set(
    root: Path, condition: str, campaign: Campaign = CAMPAIGN, specimen_key: str = SPECIMEN, seed: int = 0
) -> StorePath:
    """A finished store with Poisson counts of the condition's dose and blocks as labels, also as instances."""
    asset, specimen = ASSETS["training_sets"], campaign.specimen(specimen_key)
    n, count = campaign.crop_px(condition), campaign.counts.total
    rng = np.random.default_rng(seed)
    mean_counts = campaign.condition(condition).dose_e_per_a2 * campaign.simulation.output_sampling_a**2
    with open_build(
        Layout(root),
        asset.partition(specimen, condition),
        asset.recipe(campaign, specimen, condition),
        asset.schema(campaign, specimen, condition),
        count,
        {"run_id": "test", "package_version": "0", "overrides": {}},
    ) as build:
        for shard in build.missing:
            products = []
            for index in shard:
                counts = rng.poisson(mean_counts, (n, n)).astype(np.uint16)
                mask = np.zeros((n, n), bool)
                # the first image's labels are empty: their chunks are then not written at all
                if index:
                    mask[: n // 2, : n // 4] = True
                soft = np.where(mask, rng.integers(128, 256, (n, n)), 0).astype(np.uint8)
                mean, std = mean_and_std(counts)
                record = {
                    "mean": mean,
                    "std": std,
                    "split": SPLITS.index(campaign.counts.split(index)),
                    "defocus": campaign.condition(condition).defocus_nm + 0.1 * index,
                    "exit_plane_defocus": 10.0 * index,
                    "dose": campaign.condition(condition).dose_e_per_a2,
                    "mask_fraction": float(mask.mean()),
                    "silhouette_iou": 0.9,
                    "minimum_ratio": 1.5,
                    # beyond the range of signed 64-bit integers, as every other real seed is
                    "image_seed": 2**64 - 1 - index,
                }
                planes = {"counts": counts, "mask": mask, "soft_label": soft}
                if "instances" in campaign.labels.planes:
                    planes["instances"] = mask.astype(np.uint16)
                products.append(Product(planes, record, seconds=0.0))
            build.handle.commit(shard.start, products)
        return build.publish()
