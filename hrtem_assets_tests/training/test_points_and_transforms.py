"""Boxes, columns of atoms and the transforms of two libraries: everything stays where it is on the image."""

from importlib.util import find_spec

import dagster as dg
import numpy as np
import pytest

import hrtem_assets as ha
from hrtem_assets.assets import ASSETS
from hrtem_assets.definitions import build_defs
from hrtem_assets.labels.columns import Columns, column_map
from hrtem_assets.labels.plane import LabelSource
from hrtem_assets.labels.planes.column_map import SIGMA_A
from hrtem_assets.labels.registry import PLANES, TABLES
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets_tests.small import SPECIMEN, small_campaign

torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra `torch`)")

SHARP = (SPECIMEN, "df-10nm_400e")
BINNED = (SPECIMEN, "binned")
RAGGED = ("boxes", "points", "image", "instances", "classes", "column_map")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Training sets whose structures are given columns at random: orientations that have some are rare."""
    root = tmp_path_factory.mktemp("points")
    campaign = small_campaign(
        labels={"planes": list(PLANES), "tables": list(TABLES)},
        training_sets={"crop_px": 120},
        counts={"train": 3, "validation": 1},
        conditions=[
            {"defocus_nm": -10, "dose_e_per_a2": 400},
            {
                "name": "binned",
                "defocus_nm": -10,
                "dose_e_per_a2": 400,
                "detector": {"binning": 2},
                "frame": {"sampling_a": {"uniform": [0.15, 0.2]}},
            },
        ],
    )
    patch = pytest.MonkeyPatch()
    patch.setattr(LabelSource, "columns", property(_columns))
    patch.setenv("HRTEM_WORKERS", "1")
    materialize(
        build_defs(campaign, root),
        dg.DagsterInstance.ephemeral(),
        tuple(ASSETS),
        SPECIMEN,
        [SHARP[1], BINNED[1]],
    )
    patch.undo()
    return root


def transforms_of_torchvision():
    """The second version of its transforms, where it is installed, even if it was compiled for another device than
    PyTorch: they use nothing of that.
    """
    if find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    if torch.version.cuda is None:
        for operator in ("nms", "qnms"):
            torch.library.define(f"torchvision::{operator}", "(Tensor a, Tensor b, float c) -> Tensor")
    from torchvision.transforms import v2

    return v2


def _columns(source: LabelSource) -> Columns:
    # never nearer than two spots of the map
    grid = np.stack(np.meshgrid(np.arange(3.0, 49, 4), np.arange(3.0, 49, 4)), axis=-1).reshape(-1, 2)
    places = grid + np.random.default_rng(1).uniform(-0.8, 0.8, grid.shape)
    kinds = np.arange(len(grid))
    return Columns(places, 1 + kinds % 7, 34 + 14 * (kinds % 2), 0 * kinds)


def assert_points_are_spots(sample, least):
    """Points lie on spots of the map, but where a rotation has turned the image's edge into the picture."""
    heat, (height, width) = sample["column_map"].numpy(), sample["column_map"].shape
    places = np.clip(np.rint(sample["points"].numpy()), 0, (width - 1, height - 1)).astype(int)
    assert len(places) > 3
    found = heat[places[:, 1], places[:, 0]]
    assert np.mean(found > least) > 0.9
    assert np.median(found) > 0.85 * heat.max()


def assert_boxes_are_instances(sample):
    numbers = sample["box_instances"].tolist()
    assert numbers == sorted(set(np.unique(sample["instances"])) - {0})
    for number, box in zip(numbers, sample["boxes"].tolist(), strict=True):
        y, x = np.nonzero(sample["instances"].numpy() == number)
        assert box == [x.min(), y.min(), x.max() + 1, y.max() + 1]


