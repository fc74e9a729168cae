"""The page of pictures in docs/labels.md: one structure, its image, and every label of it.

`python scripts/labels_page.py` writes docs/labels.png, in a minute or two.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

ROOT = Path(__file__).parents[1]
sys.path.insert(1, str(ROOT))

import hrtem_assets as ha  # noqa: E402
from hrtem_assets.assets import ASSETS  # noqa: E402
from hrtem_assets.campaign import load_campaign  # noqa: E402
from hrtem_assets.execution.fill import fill  # noqa: E402
from hrtem_assets.execution.settings import LocalCompute  # noqa: E402
from hrtem_assets.labels.registry import PLANES, TABLES  # noqa: E402
from hrtem_assets.store import Layout  # noqa: E402

SPECIMEN, CONDITION = "CdSe-medium", "df-10nm_400e"
# of which a particle of the first structure stands along a zone axis, as few do
SEED = 71
PANELS = (
    *("boxes", "instances", "classes", "particle_bits", "thickness", "column_map"),
    *("soft_label", "phase", "exit_wave", "clean_image", "clean_particles", "counts"),
)
TITLES = {
    "boxes": "image, boxes and visibility",
    "particle_bits": "particles in particle_bits",
    "thickness": "thickness [Å]",
    "phase": "phase [rad]",
    "exit_wave": "exit_wave, its phase",
}


def panel(axes: Axes, row: xr.Dataset, name: str) -> None:
    """Draw one label."""
    if name == "boxes":
        ha.plot(row.expand_dims("structure"), variable="image", outlines=["instances"], ax=axes)
        for box, index in zip(row.particle_box.values, row.particle_visibility.values, strict=True):
            if np.isfinite(index):
                x0, y0, x1, y1 = box
                axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color="white", lw=0.8))
                axes.text(x0 + 6, y0 + 24, f"{index:.0f}", color="white", fontsize=8)
        return
    values = row[name].values
    if name == "particle_bits":
        values = ha.particle_masks(values).sum(axis=0)
    if name in ("instances", "classes", "particle_bits"):
        shown = np.where(values > (1 if name == "classes" else 0), values, np.nan)
        axes.imshow(shown, cmap="Set2", vmin=1, vmax=8, interpolation="nearest")
    elif name == "thickness":
        axes.figure.colorbar(axes.imshow(values, cmap="magma"), ax=axes, fraction=0.046)
    else:
        values = np.angle(values) if np.iscomplexobj(values) else values.astype(float)
        low, high = np.percentile(values, (0.5, 99.5))
        drawn = axes.imshow(values, cmap="gray", vmin=low, vmax=max(high, low + 1e-6))
        if name == "phase":
            axes.figure.colorbar(drawn, ax=axes, fraction=0.046)
    axes.set_axis_off()


def main() -> None:
    """Draw the page."""
    campaign = load_campaign(
        "demo",
        {
            "seed": SEED,
            "counts": {"train": 1, "validation": 0},
            "labels": {"planes": list(PLANES), "tables": list(TABLES)},
            "placement": {"count_min": 5, "count_max": 5},
            "substrate": {"thickness_min_a": 20, "thickness_max_a": 20},
        },
    )
    with TemporaryDirectory() as folder:
        for asset in ASSETS.values():
            fill(
                asset,
                campaign,
                SPECIMEN,
                (CONDITION,) if asset.per_condition else (None,),
                Layout(Path(folder)),
                count=None,
                compute=LocalCompute(workers=1),
                provenance={"run_id": "page", "overrides": {}},
                log=lambda _: None,
            )
        row = ha.open_dataset(SPECIMEN, CONDITION, root=folder).isel(structure=0).load()
    figure = Figure(figsize=(12, 9.3), layout="constrained")
    for axes, name in zip(figure.subplots(3, 4).ravel(), PANELS, strict=True):
        panel(axes, row, name)
        axes.set_title(TITLES.get(name, name), fontsize=10)
    figure.savefig(ROOT / "docs" / "labels.png", dpi=100)


if __name__ == "__main__":
    main()
