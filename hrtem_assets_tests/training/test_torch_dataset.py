"""TorchDataset: fractions, mixtures, symmetries, and an order that does not depend on who loads."""

import warnings

import numpy as np
import pytest

import hrtem_assets as ha
from hrtem_assets.store.reading import StoreError
from hrtem_assets.training.images import dihedral_view
from hrtem_assets_tests.small import CONDITIONS, SPECIMEN, small_campaign
from hrtem_assets_tests.training.sets import CAMPAIGN, TRAIN, VALIDATION, write_training_set

torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra `torch`)")
from torch.utils.data import DataLoader  # noqa: E402

A, B = ((SPECIMEN, key) for key in CONDITIONS[:2])


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("sets")
    for seed, key in enumerate(CONDITIONS[:2]):
        write_training_set(root, key, seed=seed)
    return root


def same(one: dict, two: dict) -> bool:
    return one.keys() == two.keys() and all(np.array_equal(one[k], two[k]) for k in one)


def which(dataset) -> list[tuple[int, int]]:
    return [(s["source"], s["structure"]) for s in (dataset[i] for i in range(len(dataset)))]


def test_a_sample_is_the_image_and_labels_that_open_dataset_gives(root):
    expected = ha.open_dataset(*A, split="validation", root=root)
    dataset = ha.TorchDataset(A, "validation", root=root)
    assert len(dataset) == VALIDATION
    for i, sample in enumerate(dataset):
        assert sample["structure"] == int(expected.structure[i]) == TRAIN + i
        assert sample["image"].shape == (1, 32, 32)
        assert (sample["image"].dtype, sample["mask"].dtype) == (torch.float32, torch.bool)
        np.testing.assert_allclose(sample["image"][0], expected.image[i], atol=1e-5)
        np.testing.assert_array_equal(sample["mask"], expected.mask[i])
        np.testing.assert_allclose(sample["soft_label"], expected.soft_label[i], atol=1e-6)


def test_image_mask_and_soft_label_are_turned_alike(root):
    dataset = ha.TorchDataset(A, augment="all", root=root)
    plain = ha.open_dataset(*A, split="train", root=root).load()
    assert len(dataset) == 8 * TRAIN
    seen: dict[int, set[int]] = {}
    for i in range(len(dataset)):
        sample = dataset[i]
        own = plain.sel(structure=sample["structure"])
        (element,) = [
            g
            for g in range(8)
            if np.allclose(sample["image"][0], dihedral_view(own.image.values, g), atol=1e-5)
        ]
        np.testing.assert_array_equal(sample["mask"], dihedral_view(own.mask.values, element))
        np.testing.assert_allclose(
            sample["soft_label"], dihedral_view(own.soft_label.values, element), atol=1e-6
        )
        seen.setdefault(sample["structure"], set()).add(element)
    assert seen == {i: set(range(8)) for i in range(TRAIN)}


def test_fractions_are_nested_and_taken_of_every_source(root):
    few, more = (set(which(ha.TorchDataset([A, B], images=n, root=root))) for n in (4, 8))
    assert len(few) == 8
    assert few < more
    assert {structure for _, structure in few} == set(range(4))


def test_a_mixture_takes_of_each_source_what_is_asked(root):
    found = which(ha.TorchDataset({A: 5, B: 15}, root=root))
    assert len(set(found)) == 20
    assert [source for source, _ in found].count(0) == 5
    assert found != sorted(found)


@pytest.mark.filterwarnings("ignore:more than one epoch")
def test_order_and_symmetries_follow_from_seed_and_epoch_alone(root):
    one, two, other = (ha.TorchDataset([A, B], seed=seed, root=root) for seed in (3, 3, 4))
    for epoch in (0, 1):
        for dataset in (one, two, other):
            dataset.set_epoch(epoch)
        assert all(same(one[i], two[i]) for i in range(len(one)))
        assert sorted(which(one)) == sorted(which(other))
        assert which(one) != which(other)
    first = ha.TorchDataset([A, B], seed=3, root=root)
    assert which(first) != which(one)


@pytest.mark.parametrize("start", ["fork", "spawn", "forkserver"])
def test_workers_of_any_kind_load_what_one_process_loads_and_follow_the_epoch(root, start):
    dataset = ha.TorchDataset([A, B], seed=1, root=root)
    loader = DataLoader(
        dataset, batch_size=8, num_workers=2, multiprocessing_context=start, persistent_workers=True
    )
    for epoch in (0, 5):
        dataset.set_epoch(epoch)
        alone = list(DataLoader(dataset, batch_size=8))
        assert sum(map(same, loader, alone)) == len(alone) == 5


