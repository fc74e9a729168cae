"""A condition whose every number is drawn: made by Dagster, recorded, verified, traced, exported and loaded."""

import dagster as dg
import numpy as np
import pytest

import hrtem_assets as ha
from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.judgement import remarks
from hrtem_assets.assets.pictures import condition_sheet, partition_picture
from hrtem_assets.campaign import with_overrides
from hrtem_assets.definitions import build_defs
from hrtem_assets.export.exporting import export_partition
from hrtem_assets.export.formats import FORMATS
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.focal_series import FocalSeries
from hrtem_assets.imaging.focus import find_zero_defocus
from hrtem_assets.maintenance.trace import rebuild
from hrtem_assets.maintenance.verify import verify_partition
from hrtem_assets.orchestration.configs import CONFIGS
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reader import StoreReader
from hrtem_assets.store.reading import find_store
from hrtem_assets_tests.imaging.waves import weak_atom
from hrtem_assets_tests.small import SPECIMEN, small_campaign

EVERYTHING = {
    "name": "everything",
    "defocus_nm": {"uniform": [-60, 60]},
    "dose_e_per_a2": {"log_uniform": [80, 900]},
    "optics": {
        "chromatic": {
            "cc_mm": 1.2,
            "energy_spread_ev": {"uniform": [0.5, 0.9]},
            "current_stability_ppm": 0.1,
        },
        "convergence_mrad": {"uniform": [0.1, 0.3]},
        "aperture_mrad": {"uniform": [25, 30]},
        "aperture_edge_mrad": 1.0,
        "aperture_shift_mrad": {"half_normal": 0.5},
        "tilt_mrad": {"half_normal": 1},
        "aberrations": {
            "c30_um": {"normal": [1200, 5]},
            "c12_nm": {"half_normal": 3},
            "c21_nm": {"uniform": [0, 50]},
            "c45_um": {"uniform": [0, 1.5]},
        },
    },
    "stage": {"vibration_a": {"uniform": [0.05, 0.4]}, "drift_a": {"half_normal": 0.5}},
    "detector": {
        "camera": "ccd",
        "mtf": {"c3": {"uniform": [0.2, 0.3]}},
        "dqe_half_nyquist": 0.2,
        "gain": {"choice": [4, 8]},
        "dead_pixels_per_mpx": 50,
        "binning": 2,
    },
    "frame": {"sampling_a": {"uniform": [0.15, 0.2]}},
}
WIDE = {
    "name": "wide",
    "defocus_nm": -10,
    "dose_e_per_a2": 400,
    "detector": {"gain": 40.5, "output": "float32"},
}
# no multiple of three pixels
THIRDS = {"name": "thirds", "defocus_nm": -10, "dose_e_per_a2": 400, "detector": {"binning": 3}}
CAMPAIGN = small_campaign(
    conditions=[EVERYTHING, WIDE, THIRDS],
    images_per_structure=2,
    # some exports need them
    labels={"planes": ["mask", "soft_label", "instances"]},
)
IMAGES, SET = (PartitionId(name, SPECIMEN, "everything") for name in ("micrographs", "training_sets"))
DRAWN = (
    *("defocus", "dose", "energy_spread", "convergence", "aperture", "aperture_shift", "aperture_azimuth"),
    *("tilt", "tilt_azimuth", "c30", "c12", "phi12", "c21", "phi21", "c45", "phi45"),
    *("vibration", "vibration_azimuth", "drift", "drift_azimuth"),
    *("mtf_c3", "gain", "sampling", "pixel", "x_rays", "clipped_pixels"),
)


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    root = tmp_path_factory.mktemp("drawn")
    conditions = [c.key for c in CAMPAIGN.conditions]
    materialize(
        build_defs(CAMPAIGN, root), dg.DagsterInstance.ephemeral(), tuple(ASSETS), SPECIMEN, conditions
    )
    return Layout(root)


def test_everything_that_is_drawn_is_recorded_with_every_image_and_differs_between_them(layout):
    info = find_store(layout, IMAGES)
    store = StoreReader(info.path)
    assert info.rows == 6
    assert set(DRAWN) <= set(info.attributes["records"])
    for name in DRAWN:
        column = store.column(name)
        if name not in ("gain", "x_rays", "clipped_pixels"):
            assert len(set(column.tolist())) == 6, name
        assert "units" in store.array(name).attrs or name in ("x_rays",)
    np.testing.assert_allclose(store.column("pixel"), 2 * store.column("sampling"))
    assert store.array("x").attrs["units"] == "px"
    # 51.2 Å in pixels of up to 0.2 Å, binned
    assert store.array("counts").shape == (6, 128, 128)
    assert store.column("counts").mean() > 100


