"""What was made, as a notebook looks at it: a list of it, any store of it, and pictures."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.partitions import finished_partitions
from hrtem_assets.store import (
    BOOKKEEPING,
    CheckedStore,
    Layout,
    PartitionId,
    StoreError,
    StoreInfo,
    StoreReader,
    find_store,
    layout_from_environment,
    store_info,
    store_path,
)
from hrtem_assets.store.ledger import find_published

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

# of an image's width
_BAR = 0.25
# Okabe and Ito's, told apart by every kind of colour vision; those of the drawings first
_OUTLINES = ("#e69f00", "#56b4e9", "#009e73", "#cc79a7")


def layout_of(root: str | Path | None, assets: str | Path | None) -> Layout:
    """Where stores lie.

    Args:
        root: folder of everything written; by default `HRTEM_DATA`, or `data` in the working directory.
        assets: folder or URL of the stores, such as `s3://bucket/prefix`; by default `assets` under `root` if that is
            given, or else `HRTEM_ASSETS`.
    """
    layout = layout_from_environment() if root is None else Layout(Path(root).expanduser())
    return layout if assets is None else Layout(layout.root, store_path(str(assets)))


def find_made(layout: Layout, partition: PartitionId, verify: bool) -> StoreInfo:
    """The finished store of a partition.

    Args:
        layout: where stores lie.
        partition: which.
        verify: refuse another store in its place than the one that was published there.

    Raises:
        StoreError: if it has not been made; names those that were, and the command that makes it.
        DamagedError: if another lies in its place; names the repair.
    """
    try:
        return (find_published if verify else find_store)(layout, partition)
    except StoreError as error:
        if "has not been made" not in str(error):
            raise
        made = [str(p) for p in finished_partitions(layout) if p.asset == partition.asset]
        meant = get_close_matches(str(partition), made, n=3, cutoff=0.8)
        if not meant:
            raise
        raise StoreError(f"{error}; did you mean {' or '.join(meant)}?") from None


def list_made(root: str | Path | None = None, assets: str | Path | None = None) -> "pd.DataFrame":
    """A table of everything that was made: asset, specimen, condition, number of structures and of images.

    Args:
        root: as for `open_dataset`.
        assets: as for `open_dataset`.
    """
    import pandas as pd

    layout, rows = layout_of(root, assets), []
    for partition in finished_partitions(layout):
        info = store_info(layout.store(partition))
        rows.append(
            (partition.asset, partition.specimen, partition.condition or "", info.structures, len(info.made))
        )
    return pd.DataFrame(rows, columns=["asset", "specimen", "condition", "structures", "made"])


def open_store(
    asset: str,
    specimen: str,
    condition: str | None = None,
    root: str | Path | None = None,
    assets: str | Path | None = None,
    verify: bool = True,
) -> "xr.Dataset":
    """Open what an asset has made of a specimen, as it is stored; nothing is read before it is used.

    Args:
        asset: such as `exit_waves`.
        specimen: specimen key such as `CdSe-medium`.
        condition: condition key, of assets that have one.
        root: as for `open_dataset`.
        assets: as for `open_dataset`.
        verify: as for `open_dataset`.

    Returns:
        the variables in their stored types, those that are in steps with the attribute `scale_factor`; rows that could
        not be made, and the store's bookkeeping, are left out.

    Raises:
        StoreError: if it has not been made; names the command that makes it.
        DamagedError: if it is not what was written.
        ValueError: if there is no such asset, or the condition is missing or too much.
    """
    if asset not in ASSETS:
        meant = get_close_matches(asset, ASSETS, n=1)
        hint = f"did you mean {meant[0]}?" if meant else f"there are {', '.join(ASSETS)}"
        raise ValueError(f"asset = {asset!r} is none; {hint}")
    if ASSETS[asset].per_condition is (condition is None):
        raise ValueError(
            f"condition = {condition!r}: {asset} "
            + (
                "has one; name it"
                if condition is None
                else "are the same under every condition; leave it out"
            )
        )
    info = find_made(layout_of(root, assets), PartitionId(asset, specimen, condition), verify)
    store = CheckedStore(info.path, once=True) if verify else StoreReader(info.path)
    return without_bookkeeping(store.dataset(mask_and_scale=False)).isel(structure=info.made)


def without_bookkeeping(ds: "xr.Dataset") -> "xr.Dataset":
    """A store without what it records of its own making."""
    return ds.drop_vars([name for name in BOOKKEEPING if name in ds])


def plot(
    ds: "xr.Dataset",
    index: int = 0,
    variable: str | None = None,
    outlines: Sequence[str] | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw an image of a data set in grey, its first row on top, with a scale bar and outlines of its labels.

    Args:
        ds: of `open_dataset` or `open`.
        index: which row.
        variable: what to draw; by default the image, or the first that has pixels. Of waves, the phase of the mean.
        outlines: masks or numbered labels to outline; by default the mask, or the instances, where there are any and
            they are not what is drawn.
        ax: where to draw; a new figure if None.

    Raises:
        ValueError: if there is nothing to draw, or no such variable.
    """
    import matplotlib.pyplot as plt

    planes = [str(name) for name, v in ds.items() if v.dims[-2:] == ("y", "x")]
    if not planes:
        raise ValueError(f"nothing to draw: none of {', '.join(map(str, ds))} has pixels")
    chosen = variable or next((name for name in ("image", "counts", "full") if name in planes), planes[0])
    usual = [name for name in ("mask", "instances") if name in planes and name != chosen]
    wanted = usual[:1] if outlines is None else [*outlines]
    for name in (chosen, *wanted):
        if name not in planes:
            meant = get_close_matches(name, planes, n=1)
            hint = f"did you mean {meant[0]}?" if meant else f"there are {', '.join(planes)}"
            raise ValueError(f"{name!r} has no pixels here; {hint}")
    row = ds.isel(structure=index)
    values, x = _shown(row[chosen]), row["x"].values
    # pixels that differ from image to image are counted, not measured
    per_px, unit = (float(x[1] - x[0]) / 10, "nm")
    if row["x"].attrs.get("units") == "px":
        per_px = float(row["pixel"]) / 10 if "pixel" in row else 1.0
        unit = "nm" if "pixel" in row else "px"
    axes = ax if ax is not None else plt.subplots()[1]
    low, high = np.nanpercentile(values, (0.5, 99.5))
    drawn = axes.imshow(values, cmap="gray", vmin=low, vmax=high if high > low else low + 1, origin="upper")
    for name, colour in zip(wanted, _OUTLINES * len(wanted), strict=False):
        label = row[name].values
        for number in np.unique(label[label != 0]):
            axes.contour(label == number, levels=[0.5], colors=colour, linewidths=1)
    _scale_bar(axes, values.shape[1], per_px, unit)
    axes.set_axis_off()
    axes.set_title(_caption(row, chosen), fontsize="medium")
    drawn.set_gid(chosen)
    return axes


