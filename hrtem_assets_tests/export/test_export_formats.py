"""Every export is read back by the library that it is for, and holds the store's numbers."""

import csv
import tarfile

import numpy as np
import pytest
import xarray as xr

from hrtem_assets.export.formats import FORMATS
from hrtem_assets_tests.export.conftest import CONDITION, STRUCTURES
from hrtem_assets_tests.small import SPECIMEN

IMAGE_FORMATS = [name for name, form in FORMATS.items() if form.asset == "training_sets"]


@pytest.fixture
def stored(exported) -> xr.Dataset:
    return xr.open_zarr(exported.training_set, mask_and_scale=False).load()


@pytest.mark.parametrize("lazy", [False, True])
def test_hyperspy_opens_calibrated_signals_with_a_navigation_axis_of_images(exported, stored, lazy):
    import hyperspy.api as hs

    signals = hs.load(exported.folder("hdf5") / "images.hspy", lazy=lazy)
    assert [s.metadata.General.title.split()[0] for s in signals] == [
        "counts",
        "mask",
        "soft_label",
        "instances",
    ]
    for signal, name in zip(signals, ("counts", "mask", "soft_label", "instances"), strict=True):
        assert type(signal).__name__ == ("LazySignal2D" if lazy else "Signal2D")
        np.testing.assert_array_equal(signal.data, stored[name])
        (images,) = signal.axes_manager.navigation_axes
        assert (images.name, images.size) == ("image", 76)
        for axis in signal.axes_manager.signal_axes:
            assert axis.units == "Å"
            np.testing.assert_allclose(axis.axis, stored[axis.name])
    assert signals[0].metadata.Acquisition_instrument.TEM.beam_energy == 300


@pytest.mark.parametrize("lazy", [False, True])
def test_hyperspy_shows_the_table_of_images_with_exact_seeds(exported, stored, lazy):
    import hyperspy.api as hs

    counts, *_ = hs.load(exported.folder("hdf5") / "images.hspy", lazy=lazy)
    table = counts.original_metadata.table
    np.testing.assert_array_equal(table.defocus_nm, stored.defocus)
    np.testing.assert_array_equal(table.image_seed, stored.image_seed)
    assert table.image_seed.dtype == np.uint64
    assert list(table.split) == 70 * ["train"] + 6 * ["validation"]


def test_imagej_would_see_calibrated_stacks_with_a_label_per_slice(exported, stored):
    import tifffile

    scales = {"counts": 1, "mask": 255, "soft_label": 1}
    for name, scale in scales.items():
        with tifffile.TiffFile(exported.folder("tiff") / f"{name}.tif") as file:
            assert file.is_imagej
            metadata = file.imagej_metadata
            assert metadata is not None
            assert metadata["unit"] == "nm"
            assert metadata["slices"] == 76
            assert metadata["Labels"][70] == "structure 70, validation, +4.50 nm"
            for pixels_per_nm in file.pages.first.resolution:
                assert 1 / pixels_per_nm == pytest.approx(0.02)
            np.testing.assert_array_equal(file.asarray(), scale * stored[name].values.astype(int))


def test_tiff_stacks_can_be_mapped_without_being_loaded(exported, stored):
    import tifffile

    stack = tifffile.memmap(exported.folder("tiff") / "counts.tif", mode="r")
    np.testing.assert_array_equal(stack[41], stored.counts[41])


@pytest.mark.parametrize("split", ["train", "validation"])
def test_webdataset_streams_every_image_of_a_split_with_mask_label_and_row(exported, stored, split):
    import webdataset

    shards = sorted(map(str, exported.folder("webdataset").glob(f"{split}-*.tar")))
    assert len(shards) == {"train": 2, "validation": 1}[split]
    samples = list(webdataset.WebDataset(shards, shardshuffle=False).decode("l8"))
    wanted = range(70) if split == "train" else range(70, 76)
    assert [s["__key__"] for s in samples] == [f"{SPECIMEN}_df-02p5nm_400e_{i:06d}" for i in wanted]
    for index, sample in zip(wanted, samples, strict=True):
        np.testing.assert_array_equal(sample["counts.npy"], stored.counts[index])
        assert sample["counts.npy"].dtype == np.uint16
        np.testing.assert_array_equal(sample["mask.png"], 255 * stored.mask[index].values)
        np.testing.assert_array_equal(sample["soft_label.png"], stored.soft_label[index])
        row = sample["json"]
        assert (row["specimen"], row["condition"], row["split"]) == (SPECIMEN, CONDITION, split)
        assert row["defocus_nm"] == float(stored.defocus[index])
        assert row["image_seed"] == 2**64 - 1 - index


def test_tar_members_carry_no_time_and_no_owner(exported):
    with tarfile.open(exported.folder("webdataset") / "train-000000.tar") as tar:
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in tar} == {(0, 0, 0, "", "")}


def read_xyz(path):
    import ase.io

    return ase.io.read(path, format="extxyz")


def test_ase_reads_atoms_cell_particles_and_faults(exported):
    faults = 0
    with xr.open_zarr(exported.structures) as ds:
        for index in range(STRUCTURES):
            path = exported.folder("xyz") / "structures" / f"{index:06d}.extxyz.gz"
            atoms, one = read_xyz(path), ds.isel(structure=index).load()
            n, placed = int(one.atom_count), int(one.particle_count)
            np.testing.assert_allclose(atoms.positions, one.positions[:n], atol=1e-6)
            np.testing.assert_array_equal(atoms.numbers, one.numbers[:n])
            np.testing.assert_array_equal(atoms.arrays["particle"], one.particle[:n])
            assert atoms.pbc.tolist() == [True, True, False]
            np.testing.assert_allclose(atoms.cell.lengths()[:2], 51.2)
            assert atoms.cell.lengths()[2] >= atoms.positions[:, 2].max()
            np.testing.assert_allclose(atoms.info["particle_radius_a"], one.radius[:placed])
            np.testing.assert_allclose(atoms.info["particle_center_a"], one.center[:placed])
            np.testing.assert_allclose(atoms.info["particle_quaternion_xyzw"], one.quaternion[:placed])
            assert int(atoms.info["seed_hex"], 16) == int(one.seed)
            planes = one.fault_plane[:placed].values
            np.testing.assert_allclose(atoms.info["fault_plane_a"], planes[np.isfinite(planes)])
            np.testing.assert_array_equal(atoms.info["fault_particle"], np.nonzero(np.isfinite(planes))[0])
            faults += len(atoms.info["fault_plane_a"])
    assert faults


@pytest.mark.parametrize("form", IMAGE_FORMATS)
def test_the_table_holds_every_number_of_every_image_exactly(exported, stored, form):
    with (exported.folder(form) / "table.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(r["structure"]) for r in rows] == list(range(76))
    assert [r["split"] for r in rows] == 70 * ["train"] + 6 * ["validation"]
    columns = {
        "defocus_nm": "defocus",
        "exit_plane_defocus_a": "exit_plane_defocus",
        "dose_e_per_a2": "dose",
        "mean_electrons": "mean",
        "std_electrons": "std",
        "mask_fraction": "mask_fraction",
    }
    for column, variable in columns.items():
        assert [float(r[column]) for r in rows] == stored[variable].values.tolist()
    assert [int(r["image_seed"]) for r in rows] == stored.image_seed.values.tolist()
    assert not {"digest", "seconds", "committed_at", "run"} & rows[0].keys()
