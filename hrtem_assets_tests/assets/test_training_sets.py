"""Training sets hold the central crop of images and labels, exact statistics, the split and all that decided them."""

import shutil

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.overrides import effective_campaigns
from hrtem_assets.assets.training_sets import mean_and_std
from hrtem_assets.campaign import CampaignError, load_campaign
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.reading import StoreError
from hrtem_assets_tests.small import CONDITIONS, SPECIMEN, small_campaign

CAMPAIGN = small_campaign(training_sets={"crop_px": 100})
USED = CONDITIONS[:2]


def made(asset, conditions, layout, campaign=CAMPAIGN, overrides=None):
    return fill(
        ASSETS[asset],
        campaign,
        SPECIMEN,
        conditions,
        layout,
        count=None,
        compute=LocalCompute(workers=1),
        provenance={"run_id": "test", "overrides": overrides or {}},
        log=lambda _: None,
    )


@pytest.fixture(scope="module")
def layout(tmp_path_factory) -> Layout:
    layout = Layout(tmp_path_factory.mktemp("training"))
    for name, asset in ASSETS.items():
        made(name, USED if asset.per_condition else (None,), layout)
    return layout


def opened(layout: Layout, asset: str, condition: str | None = None) -> xr.Dataset:
    return xr.open_zarr(layout.store(ASSETS[asset].partition(CAMPAIGN.specimen(SPECIMEN), condition))).load()


def test_the_crop_is_the_centre_of_images_and_labels_and_keeps_its_place_in_the_cell(layout):
    labels = opened(layout, "labels")
    for key in USED:
        images, sets = opened(layout, "micrographs", key), opened(layout, "training_sets", key)
        assert dict(sets.counts.sizes) == dict(sets["mask"].sizes) == {"structure": 3, "y": 100, "x": 100}
        assert 2 * float(sets.x.mean()) == pytest.approx(float(images.x[0] + images.x[-1]))
        inside = {"x": slice(78, 178), "y": slice(78, 178)}
        xr.testing.assert_identical(sets.x.drop_attrs(), images.x[78:178].drop_attrs())
        for name, source in (("counts", images), ("mask", labels), ("soft_label", labels)):
            np.testing.assert_array_equal(sets[name], source[name].isel(inside))


def test_mean_and_deviation_are_those_of_the_stored_crop(layout):
    for key in USED:
        sets = opened(layout, "training_sets", key)
        np.testing.assert_allclose(sets["mean"], sets.counts.mean(("y", "x")), rtol=1e-12)
        np.testing.assert_allclose(sets["std"], sets.counts.std(("y", "x")), rtol=1e-12)


def test_the_split_is_by_structure_and_the_same_under_every_condition(layout):
    for key in USED:
        split = opened(layout, "training_sets", key).split
        assert split.values.tolist() == [0, 0, 1]
        assert split.attrs["flag_values"] == [-1, 0, 1]
        assert split.attrs["flag_meanings"] == "none train validation"


def test_each_image_names_its_draws_and_its_seeds(layout):
    images, sets = (opened(layout, name, USED[0]) for name in ("micrographs", "training_sets"))
    for name, source in (("defocus", "defocus"), ("dose", "dose"), ("image_seed", "seed")):
        np.testing.assert_array_equal(sets[name], images[source])
    for i in range(3):
        assert int(sets.structure_seed[i]) == structure_seed(CAMPAIGN, SPECIMEN, i, "structures")
        assert int(sets.thermal_seed[i]) == structure_seed(CAMPAIGN, SPECIMEN, i, "exit_waves")
    np.testing.assert_array_equal(sets.thermal_seed, opened(layout, "exit_waves").seed)


def test_a_copied_store_tells_alone_all_that_decided_it(layout, tmp_path):
    specimen = CAMPAIGN.specimen(SPECIMEN)
    copy = tmp_path / "copy.zarr"
    shutil.copytree(layout.store(ASSETS["training_sets"].partition(specimen, USED[0])), copy)
    with xr.open_zarr(copy) as ds:
        said = ds.attrs
    assert said["specimen"]["lattice"]["space_group"] == 186
    assert said["condition"] == {"key": USED[0], "defocus_nm": -10.0, "dose_e_per_a2": 400.0}
    assert (said["sampling_a"], said["beam_energy_kev"]) == (0.2, 300.0)
    assert said["license"] == "CC-BY-4.0"
    assert "10.69761/kjte5358" in said["citation"]
    assert set(said["upstream_recipes"]) == set(ASSETS) - {"training_sets"}
    for name, digest in said["recipe"]["upstream"].items():
        condition = USED[0] if ASSETS[name].per_condition else None
        recipe = ASSETS[name].recipe(CAMPAIGN, specimen, condition)
        assert (recipe.digest, recipe.model_dump(mode="json")) == (digest, said["upstream_recipes"][name])


def test_recipes_under_two_conditions_rest_on_their_own_images():
    specimen = CAMPAIGN.specimen(SPECIMEN)
    one, two = (ASSETS["training_sets"].recipe(CAMPAIGN, specimen, key) for key in USED)
    assert one.upstream["labels"] == two.upstream["labels"]
    assert one.upstream["micrographs"] != two.upstream["micrographs"]


def test_a_missing_image_partition_is_an_error_that_names_the_command(layout):
    command = f"hrtem materialize micrographs --specimen {SPECIMEN} --condition {CONDITIONS[2]}"
    with pytest.raises(StoreError, match=command):
        made("training_sets", (USED[0], CONDITIONS[2]), layout)


def test_conditions_that_were_imaged_with_other_settings_are_seen_with_those(layout, tmp_path):
    copy = Layout(tmp_path / "copy")
    shutil.copytree(layout.root, copy.root)
    change = {"optics": {"defocus_jitter_nm": 0.0}}
    seen = effective_campaigns(CAMPAIGN, ASSETS["micrographs"], SPECIMEN, (USED[1],), copy, change)
    made("micrographs", (USED[1],), copy, seen[0].campaign, seen[0].overrides)
    found = effective_campaigns(CAMPAIGN, ASSETS["training_sets"], SPECIMEN, USED, copy, {})
    assert [(e.conditions, e.overrides) for e in found] == [([USED[0]], {}), ([USED[1]], change)]
    assert found[1].campaign.optics.defocus_jitter_nm == 0


@given(arrays(np.uint16, st.tuples(st.integers(1, 5), st.integers(1, 5))))
def test_statistics_of_any_counts_are_exact_to_the_last_digits(counts):
    mean, std = mean_and_std(counts)
    assert mean == pytest.approx(counts.mean(), rel=1e-14)
    assert std == pytest.approx(counts.std(), rel=1e-12, abs=1e-9)
    if len(np.unique(counts)) == 1:
        assert std == 0


def test_512_pixels_are_cropped_from_the_published_images_and_small_images_stay_whole():
    assert load_campaign("paper").crop_px("df-10nm_400e") == 512
    assert small_campaign().crop_px("df-10nm_400e") == 256


def test_a_crop_larger_than_the_image_is_refused_with_the_repair():
    with pytest.raises(CampaignError) as caught:
        small_campaign(training_sets={"crop_px": 512})
    assert "training_sets.crop_px = 512 is more than the 256 pixels of an image; use at most 256" in str(
        caught.value
    )