def test_stores_are_intact_and_an_image_is_made_again_bit_for_bit(layout):
    for partition in (IMAGES, SET):
        assert verify_partition(layout, partition).intact
        for comparison in rebuild(CAMPAIGN, layout, partition, 3):
            assert comparison.different == ()


def test_images_are_the_same_alone_as_among_others(layout, tmp_path):
    alone = small_campaign(conditions=[EVERYTHING], images_per_structure=2)
    materialize(
        build_defs(alone, tmp_path), dg.DagsterInstance.ephemeral(), tuple(ASSETS), SPECIMEN, ["everything"]
    )
    stores = [StoreReader(find_store(where, IMAGES).path) for where in (layout, Layout(tmp_path))]
    for name in ("counts", "seed", *DRAWN):
        np.testing.assert_array_equal(stores[0].column(name), stores[1].column(name))


def test_labels_lie_on_the_pixels_of_each_image(layout):
    store = StoreReader(find_store(layout, SET).path)
    masks, pixels = store.column("mask"), store.column("pixel")
    assert masks.shape == store.array("counts").shape
    # two images of one structure show it at their own scale: the area in Å² is the same where all of it is seen
    assert (masks[0] != masks[1]).any()
    whole = StoreReader(find_store(layout, PartitionId("labels", SPECIMEN)).path).column("mask")[0]
    for row in (0, 1):
        seen = 128 * pixels[row] / 0.2
        margin = round((256 - seen) / 2)
        cropped = whole[margin : 256 - margin, margin : 256 - margin]
        assert masks[row].mean() == pytest.approx(cropped.mean(), abs=0.01)


def test_a_binning_that_the_cell_is_no_multiple_of_leaves_out_the_rim(layout):
    partition = PartitionId("training_sets", SPECIMEN, "thirds")
    assert verify_partition(layout, partition).intact
    store = StoreReader(find_store(layout, partition).path)
    counts = store.column("counts")
    assert counts.shape == (6, 85, 85)
    assert counts.mean() == pytest.approx(400 * 0.6**2, rel=0.03)
    np.testing.assert_allclose(np.diff(store.column("x")), 0.6, rtol=1e-6)
    whole = StoreReader(find_store(layout, PartitionId("labels", SPECIMEN)).path).column("mask")[0]
    assert store.column("mask")[0].mean() == pytest.approx(whole.mean() * (256 / 255) ** 2, abs=0.01)


@pytest.mark.parametrize(
    "form", [form for form in FORMATS.values() if form.asset == "training_sets"], ids=lambda form: form.name
)
@pytest.mark.parametrize("condition", ["everything", "wide", "thirds"])
def test_sets_are_exported_with_their_draws(layout, tmp_path, form, condition):
    folder = tmp_path / form.name
    export_partition(CAMPAIGN, layout, form, SPECIMEN, condition, folder, lambda _: None)
    card = (folder / "README.md").read_text()
    if condition == "everything":
        assert "a defocus of -60 to 60 (uniform) nm" in card
        assert "80 to 900 (log-uniform) e/Å²" in card
        assert "c30_um = 1200 ± 5 (normal)" in card
        header = (folder / "table.csv").read_text().partition("\n")[0]
        assert {"c30_um", "pixel_a", "convergence_mrad", "defocus_nm"} <= set(header.split(","))
        assert "no drift" not in card


def test_the_loader_gives_images_of_every_type(layout):
    for condition, dtype in (("everything", "uint16"), ("wide", "float32")):
        data = ha.open_dataset(SPECIMEN, condition, root=layout.root)
        assert data.counts.dtype == dtype
        assert data.image.values.mean() == pytest.approx(0, abs=1e-3)


def test_pictures_have_the_scale_of_their_image(layout):
    assert partition_picture(layout, IMAGES)


