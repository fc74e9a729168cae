"""What a notebook asks for: a list of what was made, any store of it, and pictures the right way up."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest

import hrtem_assets as ha
from hrtem_assets.store.reading import StoreError
from hrtem_assets.store.schema import BOOKKEEPING
from hrtem_assets_tests.small import CONDITIONS, SPECIMEN, small_campaign
from hrtem_assets_tests.training.sets import write_training_set

mpl.use("Agg")
A = (SPECIMEN, CONDITIONS[0])


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("sets")
    campaign = small_campaign(counts={"train": 2, "validation": 1}, training_sets={"crop_px": 64})
    for key in CONDITIONS[:2]:
        write_training_set(root, key, campaign)
    return root


def test_dir_shows_what_there_is_to_use():
    assert {"list", "open", "open_dataset", "plot", "TorchDataset", "__version__"} <= set(dir(ha))
    program = (
        "import io; from hrtem_assets import *; print(list((1, 2)), open is io.open, open_dataset.__name__)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["[1,", "2]", "True", "open_dataset"]


def test_the_list_holds_every_store_that_was_made(root):
    table = ha.list(root)
    assert list(table.columns) == ["asset", "specimen", "condition", "structures", "made"]
    assert sorted(table.condition) == sorted(CONDITIONS[:2])
    assert set(table.structures) == {3}
    assert len(ha.list(root / "nothing")) == 0


def test_any_store_opens_in_its_stored_types_without_its_bookkeeping(root):
    ds = ha.open("training_sets", *A, root=root)
    assert (ds.soft_label.dtype, ds["mask"].dtype, ds.counts.dtype) == ("uint8", "bool", "uint16")
    assert ds.soft_label.attrs["scale_factor"] == pytest.approx(1 / 255)
    assert not BOOKKEEPING & set(ds)
    assert not BOOKKEEPING & set(ha.open_dataset(*A, root=root))


def test_labels_in_steps_take_four_bytes_and_go_from_zero_to_one(root):
    steps, ds = ha.open("training_sets", *A, root=root).soft_label, ha.open_dataset(*A, root=root)
    assert ds.soft_label.dtype == np.float32
    np.testing.assert_allclose(ds.soft_label, steps / 255, atol=1e-7)
    assert float(ds.soft_label.max()) == 1
    assert "scale_factor" not in ds.soft_label.attrs


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("training_sets", "CdSe-smal", CONDITIONS[0]), "did you mean training_sets/CdSe-small/df-10nm_400e"),
        (("training_sets", SPECIMEN, "df-10nm_40e"), "did you mean training_sets/CdSe-small/df-10nm_400e"),
        (("trainingsets", *A), "asset = 'trainingsets' is none; did you mean training_sets?"),
        (("waves", SPECIMEN), "asset = 'waves' is none; did you mean exit_waves?"),
        (("training_sets", SPECIMEN), "training_sets has one; name it"),
        (("labels", *A), "labels are the same under every condition; leave it out"),
    ],
)
def test_misspelt_names_are_refused_with_those_that_are_meant(root, arguments, words):
    with pytest.raises((StoreError, ValueError)) as caught:
        ha.open(*arguments, root=root)
    assert words in str(caught.value)
    if arguments[0] == "training_sets" and len(arguments) == 3:
        with pytest.raises(StoreError) as caught:
            ha.open_dataset(arguments[1], arguments[2], root=root)
        assert words in str(caught.value)


def test_the_first_row_is_drawn_on_top_in_grey_with_a_bar_and_the_masks_outline(root):
    ds = ha.open_dataset(*A, root=root)
    axes = ha.plot(ds, 1)
    (picture,) = axes.get_images()
    assert picture.origin == "upper"
    assert axes.yaxis_inverted()
    assert picture.get_cmap().name == "gray"
    np.testing.assert_allclose(np.asarray(picture.get_array()), ds.image[1].values)
    assert axes.get_title().startswith("image: structure 1, -9.9 nm, 400 e/Å²")
    # 64 pixels of 0.2 Å: a quarter of their width is 0.32 nm
    assert [text.get_text() for text in axes.texts] == ["0.2 nm"]
    line = np.asarray(axes.lines[-1].get_xdata(), float)
    assert line[1] - line[0] == pytest.approx(10)
    # the block of the mask: the upper half of the first quarter of columns
    outline = np.concatenate([np.asarray(p.vertices) for p in axes.collections[0].get_paths()])
    assert outline.max() == pytest.approx(31.5, abs=0.6)
    assert not ha.plot(ds, 0, "counts", []).collections


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((0, "imag"), "did you mean image?"), ((0, "image", ["msk"]), "did you mean mask?")],
)
def test_planes_that_are_not_there_are_refused(root, arguments, words):
    with pytest.raises(ValueError, match=words):
        ha.plot(ha.open_dataset(*A, root=root), *arguments)


def test_what_has_no_pixels_is_refused(root):
    with pytest.raises(ValueError, match="nothing to draw"):
        ha.plot(ha.open_dataset(*A, root=root)[["defocus"]])