@pytest.mark.parametrize("source", [SHARP, BINNED])
@pytest.mark.parametrize("crop_px", [None, 60])
def test_points_and_boxes_follow_crops_and_symmetries(root, source, crop_px):
    dataset = ha.TorchDataset(source, augment="all", crop_px=crop_px, fields=RAGGED, seed=2, root=root)
    for sample in dataset:
        assert_points_are_spots(sample, 0.75 if source == SHARP else 0.4)
        assert_boxes_are_instances(sample)
        assert (sample["box_classes"] >= 2).all()
    # every column that the map shows is among the points
    sample = ha.TorchDataset(source, augment="none", shuffle=False, fields=RAGGED, root=root)[0]
    sampling_a = 0.2 if source == SHARP else 0.35
    drawn = column_map(
        sample["points"].numpy() * sampling_a, sampling_a, sample["column_map"].shape[0], SIGMA_A
    )
    assert np.corrcoef(drawn.ravel(), sample["column_map"].numpy().ravel())[0, 1] > 0.85
    assert set(zip(sample["point_atoms"].tolist(), sample["point_numbers"].tolist(), strict=True)) <= {
        (1 + k % 7, 34 + 14 * (k % 2)) for k in range(14)
    }


def test_batches_hold_lists_of_what_differs_in_length(root):
    dataset = ha.TorchDataset(SHARP, fields=("image", "boxes", "points"), root=root)
    (batch,) = dataset.batches(3)
    assert batch["image"].shape == (3, 1, 120, 120)
    assert set(batch) == {
        *("image", "boxes", "box_instances", "points", "point_atoms", "point_numbers"),
        *("source", "structure", "draw"),
    }
    assert [len(p) for p in batch["points"]] == [len(n) for n in batch["point_numbers"]]
    assert [len(b) for b in batch["boxes"]] == [len(n) for n in batch["box_instances"]]


def test_albumentations_moves_image_planes_points_and_boxes_together(root):
    A = pytest.importorskip("albumentations")
    turn = A.Compose(
        [A.RandomCrop(96, 96), A.Affine(rotate=(20, 20), p=1), A.HorizontalFlip(p=0.5)],
        keypoint_params=A.KeypointParams(format="xy", remove_invisible=False),
        seed=3,
    )
    dataset = ha.TorchDataset(SHARP, augment="none", fields=RAGGED, transform=turn, root=root)
    for sample in dataset:
        assert sample["image"].shape == (1, 96, 96)
        assert sample["instances"].dtype == torch.int64
        assert_points_are_spots(sample, 0.5)
        assert_boxes_are_instances(sample)
    with pytest.raises(ValueError, match="points need Compose"):
        ha.TorchDataset(SHARP, fields=RAGGED, transform=A.Compose([A.HorizontalFlip()]), root=root)[0]
    with pytest.raises(ValueError, match="exit_wave cannot be transformed by this library"):
        ha.TorchDataset(SHARP, transform=turn, root=root)[0]


def test_torchvision_moves_image_planes_points_and_boxes_together(root):
    v2 = transforms_of_torchvision()
    turn = v2.Compose([v2.RandomCrop(96), v2.RandomHorizontalFlip(1.0), v2.RandomRotation((30, 30))])
    fields = (*RAGGED, "mask", "thickness")
    dataset = ha.TorchDataset(SHARP, augment="none", fields=fields, transform=turn, root=root)
    for sample in dataset:
        assert type(sample["image"]) is type(sample["mask"]) is torch.Tensor
        assert sample["image"].shape == (1, 96, 96)
        assert sample["mask"].dtype == torch.bool
        assert_points_are_spots(sample, 0.5)
        assert_boxes_are_instances(sample)
        np.testing.assert_array_equal(sample["mask"], sample["instances"] > 0)


def test_a_transform_that_is_no_function_is_refused_at_once(root):
    with pytest.raises(ValueError, match="transform = 3 is no function"):
        ha.TorchDataset(SHARP, transform=3, root=root)  # type: ignore[arg-type]
