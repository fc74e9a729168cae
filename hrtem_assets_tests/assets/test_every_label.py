"""Every label plane and table in one campaign: made by Dagster, aligned, verified and loaded."""

import dagster as dg
import numpy as np
import pytest
import xarray as xr

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.pictures import partition_picture
from hrtem_assets.campaign import CampaignError
from hrtem_assets.definitions import build_defs
from hrtem_assets.labels.planes.particle_bits import particle_masks
from hrtem_assets.labels.registry import PLANES, TABLES
from hrtem_assets.maintenance.trace import rebuild
from hrtem_assets.maintenance.verify import verify_partition
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.small import SPECIMEN, small_campaign

PLAIN, DRAWN = "df-10nm_400e", "drawn"
SETTINGS = {
    "labels": {"planes": list(PLANES), "tables": list(TABLES)},
    "placement": {"count_min": 2, "count_max": 4, "separation_a": 4},
    "max_stacking_faults": {SPECIMEN: 2, "CdSe-medium": None},
    "training_sets": {"crop_px": 200},
    "images_per_structure": 2,
    "conditions": [
        {"defocus_nm": -10, "dose_e_per_a2": 400},
        {
            "name": DRAWN,
            "defocus_nm": {"uniform": [-60, 60]},
            "dose_e_per_a2": {"log_uniform": [80, 900]},
            "detector": {"camera": "ccd", "binning": 2},
            "frame": {"sampling_a": {"uniform": [0.11, 0.12]}},
        },
    ],
}
CAMPAIGN = small_campaign(**SETTINGS)


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    root = tmp_path_factory.mktemp("labels")
    defs = build_defs(CAMPAIGN, root)
    materialize(defs, dg.DagsterInstance.ephemeral(), tuple(ASSETS), SPECIMEN, [PLAIN, DRAWN])
    return Layout(root)


def partition(asset, condition=None):
    return PartitionId(asset, SPECIMEN, condition)


def opened(layout, asset, condition=None) -> xr.Dataset:
    return xr.open_zarr(layout.store(partition(asset, condition)), mask_and_scale=False).load()


@pytest.mark.parametrize("condition", [PLAIN, DRAWN])
def test_stores_are_intact_and_made_again_bit_for_bit(layout, condition):
    for asset in ("labels", "micrographs", "training_sets"):
        of = partition(asset, condition if ASSETS[asset].per_condition else None)
        assert verify_partition(layout, of).intact
        for comparison in rebuild(CAMPAIGN, layout, of, 1):
            assert comparison.different == ()


@pytest.mark.parametrize(("asset", "condition"), [("labels", None), ("training_sets", DRAWN)])
def test_every_plane_has_a_picture(layout, asset, condition):
    picture = partition_picture(layout, partition(asset, condition))
    held = set(PLANES) - {"mask", "soft_label"}
    held -= {"clean_image", "clean_particles"} if asset == "labels" else set()
    shown = {caption.rsplit(": ", 1)[1] for caption in picture.captions}
    assert held <= shown
    assert picture.sheet.width > 4 * 480


@pytest.mark.parametrize("condition", [PLAIN, DRAWN])
def test_planes_lie_on_the_pixels_of_the_image_and_agree_with_each_other(layout, condition):
    sets = opened(layout, "training_sets", condition)
    assert {name for name, v in sets.items() if v.dims[-2:] == ("y", "x")} == {"counts", *PLANES}
    for row in range(6):
        image = sets.isel(structure=row)
        owner, mask = image.instances.values, image["mask"].values
        # a mask is cut at one half of its pixels where these are binned, numbers are those of the nearest
        assert ((owner > 0) != mask).mean() < (0.001 if condition == PLAIN else 0.02)
        assert set(np.unique(owner)) <= set(range(int(image.particle_count) + 1))
        inside = owner > 0
        for k, of in enumerate(particle_masks(image.particle_bits.values)):
            assert of[owner == k + 1].all()
        assert (image.particle_bits.values[~mask] == 0).mean() > 0.98
        np.testing.assert_array_equal(image.classes.values > 1, inside)
        faulted = {k + 1 for k in np.flatnonzero(image.particle_faults.values[: int(image.particle_count)])}
        np.testing.assert_array_equal(image.classes.values == 3, np.isin(owner, list(faulted)))
        assert image.thickness.values[owner == 0].mean() < 0.1 * image.thickness.values[inside].mean()
        counts, clean = image.counts.values.astype(float), image.clean_image.values.astype(float)
        assert np.corrcoef(counts.ravel(), clean.ravel())[0, 1] > 0.05
        assert clean.mean() == pytest.approx(1, abs=0.02)
        # far from focus, fringes lie beside their particle
        beside, within = (image.clean_particles.values[of].std() for of in (~inside, inside))
        assert beside < (0.3 if condition == PLAIN else 0.8) * within