def _shown(values: "xr.DataArray") -> Any:
    """What is drawn of a variable: of waves, the phase of their mean over phonons."""
    array = values.values
    array = array.mean(axis=tuple(range(array.ndim - 2))) if array.ndim > 2 else array
    return np.angle(array) if np.iscomplexobj(array) else array.astype(np.float32)


def _caption(row: "xr.Dataset", variable: str) -> str:
    words = [f"structure {int(row['structure'])}"]
    if "draw" in row.coords:
        words.append(f"draw {int(row['draw'])}")
    if "defocus" in row:
        words.append(f"{float(row['defocus']):+.1f} nm")
    if "dose" in row:
        words.append(f"{float(row['dose']):g} e/Å²")
    return f"{variable}: {', '.join(words)}"


def _scale_bar(axes: "Axes", width_px: int, per_px: float, unit: str) -> None:
    longest = _BAR * width_px * per_px
    steps = [m * 10.0**e for e in range(-3, 5) for m in (1, 2, 5)]
    length = max((step for step in steps if step <= longest), default=longest)
    x, y = 0.04 * width_px, 0.94 * width_px
    for colour, width in (("black", 5), ("white", 3)):
        axes.plot([x, x + length / per_px], [y, y], color=colour, linewidth=width, solid_capstyle="butt")
    axes.annotate(
        f"{length:g} {unit}",
        (x, y),
        (0, 5),
        textcoords="offset points",
        color="white",
        fontsize="small",
        bbox={"facecolor": "black", "alpha": 0.5, "edgecolor": "none", "pad": 1},
    )
