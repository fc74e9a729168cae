"""Plots of measured curves, drawn with matplotlib's Agg canvas and no state shared between threads."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILLION = "#0072B2", "#D55E00"
DPI = 128


def variance_curve(
    defocus_a: NDArray[np.floating],
    variance: NDArray[np.floating],
    zero_a: float,
    width_px: int = 512,
) -> Image.Image:
    """Image variance against defocus, with the zero defocus that was found marked.

    Args:
        defocus_a: defoci tried, in any order, (N,), Å, underfocus positive.
        variance: variance of the image intensity at each, (N,), 1.
        zero_a: zero defocus in Å.
        width_px: width of the picture; its height is three quarters of that.

    Returns:
        colour picture ("RGB").

    Raises:
        ValueError: if the arrays differ in length, are empty, or are not finite.
    """
    defocus_a, variance = np.asarray(defocus_a, float), np.asarray(variance, float)
    if defocus_a.shape != variance.shape or defocus_a.ndim != 1 or defocus_a.size == 0:
        raise ValueError(
            f"defocus_a has shape {defocus_a.shape}, variance {variance.shape}; "
            f"give one variance for each defocus"
        )
    if not (np.isfinite(defocus_a).all() and np.isfinite(variance).all() and np.isfinite(zero_a)):
        raise ValueError("defocus_a, variance or zero_a holds NaN or infinity; find the step that made it")
    order = np.argsort(defocus_a)
    figure, axes, size = _axes(width_px, "defocus (Å)", "variance of intensity")
    axes.plot(defocus_a[order], variance[order], color=BLUE, marker="o", markersize=3.5, linewidth=1.5)
    axes.axvline(zero_a, color=VERMILLION, linewidth=1.5, linestyle="--")
    # the text goes to the emptier side of the line
    left, right = axes.get_xlim()
    on_right = zero_a < (left + right) / 2
    axes.annotate(
        f"zero {zero_a:.1f} Å",
        (zero_a, 0.96),
        xycoords=("data", "axes fraction"),
        xytext=(6 if on_right else -6, 0),
        textcoords="offset points",
        horizontalalignment="left" if on_right else "right",
        verticalalignment="top",
        color=VERMILLION,
        fontsize=size,
    )
    return _drawn(figure)


def dose_histogram(counts: NDArray[Any], width_px: int = 512) -> Image.Image:
    """How many pixels hold how many electrons, beside a Poisson distribution of the same mean.

    Contrast makes the measured distribution the wider of the two.

    Args:
        counts: electrons per pixel, whole numbers, of one or more images, any shape.
        width_px: width of the picture; its height is three quarters of that.

    Returns:
        colour picture ("RGB").

    Raises:
        ValueError: if `counts` is empty or not made of whole numbers from 0.
    """
    from matplotlib.ticker import MaxNLocator
    from scipy.special import gammaln

    counts = np.asarray(counts).ravel()
    if counts.size == 0 or counts.dtype.kind not in "iu" or counts.min() < 0:
        raise ValueError(
            f"counts has {counts.size} values of dtype {counts.dtype}; "
            f"give whole, non-negative electron counts"
        )
    share = np.bincount(counts.astype(np.int64)) / counts.size
    number = np.arange(share.size)
    mean = float(counts.mean())
    figure, axes, size = _axes(width_px, "electrons per pixel", "share of pixels")
    axes.bar(number, share, width=1.0 if share.size > 30 else 0.85, color=BLUE, alpha=0.75, label="counted")
    if mean > 0:
        poisson = np.exp(number * np.log(mean) - mean - gammaln(number + 1))
        axes.plot(number, poisson, color=VERMILLION, linewidth=1.5, marker=".", label="Poisson")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(
        title=f"mean {mean:.3g} e/pixel", title_fontsize=size, fontsize=size, frameon=False, alignment="left"
    )
    return _drawn(figure)


def _axes(width_px: int, x_label: str, y_label: str) -> "tuple[Figure, Axes, float]":
    """A figure, its axes, and the size of letters in points."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # 10 pt at 512 px are letters of 18 px: legible still when shown at half the width
    size = 10 * width_px / 512
    figure = Figure(figsize=(width_px / DPI, 0.75 * width_px / DPI), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=size)
    axes.ticklabel_format(axis="y", useOffset=False, scilimits=(-2, 3))
    axes.yaxis.get_offset_text().set_fontsize(size)
    axes.set_xlabel(x_label, fontsize=size)
    axes.set_ylabel(y_label, fontsize=size)
    return figure, axes, size


def _drawn(figure: "Figure") -> Image.Image:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