@pytest.mark.parametrize("threads", [1, 3])
def test_batches_from_threads_are_those_of_a_loader(root, threads):
    dataset = ha.TorchDataset({A: 20, B: 3}, augment="all", seed=1, root=root)
    for epoch in (0, 2):
        dataset.set_epoch(epoch)
        expected = list(DataLoader(dataset, batch_size=5))
        found = list(dataset.batches(5, threads=threads))
        assert len(found) == len(expected) == 37
        assert all(map(same, found, expected))
    assert len(list(dataset.batches(5, drop_last=True))) == 36


def test_batches_may_be_left_half_way(root):
    for batch in ha.TorchDataset(A, root=root).batches(2):
        assert len(batch["image"]) == 2
        break


def test_an_error_of_a_thread_reaches_the_one_who_waits(tmp_path):
    store = write_training_set(tmp_path, CONDITIONS[0])
    (store / "counts/c/0/0/0").write_bytes(bytes(5000))
    with pytest.raises(StoreError, match="not those that were written"):
        list(ha.TorchDataset(A, root=tmp_path).batches())


def test_fields_that_are_not_wanted_are_not_there(root):
    assert set(ha.TorchDataset(A, fields=("image",), root=root)[0]) == {
        "image",
        "source",
        "structure",
        "draw",
    }


def test_samples_count_from_the_end_too_and_slices_are_lists(root):
    dataset = ha.TorchDataset(A, root=root)
    assert same(dataset[-1], dataset[TRAIN - 1])
    assert all(map(same, dataset[4:0:-2], (dataset[4], dataset[2])))


def test_batches_count_epochs_and_go_on_from_one_that_is_chosen(root):
    one, two = (ha.TorchDataset(A, seed=5, root=root) for _ in range(2))
    epochs = [[batch["structure"].tolist() for batch in one.batches(4)] for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    two.set_epoch(2)
    assert [batch["structure"].tolist() for batch in two.batches(4)] == epochs[2]
    two.set_epoch(0)
    assert [batch["structure"].tolist() for batch in two.batches(4)] == epochs[0]
    assert [batch["structure"].tolist() for batch in two.batches(4)] == epochs[1]


@pytest.mark.filterwarnings("ignore:more than one epoch")
def test_an_epoch_that_is_asked_for_again_is_told(root):
    dataset = ha.TorchDataset(A, root=root)
    list(DataLoader(dataset, batch_size=8))
    with pytest.warns(UserWarning, match="call set_epoch before each epoch"):
        list(DataLoader(dataset, batch_size=8))
    held_out = ha.TorchDataset(A, "validation", root=root)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            list(held_out)


@pytest.mark.parametrize("augment", ["none", "random", "all"])
def test_crops_are_parts_of_the_image_alike_in_all_planes(root, augment):
    plain = ha.open_dataset(*A, split="train", root=root).load()
    dataset = ha.TorchDataset(A, augment=augment, crop_px=20, shuffle=False, root=root)
    corners = set()
    for sample in dataset[: 3 * TRAIN]:
        own = plain.sel(structure=sample["structure"])
        assert sample["image"].shape == (1, 20, 20)
        (found,) = {
            (y, x, g)
            for y in range(13)
            for x in range(13)
            for g in range(8)
            if np.allclose(
                sample["image"][0], dihedral_view(own.image.values[y : y + 20, x : x + 20], g), atol=1e-5
            )
        }
        y, x, g = found
        part = slice(y, y + 20), slice(x, x + 20)
        for name in ("mask", "soft_label"):
            np.testing.assert_allclose(sample[name], dihedral_view(own[name].values[part], g), atol=1e-6)
        corners.add((y, x))
    assert corners == {(6, 6)} if augment == "none" else len(corners) > 10


def test_crops_join_training_sets_whose_images_differ_in_size(root, tmp_path):
    large = small_campaign(counts={"train": 3, "validation": 0}, training_sets={"crop_px": 48})
    write_training_set(tmp_path, CONDITIONS[0])
    write_training_set(tmp_path, CONDITIONS[1], large)
    with pytest.raises(ValueError, match="choose those of one size, or give crop_px"):
        ha.TorchDataset([A, B], root=tmp_path)
    dataset = ha.TorchDataset([A, B], crop_px=32, root=tmp_path)
    assert {sample["image"].shape for sample in dataset} == {(1, 32, 32)}
    with pytest.raises(ValueError, match="crop_px = 40 must be from 1 to 32"):
        ha.TorchDataset([A, B], crop_px=40, root=tmp_path)


def test_structures_for_the_test_are_apart_from_all_others(tmp_path):
    campaign = small_campaign(counts={"train": 4, "validation": 3, "test": 2}, training_sets={"crop_px": 32})
    write_training_set(tmp_path, CONDITIONS[0], campaign)
    found = {
        split: {s["structure"] for s in ha.TorchDataset(A, split, root=tmp_path)}
        for split in ("train", "validation", "test")
    }
    assert found == {"train": {0, 1, 2, 3}, "validation": {4, 5, 6}, "test": {7, 8}}
    assert ha.open_dataset(*A, split="test", root=tmp_path).structure.values.tolist() == [7, 8]


def test_any_function_of_a_sample_may_transform_it(root):
    def halved(sample):
        return {name: v[..., ::2, ::2] if hasattr(v, "shape") else v for name, v in sample.items()}

    dataset = ha.TorchDataset(A, shuffle=False, augment="none", transform=halved, root=root)
    plain = ha.TorchDataset(A, shuffle=False, augment="none", root=root)
    np.testing.assert_array_equal(dataset[3]["mask"], plain[3]["mask"][::2, ::2])
    batches = list(dataset.batches(8))
    assert [batch["image"].shape for batch in batches] == [(8, 1, 16, 16), (8, 1, 16, 16), (4, 1, 16, 16)]
    with pytest.raises(ValueError, match="a function takes a sample and returns one"):
        ha.TorchDataset(A, transform=lambda sample: sample["image"], root=root)[0]


def test_no_sample_lies_beyond_the_end(root):
    dataset = ha.TorchDataset(A, root=root)
    with pytest.raises(IndexError, match="sample 20 of 20"):
        dataset[20]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sources": {A: 21}}, "21 train images of CdSe-small at df-10nm_400e are wanted; it holds 20"),
        ({"sources": A, "images": 0}, "ask for 1 to 20"),
        ({"sources": {A: 2}, "images": 2}, "exclude each other"),
        ({"sources": []}, "sources is empty"),
        ({"sources": A, "augment": "twice"}, "augment: 'twice' is not one of 'none', 'random', 'all'"),
        ({"sources": A, "fields": ("phase",)}, "fields: 'phase' is not one of"),
        ({"sources": A, "fields": ()}, "fields is empty"),
        ({"sources": A, "split": "tset"}, "split = 'tset' must be one of"),
        ({"sources": A, "split": "test"}, "no structure of CdSe-small is for it; give counts.test"),
        ({"sources": A, "crop_px": 33}, "crop_px = 33 must be from 1 to 32"),
        ({"sources": A, "fields": ("boxes",)}, "fields: 'boxes' is not one of"),
    ],
)
def test_bad_arguments_are_refused_in_words(root, arguments, words):
    with pytest.raises(ValueError, match=words):
        ha.TorchDataset(**arguments, root=root)