def test_phase_wave_and_clean_images_are_those_of_the_stored_waves(layout):
    sets, waves = opened(layout, "training_sets", PLAIN), opened(layout, "exit_waves")
    crop = slice(28, 228)
    for structure in range(3):
        image, wave = sets.isel(structure=2 * structure), waves.isel(structure=structure, y=crop, x=crop)
        np.testing.assert_allclose(image.exit_wave, wave.full.values.mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(image.phase, np.angle(wave.vacuum.values.mean(axis=0)), atol=1e-6)
    drawn = opened(layout, "training_sets", DRAWN)
    assert np.abs(drawn.phase.values).max() == pytest.approx(np.abs(sets.phase.values).max(), rel=0.2)


@pytest.mark.parametrize("condition", [PLAIN, DRAWN])
def test_tables_name_the_particles_that_the_planes_show(layout, condition):
    sets, structures = opened(layout, "training_sets", condition), opened(layout, "structures")
    for row in range(6):
        image, structure = sets.isel(structure=row), structures.isel(structure=row // 2)
        n = int(structure.particle_count)
        assert int(image.particle_count) == n
        for column in ("center", "radius", "quaternion"):
            np.testing.assert_array_equal(image[f"particle_{column}"][:n], structure[column][:n])
        assert np.isnan(image.particle_radius[n:]).all()
        for k in range(n):
            y, x = np.nonzero(image.instances.values == k + 1)
            assert int(image.particle_pixels[k]) == len(x)
            box = image.particle_box[k].values
            seen = len(x) > 0
            assert np.isfinite(box).all() == seen
            assert np.isfinite(float(image.particle_visibility[k])) == seen
            if seen:
                assert box.tolist() == [x.min(), y.min(), x.max() + 1, y.max() + 1]
                assert float(image.particle_contrast[k]) > 0.03
                assert float(image.particle_visibility[k]) > 1


def test_more_dose_makes_particles_more_visible(layout, tmp_path):
    bright = small_campaign(
        **SETTINGS | {"conditions": [{"defocus_nm": -10, "dose_e_per_a2": dose} for dose in (40, 4000)]}
    )
    keys = [condition.key for condition in bright.conditions]
    materialize(build_defs(bright, tmp_path), dg.DagsterInstance.ephemeral(), tuple(ASSETS), SPECIMEN, keys)
    low, high = (opened(Layout(tmp_path), "training_sets", key).particle_visibility.values for key in keys)
    shown = np.isfinite(low)
    assert (high[shown] > low[shown]).all()
    # shot noise no longer matters in the end, the film's contrast stays
    assert 1 < np.median(high[shown] / low[shown]) < 10


def test_labels_not_asked_for_change_no_recipe_and_those_asked_for_change_what_holds_them():
    plain = small_campaign()
    specimen, key = plain.specimen(SPECIMEN), plain.conditions[0].key

    def settings(asset, campaign):
        condition = key if ASSETS[asset].per_condition else None
        return ASSETS[asset].settings(campaign, campaign.specimen(SPECIMEN), condition)

    for asset in ("labels", "micrographs", "training_sets"):
        assert not {"planes", "tables"} & settings(asset, plain).keys()
    held = small_campaign(labels={"planes": ["mask", "soft_label", "instances"], "tables": ["boxes"]})
    assert settings("labels", held)["planes"] == {"instances": "1"}
    assert settings("training_sets", held)["tables"] == {"boxes": "1"}
    assert settings("micrographs", held) == settings("micrographs", plain)
    clean = small_campaign(labels={"planes": ["mask", "soft_label", "clean_image"]})
    assert settings("labels", clean) == settings("labels", plain)
    assert settings("micrographs", clean)["planes"] == {"clean_image": "1"}
    assert ASSETS["labels"].recipe(clean, specimen).digest == ASSETS["labels"].recipe(plain, specimen).digest


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"labels": {"tables": ["visibility"]}},
            "labels.tables: visibility is made from instances, clean_image, clean_particles; add instances, "
            "clean_image, clean_particles to labels.planes, or leave visibility out",
        ),
        (
            {
                "labels": {"planes": ["mask", "soft_label", "particle_bits"]},
                "placement": {"count_max": 65},
                "simulation": {"cell_a": 512, "sampling_a": 0.2, "frozen_phonons": 1},
            },
            "placement.count_max = 65 particles have no bit each in particle_bits: lower it to 64",
        ),
    ],
)
def test_labels_that_cannot_be_made_are_refused_before_anything_is(changes, words, tmp_path):
    with pytest.raises(CampaignError) as caught:
        build_defs(small_campaign(**changes), tmp_path)
    assert words in str(caught.value)


def test_a_table_that_there_is_not_is_refused_at_load():
    with pytest.raises(
        CampaignError, match="'bokses' is not a label; known: boxes, columns, particles, visibility"
    ):
        small_campaign(labels={"tables": ["bokses"]})


def test_the_loader_hands_out_every_plane_and_numbers_classes_by_name(layout):
    torch = pytest.importorskip("torch")
    from hrtem_assets.training.torch_dataset import TorchDataset

    loaded = TorchDataset((SPECIMEN, PLAIN), shuffle=False, augment="none", root=layout.root)
    assert loaded.classes == ("vacuum", "substrate", "CdSe", "CdSe_faulted")
    sample, image = loaded[1], opened(layout, "training_sets", PLAIN).isel(structure=1)
    assert set(PLANES) < set(sample)
    kinds = {"exit_wave": torch.complex64, "instances": torch.int64, "particle_bits": torch.int64}
    for name in PLANES:
        values = sample[name].numpy()
        assert sample[name].dtype == kinds.get(name, sample[name].dtype)
        scale = image[name].attrs.get("scale_factor", 1)
        np.testing.assert_allclose(values, image[name].values * scale, rtol=1e-6)
    turned = TorchDataset((SPECIMEN, PLAIN), shuffle=False, augment="all", root=layout.root)[1]
    assert {name: t.shape for name, t in turned.items() if name in PLANES} == dict.fromkeys(
        PLANES, (200, 200)
    )
