"""One training set in a notebook: standardised images, masks and labels as a lazy xarray Dataset."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hrtem_assets.stages.training_sets import SPLITS
from hrtem_assets.store.layout import Layout, PartitionId, layout_from_environment
from hrtem_assets.store.places import place_at
from hrtem_assets.store.reading import StoreInfo, find_store, open_store

if TYPE_CHECKING:
    import xarray as xr


def open_dataset(
    specimen: str,
    condition: str,
    split: str | None = None,
    root: str | Path | None = None,
    assets: str | Path | None = None,
) -> "xr.Dataset":
    """Open a training set; nothing is read before it is used.

    Args:
        specimen: specimen key such as `CdSe-medium`.
        condition: condition key such as `df-10nm_400e`.
        split: `train` or `validation`; both if None.
        root: folder of everything written; by default `HRTEM_DATA`, or `data` in the working directory.
        assets: folder or URL of the stores, such as `s3://bucket/prefix`; by default `assets` under `root` if that is
            given, or else `HRTEM_ASSETS`.

    Returns:
        `image` float32 (structure, y, x) with mean 0 and variance 1 each; `mask` bool, `soft_label` 0 to 1 and
        `counts` alike; what is known of each image; `y` and `x` in Å from the corner of the simulated cell.

    Raises:
        StoreError: if the training set has not been made; names the command that makes it.
        ValueError: if there is no such split.
    """
    info = find_training_set(specimen, condition, root, assets)
    code = split_code(split) if split is not None else None
    ds = open_store(info.path)
    if code is not None:
        ds = ds.isel(structure=np.flatnonzero(ds["split"].values == code))
    std = ds["std"].where(ds["std"] > 0, np.inf)
    image = ((ds["counts"] - ds["mean"]) / std).astype(np.float32)
    image.attrs = {"units": "1", "long_name": "image with mean 0 and variance 1"}
    return ds.assign(image=image)


def find_training_set(
    specimen: str, condition: str, root: str | Path | None = None, assets: str | Path | None = None
) -> StoreInfo:
    """The finished store of a training set.

    Raises:
        StoreError: if it has not been made; names the command that makes it.
    """
    layout = layout_from_environment() if root is None else Layout(Path(root).expanduser())
    if assets is not None:
        layout = Layout(layout.root, place_at(str(assets)))
    return find_store(layout, PartitionId("training_sets", specimen, condition))


def split_code(split: str) -> int:
    """The number that stands for a split in the stores.

    Raises:
        ValueError: if there is no such split.
    """
    if split not in SPLITS:
        raise ValueError(f"split = {split!r} must be one of {', '.join(map(repr, SPLITS))}, or None for all")
    return SPLITS.index(split)
