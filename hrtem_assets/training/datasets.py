"""One training set in a notebook: standardised images, masks and labels as a lazy xarray Dataset."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hrtem_assets.assets.training_sets import SPLITS
from hrtem_assets.store import (
    CheckedStore,
    Layout,
    PartitionId,
    StoreInfo,
    StoreReader,
    find_store,
    layout_from_environment,
    store_path,
)
from hrtem_assets.store.ledger import find_published

if TYPE_CHECKING:
    import xarray as xr


def open_dataset(
    specimen: str,
    condition: str,
    split: str | None = None,
    root: str | Path | None = None,
    assets: str | Path | None = None,
    verify: bool = True,
) -> "xr.Dataset":
    """Open a training set; nothing is read before it is used.

    Args:
        specimen: specimen key such as `CdSe-medium`.
        condition: condition key such as `df-10nm_400e`.
        split: `train` or `validation`; both if None.
        root: folder of everything written; by default `HRTEM_DATA`, or `data` in the working directory.
        assets: folder or URL of the stores, such as `s3://bucket/prefix`; by default `assets` under `root` if that is
            given, or else `HRTEM_ASSETS`.
        verify: hold records against the store's seal now, and the file of each shard of 16 images against its digest
            when it is first read (docs/maintenance.md says what that costs); without it damage shows as wrong
            values, or not at all.

    Structures that could not be made are left out; the coordinate `structure` says which are there.

    Returns:
        `image` float32 (structure, y, x) with mean 0 and variance 1 each; `mask` bool, `soft_label` 0 to 1 and
        `counts` alike; what is known of each image; `y` and `x` in Å from the corner of the simulated cell.

    Raises:
        StoreError: if the training set has not been made; names the command that makes it.
        DamagedError: if it is not what was written, now or when a damaged shard is read; names the repair.
        ValueError: if there is no such split.
    """
    info = find_training_set(specimen, condition, root, assets, verify)
    code = split_code(split) if split is not None else None
    store = CheckedStore(info.path, once=True) if verify else StoreReader(info.path)
    ds = store.dataset().isel(structure=info.made)
    if code is not None:
        ds = ds.isel(structure=np.flatnonzero(ds["split"].values == code))
    std = ds["std"].where(ds["std"] > 0, np.inf)
    image = ((ds["counts"] - ds["mean"]) / std).astype(np.float32)
    image.attrs = {"units": "1", "long_name": "image with mean 0 and variance 1"}
    return ds.assign(image=image)


def find_training_set(
    specimen: str,
    condition: str,
    root: str | Path | None = None,
    assets: str | Path | None = None,
    verify: bool = True,
) -> StoreInfo:
    """The finished store of a training set.

    Args:
        specimen: specimen key.
        condition: condition key.
        root: as for `open_dataset`.
        assets: as for `open_dataset`.
        verify: refuse another store in its place than the one that was published there.

    Raises:
        StoreError: if it has not been made; names the command that makes it.
        DamagedError: if another lies in its place; names the repair.
    """
    layout = layout_from_environment() if root is None else Layout(Path(root).expanduser())
    if assets is not None:
        layout = Layout(layout.root, store_path(str(assets)))
    find = find_published if verify else find_store
    return find(layout, PartitionId("training_sets", specimen, condition))


def split_code(split: str) -> int:
    """The number that stands for a split in the stores.

    Raises:
        ValueError: if there is no such split.
    """
    if split not in SPLITS:
        raise ValueError(f"split = {split!r} must be one of {', '.join(map(repr, SPLITS))}, or None for all")
    return SPLITS.index(split)
