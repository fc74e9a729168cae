"""Tracing: an image leads back to its atoms, and the same image can be made from nothing."""

import numpy as np
import pytest
import zarr
from click.testing import CliRunner

from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.cli import main
from hrtem_assets.maintenance.trace import UnknownStructureError, rebuild, trace
from hrtem_assets.store.layout import PartitionId
from hrtem_assets.store.reader import StoreReader
from hrtem_assets.store.reading import StoreError
from hrtem_assets_tests.maintenance.conftest import CONDITION
from hrtem_assets_tests.small import SPECIMEN, small_campaign

IMAGES = PartitionId("micrographs", SPECIMEN, CONDITION)
SET = PartitionId("training_sets", SPECIMEN, CONDITION)


def test_an_image_leads_back_to_its_atoms_with_seeds_recipes_and_runs(filled):
    chain = trace(filled, IMAGES, 2)
    assert [link.partition.asset for link in chain] == [
        "micrographs",
        "zero_defocus",
        "exit_waves",
        "structures",
    ]
    campaign = small_campaign()
    image, _, waves, structure = chain
    assert image.seeds == {"seed": structure_seed(campaign, SPECIMEN, 2, f"micrographs/{CONDITION}")}
    assert waves.seeds == {"seed": structure_seed(campaign, SPECIMEN, 2, "exit_waves")}
    assert structure.seeds == {"seed": structure_seed(campaign, SPECIMEN, 2, "structures")}
    assert {link.run_id for link in chain} == {"run-1"}
    assert image.info.recipe.upstream["exit_waves"] == waves.info.recipe.digest
    assert not any(link.upstream_changed for link in chain)


def test_an_image_beyond_the_last_is_refused(filled):
    with pytest.raises(UnknownStructureError, match="ask for one from 0 to 2, not 3"):
        trace(filled, IMAGES, 3)


def test_a_training_image_made_from_nothing_is_identical_through_all_six_stages(filled):
    compared = list(rebuild(small_campaign(), filled, SET, 1))
    assert [c.partition.asset for c in compared] == [
        "structures",
        "exit_waves",
        "zero_defocus",
        "labels",
        "micrographs",
        "training_sets",
    ]
    assert all(c.different == () and c.versions == () for c in compared)


def test_a_stored_image_that_is_another_is_told_with_what_differs(layout):
    path = layout.store(IMAGES)
    array = zarr.open_array(path / "counts", mode="r+")
    array[0, 3, 4] = np.asarray(array[0, 3, 4]) + 7
    # a wrong image with a right checksum
    digests = zarr.open_array(path / "digest", mode="r+")
    digests[0] = np.uint64(1)
    by_asset = {c.partition.asset: c for c in rebuild(small_campaign(), layout, IMAGES, 0)}
    assert by_asset["micrographs"].different == ("counts: 1 of 65536 values differ, by 7 at most",)
    assert not any(c.different for asset, c in by_asset.items() if asset != "micrographs")


def test_another_campaign_cannot_rebuild_it_and_says_what_differs(filled):
    other = small_campaign(optics={"focal_spread_a": 8.0})
    with pytest.raises(StoreError, match=r"settings\.optics\.focal_spread_a: 10\.0 \(stored\), 8\.0"):
        list(rebuild(other, filled, IMAGES, 0))


def test_another_version_is_named_and_compared_all_the_same(filled, monkeypatch):
    monkeypatch.setattr("hrtem_assets.assets.structures.StructuresAsset.code_version", "other")
    first, *rest = rebuild(small_campaign(), filled, PartitionId("zero_defocus", SPECIMEN), 0)
    assert "code_version" in first.versions[0]
    assert not first.different
    assert not any(c.versions or c.different for c in rest)


def test_what_another_device_computed_is_named_because_it_rounds_differently(layout):
    zarr.open_array(layout.store(IMAGES) / "device", mode="r+")[0] = 1
    *others, last = rebuild(small_campaign(), layout, IMAGES, 0)
    assert last.versions == ("device: cuda (stored), cpu (here), equal to 1e-5 of the wave",)
    assert not any(c.versions for c in others)


def test_the_command_shows_the_chain_and_rebuilds(layout, environment):
    arguments = ["trace", str(IMAGES), "--image", "2", "--rebuild"]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert f"identical  {IMAGES}" in result.output
    digest = int(StoreReader(layout.store(IMAGES)).read("digest", 2))
    assert f"digest     {digest:016x}" in result.output
    assert "run        run-1 by me on here" in result.output


def test_the_command_refuses_what_is_not_there(layout, environment):
    result = CliRunner().invoke(main, ["trace", f"micrographs/{SPECIMEN}/df+00nm_400e", "--image", "0"])
    assert result.exit_code == 1
    assert "has not been made" in result.output
