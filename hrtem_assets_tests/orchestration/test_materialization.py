"""Real Dagster runs: from structures to micrographs and labels, shown, resumed, overridden and refused."""

import dagster as dg
import numpy as np
import pytest
import xarray as xr
from PIL import Image

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.pictures import condition_sheet
from hrtem_assets.definitions import build_defs
from hrtem_assets.orchestration.launch import MaterializationError, materialize
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.small import CONDITIONS, SPECIMEN, small_campaign

MADE_ASSETS = ["structures", "exit_waves", "zero_defocus", "labels"]


def store(layout, asset, condition=None):
    return xr.open_zarr(layout.store(PartitionId(asset, SPECIMEN, condition)))


def test_every_store_opens_with_xarray_alone_and_names_its_recipe_and_run(made):
    for asset in MADE_ASSETS:
        with store(made.layout, asset) as ds:
            assert ds.sizes["structure"] == 3
            assert ds.attrs["recipe"]["asset"] == asset
            assert ds.attrs["provenance"]["run_id"] == made.run_ids[0]
            assert not [
                v
                for v in ds.variables.values()
                if "units" not in {*v.attrs, *v.encoding} and v.dtype == float
            ]
    for run_id, condition in zip(made.run_ids[1:], CONDITIONS, strict=True):
        with store(made.layout, "micrographs", condition) as ds:
            assert ds.attrs["provenance"]["run_id"] == run_id
            assert ds.counts.dims == ("structure", "y", "x")
            assert ds.counts.dtype == np.uint16


def test_image_and_label_axes_are_the_structures_axes(made):
    with store(made.layout, "structures") as atoms, store(made.layout, "labels") as labels:
        for i in range(3):
            n = int(atoms.particle_count[i])
            soft = labels.soft_label[i].values
            y, x = np.mgrid[:256, :256] * 0.2
            inside = np.zeros(soft.shape, bool)
            for (cx, cy, _), r in zip(atoms.center[i, :n].values, atoms.radius[i, :n].values, strict=True):
                inside |= (x - cx) ** 2 + (y - cy) ** 2 < r**2
            assert soft[inside].mean() > 5 * soft[~inside].mean()


def test_mean_counts_are_the_dose(made):
    for condition, expected in zip(CONDITIONS, (16.0, 16.0, 3.0), strict=True):
        with store(made.layout, "micrographs", condition) as ds:
            np.testing.assert_allclose(ds.counts.mean(("y", "x")), expected, rtol=0.01)


def test_a_materialization_shows_a_thumbnail_a_preview_and_figures(made):
    partitions = dict.fromkeys(MADE_ASSETS, SPECIMEN) | {"micrographs": f"{CONDITIONS[0]}|{SPECIMEN}"}
    for asset, key in partitions.items():
        shown = made.metadata(asset, key)
        assert shown["thumbnail"].startswith(f"![{asset}](data:image/")
        assert len(shown["thumbnail"]) < 1000
        assert shown["preview"].startswith(f"![{asset}](data:image/")
        assert len(shown["preview"]) < 100_000
        assert shown["structures"] == 3
        assert shown["seconds_per_structure"] > 0
        assert shown["megabytes"] > 0
        with Image.open(shown["picture"]) as picture:
            assert min(picture.size) > 200


