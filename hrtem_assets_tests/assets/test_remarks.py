"""What is said of a store whose foci are not clear or whose masks miss their particles."""

from typing import Any

import numpy as np
import pytest

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.judgement import remarks
from hrtem_assets.export.card import dataset_card
from hrtem_assets.export.formats import FORMATS
from hrtem_assets.export.formats.collection import Collection
from hrtem_assets.export.formats.source import Source
from hrtem_assets.store.build import open_build
from hrtem_assets.store.commits import Product
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.reading import StoreInfo, store_info
from hrtem_assets_tests.small import CONDITIONS, SPECIMEN, small_campaign

CAMPAIGN = small_campaign(training_sets={"crop_px": 16}, counts={"train": 8, "validation": 1})


def store(tmp_path, name: str, records: list[dict[str, Any]]) -> StoreInfo:
    """A store of empty arrays with records of one's own."""
    asset, specimen = ASSETS[name], CAMPAIGN.specimen(SPECIMEN)
    condition = CONDITIONS[0] if asset.per_condition else None
    schema = asset.schema(CAMPAIGN, specimen, condition)
    empty = {v.name: np.zeros(v.shape, v.dtype) for v in schema.arrays}
    with open_build(
        Layout(tmp_path),
        asset.partition(specimen, condition),
        asset.recipe(CAMPAIGN, specimen, condition),
        schema,
        len(records),
        {"run_id": "test", "package_version": "0", "overrides": {}},
    ) as build:
        step = schema.structures_per_shard
        for first in range(0, len(records), step):
            build.handle.commit(first, [Product(empty, r, 0.0) for r in records[first : first + step]])
        return store_info(build.publish())


def zero(ratio, second_a=52.0):
    return {"zero_defocus": 22.8, "second_minimum": second_a, "minimum_ratio": ratio}


def test_a_second_minimum_within_five_percent_is_named_with_both_places(tmp_path):
    info = store(tmp_path, "zero_defocus", [zero(np.nan, np.nan), zero(1.05), zero(1.0002)])
    assert remarks(info) == [
        "zero defocus is not clear in 1 of 3 structures, where a second minimum of the variance is less than 1.05 "
        "times the least: structure 2 (1.0002, 22.8 or 52.0 Å)"
    ]


def test_of_many_five_are_named(tmp_path):
    (words,) = remarks(store(tmp_path, "zero_defocus", [zero(1.01)] * 8))
    assert "in 8 of 8 structures" in words
    assert words.count("22.8 or 52.0") == 5
    assert words.endswith("; and 3 more")


@pytest.mark.parametrize(("overlaps", "said"), [([0.9, 0.81], False), ([0.9, 0.7], True)])
def test_masks_that_cover_little_on_average_are_said_with_the_command_that_helps(tmp_path, overlaps, said):
    found = remarks(store(tmp_path, "labels", [{"silhouette_iou": x} for x in overlaps]))
    assert (
        found
        == [
            "masks and projected spheres overlap by 0.800 on average, less than 0.85; find a better cut-off with: "
            "hrtem mask-cutoff CdSe-small"
        ]
        * said
    )


def test_the_card_of_a_training_set_says_both(tmp_path):
    rows = [{"silhouette_iou": 0.6, "minimum_ratio": 1.01, "split": 0, "mean": 1.0, "std": 1.0}] * 2
    info = store(tmp_path, "training_sets", rows)
    source = Source(info.path)
    card = dataset_card(Collection(source.key, (source,)), FORMATS["tiff"], CAMPAIGN.training_sets)
    assert "- zero defocus is not clear in 2 of 2 structures" in card
    assert "- masks and projected spheres overlap by 0.600 on average" in card


def test_nothing_is_said_where_nothing_is_amiss(tmp_path):
    assert remarks(store(tmp_path, "labels", [{"silhouette_iou": 0.97}])) == []
