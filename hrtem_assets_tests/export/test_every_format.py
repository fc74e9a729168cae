"""Every label in every format, of a partition and of a series, read back by the programs that the formats are for."""

import csv
import json
import socket
import tarfile
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
import xarray as xr

from hrtem_assets.assets import ASSETS
from hrtem_assets.definitions import build_defs
from hrtem_assets.export.exporting import export_partition, export_series
from hrtem_assets.export.formats import FORMATS
from hrtem_assets.export.formats.folder import ExportError, files_in
from hrtem_assets.labels.registry import PLANES, TABLES
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.small import SPECIMEN, small_campaign

PLAIN, DRAWN, SERIES = "df-10nm_400e", "drawn", "both"
SPECIMENS = (SPECIMEN, "Ag-small")
IMAGE_FORMATS = [name for name, form in FORMATS.items() if form.asset == "training_sets"]
CONDITIONS = [
    {"defocus_nm": -10, "dose_e_per_a2": 400},
    {
        "name": DRAWN,
        "defocus_nm": {"uniform": [-60, 60]},
        "dose_e_per_a2": {"log_uniform": [80, 900]},
        "detector": {"camera": "ccd", "binning": 2},
        "frame": {"sampling_a": {"uniform": [0.11, 0.12]}},
    },
]
CAMPAIGN = small_campaign(
    labels={"planes": list(PLANES), "tables": list(TABLES)},
    placement={"count_min": 2, "count_max": 4, "separation_a": 4},
    max_stacking_faults={SPECIMEN: 2, "CdSe-medium": None},
    training_sets={"crop_px": 200},
    images_per_structure=2,
    conditions=CONDITIONS,
    series={
        SERIES: {"specimens": SPECIMENS, "conditions": CONDITIONS},
        **dict.fromkeys(("defocus_series", "dose_series", "structure_series")),
    },
)


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    root = tmp_path_factory.mktemp("labels")
    defs = build_defs(CAMPAIGN, root)
    for specimen in SPECIMENS:
        materialize(defs, dg.DagsterInstance.ephemeral(), tuple(ASSETS), specimen, [PLAIN, DRAWN])
    return Layout(root)