def test_a_missing_set_is_an_error_that_names_the_command(root):
    with pytest.raises(StoreError, match="hrtem materialize training_sets --specimen CdSe-small"):
        ha.TorchDataset((SPECIMEN, CONDITIONS[2]), root=root)


def test_images_of_two_sizes_are_refused(root, tmp_path):
    counts = CAMPAIGN.counts.model_dump()
    larger = small_campaign(counts=counts, training_sets={"crop_px": 64})
    write_training_set(tmp_path, CONDITIONS[0])
    write_training_set(tmp_path, CONDITIONS[1], larger)
    with pytest.raises(ValueError, match="differ in size"):
        ha.TorchDataset([A, B], root=tmp_path)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_of_a_data_loader_hold_the_samples_bit_for_bit(root, workers):
    wanted = ha.TorchDataset(A, seed=5, root=root)
    loader = DataLoader(ha.TorchDataset(A, seed=5, root=root), batch_size=3, num_workers=workers)
    seen = 0
    for batch in loader:
        for k in range(len(batch["image"])):
            sample = wanted[seen]
            assert batch.keys() == sample.keys()
            for name, value in sample.items():
                assert torch.equal(batch[name][k], torch.as_tensor(value))
            seen += 1
    assert seen == len(wanted)


def test_samples_of_different_batches_are_collated_as_any_others(root):
    images = ha.TorchDataset(A, seed=5, root=root)
    (first, _), (_, second) = images.__getitems__([0, 1]), images.__getitems__([2, 3])
    batch = torch.utils.data.default_collate([first, second])
    assert torch.equal(batch["image"][0], images[0]["image"])
    assert torch.equal(batch["image"][1], images[3]["image"])
    assert batch["structure"].tolist() == [images[k]["structure"] for k in (0, 3)]


def test_counts_are_handed_out_where_they_are_asked_for(root):
    plain = ha.open_dataset(*A, split="validation", root=root)
    (sample, *_) = ha.TorchDataset(A, "validation", fields=("counts", "mask"), root=root)
    assert sample["counts"].dtype == torch.float32
    np.testing.assert_array_equal(sample["counts"], plain.counts[0])
    assert "counts" not in ha.TorchDataset(A, "validation", root=root)[0]