def test_the_demos_picture_shows_every_condition_and_the_label(made):
    sheet = condition_sheet(made.layout, SPECIMEN, CONDITIONS)
    assert sheet.width > 4 * 256
    assert sheet.height > 3 * 256
    # the outline of the label is the only colour
    red, _, blue = (np.asarray(band, int) for band in sheet.split())
    coloured = np.abs(red - blue) > 40
    assert coloured[:, 3 * sheet.width // 4 :].any()
    assert not coloured[:, : 3 * sheet.width // 4 - 20].any()


def test_zero_defocus_lies_among_the_particles_atoms(made):
    with store(made.layout, "zero_defocus") as zero, store(made.layout, "structures") as atoms:
        for i in range(3):
            assert abs(float(zero.zero_defocus[i] - zero.particle_depth[i])) < float(atoms.radius[i].max())


def test_progress_is_logged_structure_by_structure(tmp_path):
    instance = dg.DagsterInstance.ephemeral()
    (run_id,) = materialize(build_defs(small_campaign(), tmp_path), instance, ["structures"], SPECIMEN)
    messages = [
        record.event_log_entry.user_message for record in instance.get_records_for_run(run_id).records
    ]
    lines = [m for m in messages if m.startswith("structures CdSe-small: structure ")]
    assert len(lines) == 3
    assert "structure 3 of 3" in lines[-1]
    assert lines[-1].endswith("0 s left")


@pytest.mark.slow
def test_all_conditions_of_a_specimen_are_made_in_one_run(made):
    (run_id,) = materialize(made.definitions, made.instance, ["micrographs"], SPECIMEN)
    for condition in small_campaign().condition_by_key:
        assert made.metadata("micrographs", f"{condition}|{SPECIMEN}")["structures"] == 3
        with store(made.layout, "micrographs", condition) as ds:
            assert (ds.attrs["provenance"]["run_id"] == run_id) == (condition not in CONDITIONS)


def test_a_notebook_loads_a_partition_by_its_key(made):
    counts = made.definitions.load_asset_value(
        "micrographs", partition_key=f"{CONDITIONS[0]}|{SPECIMEN}", instance=made.instance
    ).counts
    assert counts.shape == (3, 256, 256)


def test_making_the_same_partition_again_makes_nothing(made):
    before = made.layout.store(PartitionId("labels", SPECIMEN)).stat().st_mtime_ns
    materialize(made.definitions, made.instance, ["labels"], SPECIMEN)
    assert made.layout.store(PartitionId("labels", SPECIMEN)).stat().st_mtime_ns == before


def test_missing_upstream_is_an_error_that_names_the_command(tmp_path):
    with pytest.raises(MaterializationError, match="hrtem materialize structures --specimen CdSe-small"):
        materialize(
            build_defs(small_campaign(), tmp_path), dg.DagsterInstance.ephemeral(), ["exit_waves"], SPECIMEN
        )


def test_upstream_of_another_recipe_is_refused_with_the_difference(made):
    changed = build_defs(small_campaign(placement={"count_max": 1}), made.layout.root)
    with pytest.raises(MaterializationError) as caught:
        materialize(changed, dg.DagsterInstance.ephemeral(), ["labels"], SPECIMEN)
    assert "settings.placement.count_max: 2 (stored), 1 (wanted)" in str(caught.value)
    assert "hrtem materialize structures --specimen CdSe-small" in str(caught.value)


def test_a_bad_override_is_refused_before_any_work_with_value_range_and_repair(tmp_path):
    with pytest.raises(MaterializationError) as caught:
        materialize(
            build_defs(small_campaign(), tmp_path),
            dg.DagsterInstance.ephemeral(),
            ["exit_waves"],
            SPECIMEN,
            config={"exit_waves": {"simulation": {"frozen_phonons": 0}}},
        )
    assert "simulation.frozen_phonons = 0" in str(caught.value)
    assert ">= 1" in str(caught.value)
    assert "change it in the run configuration" in str(caught.value)
    assert not (tmp_path / "assets").exists()


@pytest.mark.slow
def test_overrides_are_recorded_and_honoured_downstream(tmp_path):
    definitions, instance = build_defs(small_campaign(), tmp_path), dg.DagsterInstance.ephemeral()
    config = {
        "structures": {"count": 1, "placement": {"count_max": 1}},
        "exit_waves": {"simulation": {"frozen_phonons": 1, "wave_mantissa_bits": 23}},
    }
    materialize(definitions, instance, tuple(ASSETS), SPECIMEN, CONDITIONS[:1], config)
    layout = Layout(tmp_path)
    with store(layout, "exit_waves") as waves:
        assert waves.sizes["structure"] == 1
        assert waves.sizes["phonon"] == 1
    with store(layout, "micrographs", CONDITIONS[0]) as images:
        assert images.attrs["provenance"]["overrides"] == {
            "placement": {"count_max": 1},
            "simulation": {"frozen_phonons": 1, "wave_mantissa_bits": 23},
        }
    # without the overrides it is another recipe, and is made anew
    materialize(definitions, instance, ["structures"], SPECIMEN)
    with store(layout, "structures") as atoms:
        assert atoms.sizes["structure"] == 3
