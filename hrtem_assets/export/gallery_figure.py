"""The gallery's figure: example images of every series with outlines of their masks, as figure 2.1 of the source."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hrtem_assets.assets.asset import sampling_a
from hrtem_assets.export.gallery import Gallery, Panel, Plate
from hrtem_assets.figures import OUTLINE_RGB, grey_levels
from hrtem_assets.store import CheckedStore

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCALE_BAR_NM = 2.0
DPI = 240
# inches; panels are whole pixels at this resolution
PANEL, GAP, TITLE, HEADING, LINE, MARGIN = 1.2, 0.05, 0.19, 0.36, 0.16, 0.3
MOST_COMMANDS = 4


def save_gallery(gallery: Gallery, stem: Path) -> tuple[Path, Path]:
    """Write the figure as PNG and as PDF, whose text, bars and outlines are vectors.

    Args:
        gallery: what to show.
        stem: path without ending.

    Returns:
        both paths.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    stem.parent.mkdir(parents=True, exist_ok=True)
    png, pdf = (stem.with_name(f"{stem.name}.{ending}") for ending in ("png", "pdf"))
    figure = gallery_figure(gallery)
    FigureCanvasAgg(figure).print_png(png)
    # no date, so that the same data give the same file
    FigureCanvasPdf(figure).print_pdf(pdf, metadata={"CreationDate": None, "Title": _title(gallery)})
    return png, pdf


def gallery_figure(gallery: Gallery) -> "Figure":
    """The figure: a plate per series, and below what is missing with the commands that make it."""
    from matplotlib.figure import Figure

    columns = max(len(row) for plate in gallery.plates for row in plate.rows.values())
    notes = _notes(gallery)
    width = 2 * MARGIN + columns * (PANEL + GAP)
    height = MARGIN + sum(_plate_height(plate) for plate in gallery.plates) + LINE * (len(notes) + 1)
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    top = height - MARGIN / 2
    for plate in gallery.plates:
        figure.text(
            MARGIN / width,
            (top - 0.75 * HEADING) / height,
            plate.heading,
            size=9,
            weight="bold",
            va="center",
        )
        row_top = top - HEADING
        for label, row in plate.rows.items():
            row_top -= TITLE + PANEL
            middle = (row_top + PANEL / 2) / height
            figure.text(0.7 * MARGIN / width, middle, label, size=7, rotation=90, va="center", ha="center")
            for k, panel in enumerate(row):
                left = MARGIN + k * (PANEL + GAP)
                axes = figure.add_axes((left / width, row_top / height, PANEL / width, PANEL / height))
                axes.set_title(panel.title, size=7, pad=2)
                axes.set_xticks([])
                axes.set_yticks([])
                _draw(axes, gallery, panel, named_bar=panel is plate.first_shown)
        top -= _plate_height(plate)
    for k, note in enumerate(notes):
        figure.text(MARGIN / width, (top - LINE * (k + 1.5)) / height, note, size=6.5, va="center")
    return figure


def _title(gallery: Gallery) -> str:
    return f"Training images of campaign {gallery.campaign.name}"


def _notes(gallery: Gallery) -> list[str]:
    key = f"{_title(gallery)}. Orange: outlines of the masks. Scale bars: {SCALE_BAR_NM:g} nm."
    if not gallery.missing:
        return [key]
    commands = gallery.commands
    more = len(commands) - MOST_COMMANDS
    return [
        key,
        f"Not shown: {len(gallery.missing)} of {len(gallery.panels)} images. Make them with:",
        *commands[:MOST_COMMANDS],
        *([f"and the same for {more} more specimens"] if more > 0 else []),
    ]


def _draw(axes: "Axes", gallery: Gallery, panel: Panel, named_bar: bool) -> None:
    if panel.store is None:
        axes.set_facecolor("0.93")
        for side in axes.spines.values():
            side.set_color("0.8")
        axes.text(0.5, 0.5, panel.absence, transform=axes.transAxes, size=7, color="0.4", ha="center")
        return
    index = gallery.shown_row(panel.specimen)
    store = CheckedStore(panel.store)
    counts, mask = store.read("counts", index), store.read("mask", index)
    sampling_nm = sampling_a(store, index) / 10
    field_nm = counts.shape[1] * sampling_nm
    axes.imshow(
        grey_levels(counts, round(PANEL * DPI)),
        cmap="gray",
        vmin=0,
        vmax=255,
        extent=(0, field_nm, field_nm, 0),
        interpolation="none",
    )
    if mask.any() and not mask.all():
        centers_nm = (np.arange(counts.shape[1]) + 0.5) * sampling_nm
        colour = tuple(level / 255 for level in OUTLINE_RGB)
        axes.contour(centers_nm, centers_nm, mask, levels=[0.5], colors=[colour], linewidths=0.7)
    _scale_bar(axes, field_nm, named_bar)


def _plate_height(plate: Plate) -> float:
    return HEADING + len(plate.rows) * (TITLE + PANEL)


def _scale_bar(axes: "Axes", field_nm: float, named: bool) -> None:
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    margin, thickness = 0.05 * field_nm, 0.025 * field_nm
    bottom = field_nm - margin
    axes.add_patch(
        Rectangle(
            (margin, bottom - thickness),
            SCALE_BAR_NM,
            thickness,
            facecolor="white",
            edgecolor="black",
            lw=0.4,
        )
    )
    if named:
        axes.text(
            margin + SCALE_BAR_NM / 2,
            bottom - 1.5 * thickness,
            f"{SCALE_BAR_NM:g} nm",
            size=7,
            color="white",
            ha="center",
            va="bottom",
            path_effects=[withStroke(linewidth=1.2, foreground="black")],
        )
