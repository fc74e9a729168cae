"""open_dataset: standardised, lazy, by split, with axes in Å and errors that name the command."""

import re
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
import zarr

import hrtem_assets as ha
from hrtem_assets.store.reading import StoreError
from hrtem_assets_tests.delivery.sets import TRAIN, VALIDATION, write_training_set
from hrtem_assets_tests.small import CONDITIONS, SPECIMEN


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
    assert not ha.open_dataset(SPECIMEN, CONDITIONS[0], root=tmp_path).image[0].values.any()


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
    with pytest.raises(ValueError, match="'test' must be one of 'train', 'validation'"):
        ha.open_dataset(SPECIMEN, CONDITIONS[0], split="test", root=root)


def test_importing_the_package_imports_none_of_the_heavy_ones():
    heavy = "{'xarray', 'zarr', 'torch', 'dagster', 'abtem', 'matplotlib', 'scipy', 'numpy'}"
    program = f"import hrtem_assets, sys; print(sorted({heavy} & sys.modules.keys()))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_without_pytorch_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "hrtem_assets.delivery.torch_dataset", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'hrtem-assets\[torch\]'"):
        _ = ha.TorchDataset