@pytest.fixture(scope="module")
def exported(layout, tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("exported")
    for form in FORMATS.values():
        condition = PLAIN if ASSETS[form.asset].per_condition else None
        export_partition(CAMPAIGN, layout, form, SPECIMEN, condition, root / form.name, print)
        export_series(CAMPAIGN, layout, form, SERIES, root / f"series-{form.name}", print)
    return root


def opened(layout, specimen=SPECIMEN, condition=PLAIN) -> xr.Dataset:
    store = layout.store(PartitionId("training_sets", specimen, condition))
    return xr.open_zarr(store, mask_and_scale=False).load()


@pytest.fixture(scope="module")
def sets(layout) -> xr.Dataset:
    return opened(layout)


def test_hyperspy_reads_every_plane_in_the_order_of_the_campaign(sets, exported):
    import hyperspy.api as hs

    signals = hs.load(exported / "hdf5" / "images.hspy")
    names = [signal.metadata.General.title.split()[0] for signal in signals]
    assert names[:3] == ["counts", "mask", "soft_label"]
    assert set(names) == {"counts", *PLANES}
    for name, signal in zip(names, signals, strict=True):
        np.testing.assert_array_equal(signal.data, sets[name])


def test_imagej_stacks_hold_every_plane_that_they_can(sets, exported):
    import tifffile

    stacks = {path.stem: tifffile.imread(path) for path in (exported / "tiff").glob("*.tif")}
    assert not any("particle_bits" in name for name in stacks)
    np.testing.assert_array_equal(stacks["label_instances"], sets.instances)
    np.testing.assert_array_equal(stacks["label_clean_image"], sets.clean_image.astype(np.float32))
    np.testing.assert_array_equal(
        stacks["label_exit_wave_real"] + 1j * stacks["label_exit_wave_imag"], sets.exit_wave
    )


def test_shards_hold_every_plane(exported):
    with tarfile.open(exported / "webdataset" / "train-000000.tar") as tar:
        endings = {name.split(".", 1)[1] for name in tar.getnames()}
        rows = [tar.extractfile(member) for member in tar if member.name.endswith(".json")]
        known = json.loads(rows[0].read() if rows[0] else b"")
    assert len(known["particles"]) == known["particle_count"]
    assert known["particles"][0]["visibility"] > 0
    assert endings == {
        *(f"{name}.png" for name in ("mask", "soft_label", "instances", "classes", "column_map")),
        *(f"{n}.npy" for n in ("counts", "particle_bits", "thickness", "phase", "exit_wave", "clean_image")),
        "clean_particles.npy",
        "json",
    }


def loaded(folder: Path, split: str, cache: Path):
    import datasets

    return datasets.load_dataset(str(folder), split=split, cache_dir=str(cache))


def test_datasets_load_pictures_counts_and_every_label_offline(sets, exported, tmp_path):
    split = loaded(exported / "huggingface", "train", tmp_path)
    assert len(split) == 4
    for row, stored in zip(split, (sets.isel(structure=k) for k in range(4)), strict=True):
        assert row["image"].mode == "L"
        for name in ("counts", "soft_label", "instances", "classes", "column_map"):
            np.testing.assert_array_equal(np.asarray(row[name]), stored[name])
        np.testing.assert_array_equal(np.asarray(row["mask"]), 255 * stored["mask"].values)
        for name in ("thickness", "phase", "clean_image", "clean_particles", "particle_bits"):
            np.testing.assert_array_equal(np.array(row[name], stored[name].dtype), stored[name])
        wave = np.array(row["exit_wave_real"]) + 1j * np.array(row["exit_wave_imag"])
        np.testing.assert_array_equal(wave.astype(np.complex64), stored.exit_wave)
        assert row["image_seed"] == str(int(stored.image_seed))
        assert row["defocus_nm"] == float(stored.defocus)
        assert len(row["particle_radius_a"]) == int(stored.particle_count)


def test_datasets_load_a_series_as_one_data_set_with_classes_numbered_alike(layout, exported, tmp_path):
    folder = exported / "series-huggingface"
    assert len(loaded(folder, "validation", tmp_path)) == 2 * 2 * 2
    split = loaded(folder, "train", tmp_path)
    assert len(split) == 2 * 2 * 4
    names = ["vacuum", "substrate", "Ag", "Ag_faulted", "CdSe", "CdSe_faulted"]
    assert "Classes are " + ", ".join(f"{k}: {name}" for k, name in enumerate(names)) in (
        folder / "README.md"
    ).read_text("utf-8")
    for row in split:
        stored = opened(layout, row["specimen"], row["condition"]).isel(
            structure=2 * row["structure"] + row["draw"]
        )
        np.testing.assert_array_equal(np.asarray(row["counts"]), stored.counts)
        lattice = row["specimen"].split("-")[0]
        own = np.array([names.index(n) for n in ("vacuum", "substrate", lattice, f"{lattice}_faulted")])
        np.testing.assert_array_equal(np.asarray(row["classes"]), own[stored.classes.values])


@pytest.mark.parametrize("series", [False, True])
def test_pycocotools_draw_the_instances_that_are_stored(layout, exported, series, capsys):
    from pycocotools import mask as maskUtils
    from pycocotools.coco import COCO

    folder = exported / ("series-coco" if series else "coco")
    coco = COCO(str(folder / "annotations" / "train.json"))
    names = {c["id"]: c["name"] for c in coco.loadCats(coco.getCatIds())}
    lattices = ("Ag", "CdSe") if series else ("CdSe",)
    assert list(names.values()) == [name for of in lattices for name in (of, f"{of}_faulted")]
    images = coco.loadImgs(coco.getImgIds())
    assert len(images) == (16 if series else 4)
    for image in images:
        assert (folder / "images" / image["file_name"]).is_file()
        stored = opened(layout, image["specimen"], image["condition"])
        stored = stored.isel(structure=2 * image["structure"] + image["draw"])
        drawn = np.zeros((image["height"], image["width"]), int)
        for particle in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
            mask = coco.annToMask(particle).astype(bool)
            drawn[mask] = particle["particle"]
            runs = maskUtils.frPyObjects(particle["polygons"], image["height"], image["width"])
            outlined = maskUtils.decode(maskUtils.merge(runs)).astype(bool)
            assert (outlined ^ mask).sum() < 0.05 * mask.sum() + 12
            assert particle["area"] == mask.sum()
            y, x = np.nonzero(mask)
            assert particle["bbox"] == [x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1]
            k = particle["particle"] - 1
            faulted = "_faulted" if int(stored.particle_faults[k]) else ""
            assert names[particle["category_id"]] == image["specimen"].split("-")[0] + faulted
            assert particle["visibility"] == pytest.approx(float(stored.particle_visibility[k]))
        np.testing.assert_array_equal(drawn, stored.instances)


def test_coco_of_what_has_no_instances_is_refused_with_the_repair_and_nothing_is_left(tmp_path):
    from hrtem_assets_tests.training.sets import CAMPAIGN as WITHOUT
    from hrtem_assets_tests.training.sets import write_training_set

    write_training_set(tmp_path, PLAIN, WITHOUT)
    with pytest.raises(ExportError, match="needs the label instances"):
        export_partition(WITHOUT, Layout(tmp_path), FORMATS["coco"], SPECIMEN, PLAIN, tmp_path / "to", print)
    assert not list(tmp_path.glob("*to*/*"))


def test_mrcfile_finds_valid_stacks_of_every_plane_but_bits(sets, exported):
    import mrcfile

    stacks = {path.stem: path for path in (exported / "mrc").glob("*.mrcs")}
    assert set(stacks) == {"counts", *PLANES} - {"particle_bits"}
    for name, path in stacks.items():
        assert mrcfile.validate(path)
        with mrcfile.open(path) as stack:
            assert stack.is_image_stack()
            np.testing.assert_array_equal(stack.data, sets[name].astype(stack.data.dtype))
            assert stack.voxel_size.x == pytest.approx(0.2)
            if stack.data.dtype.kind != "c":
                assert float(stack.header.rms) == pytest.approx(stack.data.std(dtype=float), rel=1e-5)


def test_py4dstems_reader_finds_the_same_stacks_with_their_axes(sets, exported):
    import emdfile

    images = emdfile.read(exported / "emd" / "images.emd")
    assert {name.strip("/") for name in images.treekeys} == {"counts", *PLANES}
    for name in ("counts", *PLANES):
        array = images.tree(name)
        np.testing.assert_array_equal(array.data, sets[name])
        assert array.dim_names == ("image", "y", "x")
        np.testing.assert_allclose(array.dims[2], sets.x)


def test_ncempy_and_hyperspy_read_the_same_calibrated_stacks(sets, exported):
    import hyperspy.api as hs
    import ncempy.io.emd

    path = exported / "emd" / "images.emd"
    found = {}
    with ncempy.io.emd.fileEMD(str(path), readonly=True) as file:
        for group in file.list_emds:
            data, axes = file.get_emdgroup(group)
            found[group.name.rsplit("/", 1)[1]] = data
            assert axes[2][0][1] - axes[2][0][0] == pytest.approx(0.2)
    assert set(found) == {"counts", *PLANES}
    for name, data in found.items():
        np.testing.assert_array_equal(data, sets[name])
    signals = {signal.metadata.General.title: signal for signal in hs.load(path)}
    # by its convention for these files the last axis comes first
    np.testing.assert_array_equal(signals["counts"].data.transpose(), sets.counts)
    assert [axis.name for axis in signals["counts"].axes_manager.signal_axes] == ["image", "y", "x"]


@pytest.mark.parametrize("series", [False, True])
def test_numpy_folders_hold_every_plane_as_stored_and_a_row_of_json(layout, exported, series):
    folder = exported / ("series-npy" if series else "npy")
    rows = sorted(folder.glob("*/*.json"))
    assert len(rows) == (24 if series else 6)
    for path in rows:
        row = json.loads(path.read_text("utf-8"))
        assert path.parent.name == row["split"]
        stored = opened(layout, row["specimen"], row["condition"])
        stored = stored.isel(structure=2 * row["structure"] + row["draw"])
        for name in ("counts", *PLANES):
            values = np.load(path.with_suffix(f".{name}.npy"))
            if not series or name != "classes":
                np.testing.assert_array_equal(values, stored[name])
        assert len(row["particles"]) == int(stored.particle_count)
        assert row["particles"][0]["radius_a"] == float(stored.particle_radius[0])


@pytest.mark.parametrize("series", [False, True])
def test_mlcroissant_goes_through_images_and_masks(layout, exported, series):
    import mlcroissant

    folder = exported / ("series-huggingface" if series else "huggingface")
    data = mlcroissant.Dataset(jsonld=folder / "croissant.json")
    assert not data.metadata.issues.errors
    assert not data.metadata.issues.warnings
    rows = [{k.removeprefix("images/"): v for k, v in row.items()} for row in data.records("images")]
    assert len(rows) == (24 if series else 6)
    for row in rows:
        stored = opened(layout, row["specimen"].decode(), row["condition"].decode())
        stored = stored.isel(structure=2 * row["structure"] + row["draw"])
        np.testing.assert_array_equal(np.asarray(row["counts"]), stored.counts)
        np.testing.assert_array_equal(np.asarray(row["mask"]) > 0, stored["mask"])
        np.testing.assert_array_equal(np.asarray(row["instances"]), stored.instances)
        assert row["image"].size == stored.counts.shape[::-1]


@pytest.mark.parametrize("form", IMAGE_FORMATS)
def test_a_table_of_particles_and_the_card_tell_what_images_show(sets, exported, form):
    with (exported / form / "particles.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == int(sets.particle_count.sum())
    first = rows[0]
    assert (first["structure"], first["draw"], first["particle"]) == ("0", "0", "1")
    assert float(first["center_y_a"]) == float(sets.particle_center[0, 0, 1])
    assert float(first["zone_tilt_deg"]) == float(sets.particle_zone_tilt[0, 0])
    shown = [row for row in rows if int(row["pixels"])]
    assert all(row["visibility"] == "" for row in rows if not int(row["pixels"]))
    card = (exported / form / "README.md").read_text("utf-8")
    assert f"{len(shown)} particles, or parts of them, in 6 images." in card
    assert f"CdSe with stacking faults: {sum(int(row['faults']) > 0 for row in shown)}." in card
    assert "| below 5 |" in card
    assert "| `thickness` | float32 | Å |" in card
    columns = (exported / form / "columns.csv").read_text("utf-8")
    assert columns.startswith("structure,x_a,y_a,atoms,number,particle\n")


@pytest.mark.parametrize("form", FORMATS)
def test_a_series_is_one_data_set_with_one_table_and_one_card(layout, exported, form):
    import mlcroissant

    folder = exported / f"series-{form}"
    images = form != "xyz"
    with (folder / "table.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == (24 if images else 6)
    keys = ("specimen", "condition", "structure", "draw") if images else ("specimen", "structure")
    assert len({tuple(row[key] for key in keys) for row in rows}) == len(rows)
    card = (folder / "README.md").read_text("utf-8")
    for specimen in SPECIMENS:
        for condition in (PLAIN, DRAWN):
            line = f"| {specimen} | {condition} | 6 | 4 | 2 |" if images else f"| {specimen} | 3 |"
            assert line in card
    for kind in FORMATS[form].files:
        assert list(folder.glob(f"*/*/{kind.pattern}" if images else f"*/{kind.pattern}")) or list(
            folder.glob(kind.pattern)
        )
    recipes = json.loads((folder / "recipe.json").read_text("utf-8"))["partitions"]
    assert len(recipes) == (4 if images else 2)
    data = mlcroissant.Dataset(jsonld=folder / "croissant.json")
    assert not data.metadata.issues.errors
    assert len(list(data.records("rows"))) == len(rows)


def test_stacks_of_a_series_lie_by_specimen_and_condition(layout, exported):
    import tifffile

    for specimen in SPECIMENS:
        for condition in (PLAIN, DRAWN):
            stack = tifffile.imread(exported / "series-tiff" / specimen / condition / "counts.tif")
            np.testing.assert_array_equal(stack, opened(layout, specimen, condition).counts)


def test_a_series_of_which_something_is_not_made_is_refused_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(ExportError) as caught:
        export_series(CAMPAIGN, Layout(tmp_path), FORMATS["npy"], SERIES, tmp_path / "to", print)
    assert "4 of the 4 partitions of both cannot be exported" in str(caught.value)
    assert "hrtem series both" in str(caught.value)
    assert not (tmp_path / "to").exists()


def test_no_path_and_no_name_of_this_machine_leaves_with_an_export(layout, exported):
    told = [str(layout.root), str(Path.home() / ""), socket.gethostname()]
    secrets = [word.encode() for word in told if len(word) > 5]
    assert secrets
    for name in files_in(exported):
        content = (exported / name).read_bytes()
        assert not [word for word in secrets if word in content], name
