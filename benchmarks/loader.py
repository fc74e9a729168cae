"""Images per second of the training loader at full size, beside a plain xarray loop and HDF5, in one run."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
import xarray as xr

import hrtem_assets as ha
from benchmarks.clock import cpu_s
from hrtem_assets.campaign import load_campaign
from hrtem_assets.store import StorePath
from hrtem_assets_tests.training.sets import write_training_set

IMAGES, REPEATS, BATCH = 96, 5, 16
SPECIMEN, CONDITION = "CdSe-medium", "df-10nm_400e"
FIELDS = ("counts", "mask", "soft_label")
Sample = dict[str, np.ndarray]


def standardised_and_turned(sample: Sample, rng: np.random.Generator) -> Sample:
    """What a person writes: NumPy on whole arrays."""
    counts = sample["counts"].astype(np.float32)
    sample = {
        "image": (counts - counts.mean()) / counts.std(),
        "mask": sample["mask"],
        "soft_label": (sample["soft_label"] / 255).astype(np.float32),
    }
    turns, mirror = int(rng.integers(4)), int(rng.integers(2))
    return {
        name: np.ascontiguousarray(np.rot90(v[:, ::-1] if mirror else v, turns)) for name, v in sample.items()
    }


def xarray_loop(path: StorePath) -> Iterator[Sample]:
    rng = np.random.default_rng(0)
    with xr.open_zarr(path, mask_and_scale=False) as ds:
        for index in rng.permutation(IMAGES):
            row = ds.isel(structure=int(index))
            yield standardised_and_turned({name: row[name].values for name in FIELDS}, rng)


def hdf5_loop(path: Path) -> Iterator[Sample]:
    rng = np.random.default_rng(0)
    with h5py.File(path, "r") as file:
        for index in rng.permutation(IMAGES):
            yield standardised_and_turned({name: file[name][index] for name in FIELDS}, rng)


def to_hdf5(store: StorePath, target: Path, **compression: Any) -> Path:
    with xr.open_zarr(store, mask_and_scale=False) as ds, h5py.File(target, "w") as file:
        for name in FIELDS:
            values = ds[name].values
            file.create_dataset(name, data=values, chunks=(1, *values.shape[1:]), **compression)
    return target


def measured(load: Callable[[], Iterator[Any]]) -> tuple[float, float]:
    """Images per second by the clock, and CPU ms per image; each the median of several passes."""
    rates, costs = [], []
    for _ in range(REPEATS):
        clock, cpu, images = time.perf_counter(), cpu_s(), 0
        for sample in load():
            images += len(sample["image"]) if sample["image"].ndim == 4 else 1
        rates.append(images / (time.perf_counter() - clock))
        costs.append(1e3 * (cpu_s() - cpu) / images)
    return median(rates), median(costs)


def measure_loader() -> dict[str, Any]:
    """Every contender standardises, turns and mirrors image, mask and soft label of 512 x 512 pixels.

    Returns:
        `images`, and by contender `images_per_s` by the clock and `cpu_ms_per_image`.
    """
    from torch.utils.data import DataLoader

    campaign = load_campaign("paper", {"counts": {"train": IMAGES, "validation": 0}})
    with TemporaryDirectory() as folder:
        root = Path(folder)
        store = write_training_set(root, CONDITION, campaign, SPECIMEN)
        plain, gzip = (
            to_hdf5(store, root / f"{name}.h5", **compression)
            for name, compression in (("plain", {}), ("gzip", {"compression": "gzip", "shuffle": True}))
        )
        dataset = ha.TorchDataset((SPECIMEN, CONDITION), root=root)
        # all eight symmetries of every image: long enough that the start of workers does not count
        epoch = ha.TorchDataset((SPECIMEN, CONDITION), augment="all", root=root)
        contenders: dict[str, Callable[[], Iterator[Any]]] = {
            "xr.open_zarr, row by row": lambda: xarray_loop(store),
            "HDF5, gzip": lambda: hdf5_loop(gzip),
            "HDF5, not compressed": lambda: hdf5_loop(plain),
            "TorchDataset, sample by sample": lambda: map(dataset.__getitem__, range(len(dataset))),
            "DataLoader, no worker processes": lambda: iter(DataLoader(epoch, batch_size=BATCH)),
            "DataLoader, 2 worker processes": lambda: iter(
                DataLoader(epoch, batch_size=BATCH, num_workers=2)
            ),
            "TorchDataset.batches, 1 thread": lambda: epoch.batches(BATCH, threads=1),
            "TorchDataset.batches, 2 threads": lambda: epoch.batches(BATCH, threads=2),
        }
        found = {name: measured(load) for name, load in contenders.items()}
    return {
        "images": IMAGES,
        "contenders": {
            name: {"images_per_s": rate, "cpu_ms_per_image": cost} for name, (rate, cost) in found.items()
        },
    }
