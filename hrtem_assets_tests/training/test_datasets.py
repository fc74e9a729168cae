"""open_dataset: standardised, lazy, by split, with axes in Å and errors that name the command."""

import pickle
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
import zarr

import hrtem_assets as ha
from hrtem_assets.campaign import with_overrides
from hrtem_assets.store.errors import DamagedError, StoreError
from hrtem_assets_tests.small import CONDITIONS, SPECIMEN
from hrtem_assets_tests.training.sets import CAMPAIGN, TRAIN, VALIDATION, write_training_set


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("sets")
    write_training_set(root, CONDITIONS[0])
    return root


def test_every_image_has_mean_0_and_variance_1(root):
    image = ha.open_dataset(SPECIMEN, CONDITIONS[0], root=root)["image"]
    assert image.dtype == np.float32
    assert image.dims == ("structure", "y", "x")
    values = image.values.astype(np.float64)
    np.testing.assert_allclose(values.mean(axis=(1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(values.var(axis=(1, 2)), 1, atol=1e-6)


def test_images_are_not_read_before_they_are_used(root):
    ds = ha.open_dataset(SPECIMEN, CONDITIONS[0], root=root)
    assert all(ds[name].chunks for name in ("image", "counts", "mask", "soft_label"))


def test_splits_part_the_structures(root):
    train, validation, both = (
        ha.open_dataset(SPECIMEN, CONDITIONS[0], split, root=root).structure.values
        for split in ("train", "validation", None)
    )
    assert (len(train), len(validation)) == (TRAIN, VALIDATION)
    assert not set(train) & set(validation)
    np.testing.assert_array_equal(np.concatenate([train, validation]), both)


def test_labels_go_from_0_to_1_and_axes_are_in_angstrom(root):
    ds = ha.open_dataset(SPECIMEN, CONDITIONS[0], "train", root=root)
    assert ds["mask"].dtype == bool
    soft = ds["soft_label"].values
    assert 0 <= soft.min() < 0.01
    assert 0.9 < soft.max() <= 1
    for axis in ("y", "x"):
        assert ds[axis].attrs["units"] == "Å"
        np.testing.assert_allclose(np.diff(ds[axis]), 0.2)
    # the centre of the frame of 256 pixels
    assert float(ds.x[0]) == pytest.approx(0.2 * (256 - 32) / 2)


def test_an_image_without_contrast_becomes_0(tmp_path):
    path = write_training_set(tmp_path, CONDITIONS[0])
    for name, value in (("counts", 7), ("mean", 7.0), ("std", 0.0)):
        zarr.open_array(path / name, mode="r+")[0] = value
    found = ha.open_dataset(SPECIMEN, CONDITIONS[0], root=tmp_path, verify=False)
    assert not found.image[0].values.any()


def flip_a_bit(file) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def test_a_damaged_shard_is_refused_when_it_is_read_with_the_commands_that_repair_it(tmp_path):
    path = write_training_set(tmp_path, CONDITIONS[0])
    expected = ha.open_dataset(SPECIMEN, CONDITIONS[0], root=tmp_path, verify=False)["mask"].values
    flip_a_bit(path / "counts/c/1/0/0")
    ds = ha.open_dataset(SPECIMEN, CONDITIONS[0], root=tmp_path)
    # the other shard, and other arrays, are what they were
    assert np.isfinite(ds["image"][:16].values).all()
    np.testing.assert_array_equal(ds["mask"].values, expected)
    commands = (
        rf"structures 16 to 25 .*\n.*hrtem repair training_sets/{SPECIMEN}/{re.escape(CONDITIONS[0])} --yes"
        rf"\n.*hrtem materialize training_sets --specimen {SPECIMEN}"
    )
    with pytest.raises(DamagedError, match=commands):
        ds["image"][20].values.sum()


@pytest.mark.parametrize("file", ["mean/c/0", "split/zarr.json", "x/c/0", "counts/zarr.json"])
def test_damaged_records_are_refused_on_opening(tmp_path, file):
    path = write_training_set(tmp_path, CONDITIONS[0])
    flip_a_bit(path / file)
    with pytest.raises(DamagedError, match="metadata, attributes, records or coordinates"):
        ha.open_dataset(SPECIMEN, CONDITIONS[0], root=tmp_path)


def test_the_set_of_another_condition_in_its_place_is_refused(tmp_path):
    other = write_training_set(tmp_path, CONDITIONS[1])
    shutil.move(str(other), str(other.with_name(f"{CONDITIONS[0]}.zarr")))
    with pytest.raises(
        StoreError, match=f"it is that of training_sets/{SPECIMEN}/{re.escape(CONDITIONS[1])}"
    ):
        ha.open_dataset(SPECIMEN, CONDITIONS[0], root=tmp_path)


def test_the_set_of_another_seed_in_place_of_the_published_one_is_refused(tmp_path):
    here, there = (
        write_training_set(tmp_path / name, CONDITIONS[0], campaign)
        for name, campaign in (("here", CAMPAIGN), ("there", with_overrides(CAMPAIGN, {"seed": 7})))
    )
    shutil.rmtree(str(here))
    shutil.copytree(str(there), str(here))
    named = f"training_sets/{SPECIMEN}/{re.escape(CONDITIONS[0])}"
    with pytest.raises(
        DamagedError, match=f"{named} is damaged: a store of recipe [0-9a-f]+ lies in its place"
    ):
        ha.open_dataset(SPECIMEN, CONDITIONS[0], root=tmp_path / "here")
    # a copy alone, without the notes of where it was made, is what it says it is
    assert ha.open_dataset(SPECIMEN, CONDITIONS[0], root=tmp_path / "there").image.shape
    shutil.copytree(str(there), tmp_path / "copy" / there.relative_to(tmp_path / "there"))
    assert ha.open_dataset(SPECIMEN, CONDITIONS[0], root=tmp_path / "copy").image.shape


def test_a_checked_set_can_be_sent_to_other_processes(root):
    ds = ha.open_dataset(SPECIMEN, CONDITIONS[0], root=root)
    xr.testing.assert_identical(pickle.loads(pickle.dumps(ds)).load(), ds.load())


def test_the_data_folder_is_the_one_that_the_environment_names(root, monkeypatch):
    monkeypatch.setenv("HRTEM_DATA", str(root))
    xr.testing.assert_identical(
        ha.open_dataset(SPECIMEN, CONDITIONS[0]), ha.open_dataset(SPECIMEN, CONDITIONS[0], root=root)
    )


def test_a_missing_set_is_an_error_that_names_the_command(root):
    command = f"hrtem materialize training_sets --specimen {SPECIMEN} --condition {re.escape(CONDITIONS[1])}"
    with pytest.raises(StoreError, match=command):
        ha.open_dataset(SPECIMEN, CONDITIONS[1], root=root)


def test_an_unknown_split_is_refused_with_the_known_ones(root):
    with pytest.raises(ValueError, match="'tset' must be one of 'train', 'validation', 'test'"):
        ha.open_dataset(SPECIMEN, CONDITIONS[0], split="tset", root=root)


def test_importing_the_package_imports_none_of_the_heavy_ones():
    heavy = "{'xarray', 'zarr', 'torch', 'dagster', 'abtem', 'matplotlib', 'scipy', 'numpy'}"
    program = f"import hrtem_assets, sys; print(sorted({heavy} & sys.modules.keys()))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_without_pytorch_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "hrtem_assets.training.torch_dataset", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'hrtem-assets\[torch\]'"):
        _ = ha.TorchDataset
