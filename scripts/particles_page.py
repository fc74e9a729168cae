"""The picture of docs/particles.md: every shape and every defect, seen along a zone axis.

`python scripts/particles_page.py` writes docs/particles.png, in some seconds.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
sys.path.insert(1, str(ROOT))

from hrtem_assets.campaign import Lattice  # noqa: E402
from hrtem_assets.campaign.materials import Phase  # noqa: E402
from hrtem_assets.figures.atoms import ELEMENT_RGB  # noqa: E402
from hrtem_assets.morphology.orientation import DOWN, Surroundings  # noqa: E402
from hrtem_assets.specimen.particles import shaped_particle  # noqa: E402

GOLD: dict[str, Any] = {"space_group": 225, "a": 4.0786, "sites": [{"element": "Au", "position": (0, 0, 0)}]}
ALONG_110 = {"orientation": "zone_axes", "axes": [(1, 1, 0)], "x_axis": (0, 0, 1), "spin_deg": 90}
ALONG_001 = {"orientation": "zone_axes", "axes": [(0, 0, 1)], "x_axis": (1, 0, 0), "spin_deg": 0}
FACETS = [{"plane": (1, 1, 1), "energy": 1}, {"plane": (1, 0, 0), "energy": 1.15}]
SHAPES: dict[str, dict[str, Any]] = {
    "sphere": {},
    "wulff": {"facets": FACETS},
    "truncated_octahedron": {},
    "cube": {"truncation": 0.2},
    "tetrahedron": {"truncation": 0.15},
    "rod": {"axis": (0, 0, 1), "sides": [(1, 0, 0), (1, 1, 0)], "aspect": 2},
    "platelet": {"plane": (1, 1, 1), "sides": [(1, -1, 0)]},
    "cone": {},
    "twin": {},
    "decahedron": {},
    "icosahedron": {},
    "random_facets": {},
}
DEFECTS: dict[str, dict[str, Any]] = {
    "twins": {"fewest": 2, "most": 2},
    "stacking_faults": {"fewest": 2, "most": 2},
    "grain_boundary": {"plane": (2, 1, 0), "axis": (0, 0, 1), "angle_deg": 36.87},
    "screw_dislocation": {"line": (0, 0, 1)},
    "vacancies": {"fraction": 0.3, "where": "surface"},
    "alloy": {"element": "Au", "by": {"Ag": 0.3}},
    "antisites": {"elements": ("Cu", "Au"), "fraction": 0.3},
    "core_shell": {"shell": {"Au": "Ag"}, "thickness_a": 5},
    "strain": {"xx": 0.1},
    "amorphous": {},
    "surface_growth": {"coverage": 0.25},
}
ORDERED: dict[str, Any] = {
    "space_group": 221,
    "a": 3.75,
    "sites": [{"element": "Au", "position": (0, 0, 0)}, {"element": "Cu", "position": (0, 0.5, 0.5)}],
}
# (111), on which twins and faults lie, stands along it
ALONG_FAULTS = {"orientation": "zone_axes", "axes": [(1, -1, 0)], "x_axis": (1, 1, -2), "spin_deg": 0}
RADIUS_A, COLUMNS, SEED = 17.0, 6, 3


def drawn(axes: Axes, title: str, cell: dict[str, Any], particle: dict[str, Any]) -> None:
    """Draw one particle, its nearest atoms on top."""
    lattice = Lattice.model_validate(cell | {"particle": particle})
    phase = Phase(name="it", part=1.0, lattice=lattice, particle=lattice.particle)
    shaped = shaped_particle((phase,), (0, 0), RADIUS_A, Surroundings(DOWN), np.random.default_rng(SEED))
    order = np.argsort(shaped.positions_a[:, 2])
    if title == "core_shell":
        # cut open
        order = order[shaped.positions_a[order, 2] < 0]
    x, y, z = shaped.positions_a[order].T
    colours = {79: ELEMENT_RGB[1], 47: ELEMENT_RGB[0], 29: ELEMENT_RGB[4]}
    rgb: NDArray[Any] = np.array([colours[int(n)] for n in shaped.numbers[order]]) / 255
    shade = 0.45 + 0.55 * ((z - z.min()) / max(float(np.ptp(z)), 1e-9))[:, None]
    axes.scatter(x, y, s=16, c=1 - (1 - rgb) * shade, edgecolors="black", linewidths=0.15)
    axes.set_xlim(-34, 34)
    axes.set_ylim(-34, 34)
    axes.set_aspect("equal")
    axes.axis("off")
    axes.set_title(title, fontsize=9, y=0.92)


def axis(name: str) -> dict[str, Any]:
    """How a particle is turned so that its kind is seen."""
    if name in ("grain_boundary", "antisites", "strain"):
        return ALONG_001
    return ALONG_FAULTS if name in ("twin", "twins", "stacking_faults") else ALONG_110


def main() -> None:
    """Write the picture."""
    rows = -(-len(SHAPES) // COLUMNS) + -(-len(DEFECTS) // COLUMNS)
    figure = Figure(figsize=(2 * COLUMNS, 2 * rows), layout="constrained")
    panels = list(figure.subplots(rows, COLUMNS).ravel())
    for name, settings in SHAPES.items():
        shape = {"shape": name, **settings}
        drawn(panels.pop(0), name, GOLD, {"shapes": [shape], "orientation": axis(name)})
    for name, settings in DEFECTS.items():
        defect = {"defect": name, **settings}
        body = {"shapes": [{"shape": "truncated_octahedron"}]} if name == "surface_growth" else {}
        cell = ORDERED if name == "antisites" else GOLD
        drawn(panels.pop(0), name, cell, {"inside": [defect], "orientation": axis(name), **body})
    for axes in panels:
        axes.axis("off")
    figure.savefig(ROOT / "docs" / "particles.png", dpi=100)


if __name__ == "__main__":
    main()
