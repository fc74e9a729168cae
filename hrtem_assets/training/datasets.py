"""One training set in a notebook: standardised images, masks and labels as a lazy xarray Dataset."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hrtem_assets.assets.training_sets import SPLITS
from hrtem_assets.store import CheckedStore, PartitionId, StoreInfo, StoreReader
from hrtem_assets.training.notebook import find_made, layout_of, without_bookkeeping

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
        split: `train`, `validation`, or `test` where the campaign has `counts.test`; all if None.
        root: folder of everything written; by default `HRTEM_DATA`, or `data` in the working directory.
        assets: folder or URL of the stores, such as `s3://bucket/prefix`; by default `assets` under `root` if that is
            given, or else `HRTEM_ASSETS`.
        verify: hold records against the store's seal now, and the file of each shard of 16 images against its digest
            when it is first read (docs/maintenance.md says what that costs); without it damage shows as wrong
            values, or not at all.

    Images that could not be made are left out; the coordinate `structure` says of which structure each is. Where a
    structure has several images, the coordinate `draw` numbers them, and `ds.sel(structure=3)` gives all of them.

    Returns:
        `image` float32 (structure, y, x) with mean 0 and variance 1 each; `mask` bool, `soft_label` float32 from 0 to
        1, `counts` and all further labels alike; what is known of each image; `y` and `x` in Å from the corner of the
        simulated cell.

    Raises:
        StoreError: if the training set has not been made; names the command that makes it.
        DamagedError: if it is not what was written, now or when a damaged shard is read; names the repair.
        ValueError: if there is no such split.
    """
    info = find_training_set(specimen, condition, root, assets, verify)
    store = CheckedStore(info.path, once=True) if verify else StoreReader(info.path)
    code = split_code(split, store) if split is not None else None
    ds = without_bookkeeping(store.dataset(mask_and_scale=False)).isel(structure=info.made)
    for name in store.planes():
        if "scale_factor" in ds[name].attrs:
            # xarray would take twice the bytes for the same steps
            ds[name] = _scaled(ds[name])
    if code is not None:
        ds = ds.isel(structure=np.flatnonzero(ds["split"].values == code))
    std = ds["std"].where(ds["std"] > 0, np.inf)
    image = ((ds["counts"] - ds["mean"]) / std).astype(np.float32)
    image.attrs = {"units": "1", "long_name": "image with mean 0 and variance 1"}
    return ds.assign(image=image)


def _scaled(label: "xr.DataArray") -> "xr.DataArray":
    """A label that is stored in steps, in single precision."""
    attributes = dict(label.attrs)
    factor, offset = (np.float32(attributes.pop(n, d)) for n, d in (("scale_factor", 1), ("add_offset", 0)))
    scaled = label.astype(np.float32) * factor + offset
    scaled.attrs = attributes
    return scaled


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
    return find_made(layout_of(root, assets), PartitionId("training_sets", specimen, condition), verify)


def split_code(split: str, store: StoreReader) -> int:
    """The number that stands for a split in a training set.

    Raises:
        ValueError: if there is no such split.
    """
    if split not in SPLITS:
        raise ValueError(f"split = {split!r} must be one of {', '.join(map(repr, SPLITS))}, or None for all")
    code = SPLITS.index(split)
    if code not in store.array("split").attrs.get("flag_values", range(len(SPLITS))):  # type: ignore[operator]
        raise ValueError(
            f"split = {split!r}: no structure of {store.info.recipe.specimen} is for it; give counts.{split} in the "
            f"campaign, and make the partition again"
        )
    return code