def test_settings_of_a_run_may_be_distributions():
    changes = {
        "optics": {"focal_spread_a": {"uniform": [5, 10]}, "aberrations": {"c30_um": 3.0}},
        "detector": {"mtf": {"c3": 0.4}, "output": "float32"},
    }
    given = CONFIGS["micrographs"].model_validate(changes)
    campaign = with_overrides(CAMPAIGN, given.overrides())
    wide, own = campaign.images("wide"), campaign.microscope("everything")
    assert wide.records.keys() == {"focal_spread"}
    assert (wide.microscope.optics.aberrations.c30_um, wide.microscope.detector.gain) == (3.0, 40.5)
    # what a condition says of its own stays
    assert own.optics.aberrations.c45_um != 0
    assert own.detector.mtf is not None
    assert own.detector.mtf.c3 != 0.4
    assert CONFIGS["micrographs"]().overrides() == {}


def test_images_that_the_detector_cut_off_are_remarked_on(tmp_path):
    noisy = {"name": "noisy", "defocus_nm": -10, "dose_e_per_a2": 30, "detector": {"readout_e": 5.0}}
    campaign = small_campaign(conditions=[noisy], counts={"train": 1, "validation": 0})
    materialize(
        build_defs(campaign, tmp_path), dg.DagsterInstance.ephemeral(), tuple(ASSETS), SPECIMEN, ["noisy"]
    )
    info = find_store(Layout(tmp_path), PartitionId("micrographs", SPECIMEN, "noisy"))
    (words,) = remarks(info)
    assert "1 of 1 images have more than 0.1% of their pixels below 0 or above saturation" in words
    assert "raise detector.offset" in words


def test_an_uncorrected_lens_may_calibrate_with_its_own_aberrations():
    settings = {"optics": {"focal_spread_a": 20, "aberrations": {"c30_um": 1200}}}
    ideal, own = (small_campaign(**settings, calibration={"lens": lens}) for lens in ("ideal", "own"))
    reach_a = own.search.margin_a - ideal.search.margin_a
    assert reach_a == pytest.approx((1.2e7 * wavelength_a(300.0)) ** 0.5)
    asset, specimen = ASSETS["zero_defocus"], own.specimen(SPECIMEN)
    assert "aberrations" not in asset.recipe(ideal, specimen).settings["optics"]
    assert asset.recipe(own, specimen).settings["optics"]["aberrations"]["c30_um"] == 1200
    assert (
        asset.recipe(ideal, specimen).digest
        == asset.recipe(small_campaign(optics={"focal_spread_a": 20}), specimen).digest
    )
    # a weak phase object shows least at 0.44 sqrt(C3 wavelength)
    waves = weak_atom(sigma_v=1e-3)
    series = FocalSeries.of(waves, 0.2, wavelength_a(300.0), own.calibration_optics)
    zero = find_zero_defocus(series, (0.0, 0.0), own.search)
    assert 0.2 * reach_a < zero.zero_a < 0.7 * reach_a


def test_an_uneven_and_contaminated_film_is_recorded_and_made_again_bit_for_bit(tmp_path):
    substrate = {
        "thickness_min_a": 12,
        "fluctuations": {"thickness_rms_a": 3, "density_rms": 0.05},
        "contamination": {"thickness_min_a": 2, "thickness_max_a": 5},
    }
    plain = {"defocus_nm": -10, "dose_e_per_a2": 400}
    campaign = small_campaign(
        conditions=[plain],
        counts={"train": 2, "validation": 0},
        substrate={"thickness_max_a": 16, **substrate},
    )
    key = campaign.conditions[0].key
    materialize(
        build_defs(campaign, tmp_path), dg.DagsterInstance.ephemeral(), tuple(ASSETS), SPECIMEN, [key]
    )
    structures, images = PartitionId("structures", SPECIMEN), PartitionId("micrographs", SPECIMEN, key)
    for partition in (structures, images):
        assert verify_partition(Layout(tmp_path), partition).intact
    thicknesses = StoreReader(find_store(Layout(tmp_path), structures).path).column("contamination")
    assert ((thicknesses >= 2) & (thicknesses <= 5)).all()
    assert all(c.different == () for c in rebuild(campaign, Layout(tmp_path), images, 1))


def test_the_sheet_of_conditions_lays_labels_over_images_of_other_pixels(layout):
    sheet = condition_sheet(layout, SPECIMEN, ["everything", "wide"])
    assert sheet.size[0] > 2 * sheet.size[1] / 3
