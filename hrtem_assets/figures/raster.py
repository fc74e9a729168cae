"""Images from arrays: micrographs in grey, phases in colour, and label outlines on micrographs."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation

from hrtem_assets.figures.drawing import THUMBNAIL_PX, edged_text, scale_bar, text_size_px

# Okabe and Ito's orange: told from grey, and from black and white, by every kind of colour vision
OUTLINE_RGB = (230, 159, 0)
# and the others of theirs
_NUMBER_RGB = (
    *((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0)),
    (204, 121, 167),
)


def micrograph_image(
    counts: NDArray[Any], sampling_a: float, scale_bar_nm: float | None = None, size_px: int | None = None
) -> Image.Image:
    """A micrograph in grey, from the 0.5th to the 99.5th percentile, with a scale bar.

    Args:
        counts: electrons per pixel, or any real image, (y, x).
        sampling_a: pixel size in Å.
        scale_bar_nm: length of the scale bar in nm; a round one if None.
        size_px: width of the picture; pixels are averaged over their area. As many as in `counts` if None.

    Returns:
        grey picture ("L"), row 0 on top.

    Raises:
        ValueError: if `counts` is not a finite real image, or the scale bar does not fit.
    """
    image = Image.fromarray(grey_levels(counts, size_px))
    scale_bar(image, sampling_a * np.shape(counts)[1], scale_bar_nm)
    return image


def grey_levels(counts: NDArray[Any], size_px: int | None = None) -> NDArray[np.uint8]:
    """A micrograph's grey levels, from the 0.5th to the 99.5th percentile, without any marks.

    Args:
        counts: electrons per pixel, or any real image, (y, x).
        size_px: width of the picture; pixels are averaged over their area. As many as in `counts` if None.

    Raises:
        ValueError: if `counts` is not a finite real image.
    """
    return _stretched(_resized(_checked("counts", counts), size_px))[0]


def phase_image(
    wave: NDArray[np.complexfloating],
    sampling_a: float,
    scale_bar_nm: float | None = None,
    size_px: int | None = None,
) -> Image.Image:
    """The phase of a wave in colour (magma), with a scale bar and a key of its range in rad.

    Phases beyond pi wrap: strong columns on a zone axis may show a dark centre.

    Args:
        wave: complex wave (y, x), for example the mean over phonons.
        sampling_a: pixel size in Å.
        scale_bar_nm: length of the scale bar in nm; a round one if None.
        size_px: width of the picture; as many as in `wave` if None.

    Returns:
        colour picture ("RGB"), row 0 on top.

    Raises:
        ValueError: if `wave` is not a finite complex image, or the scale bar does not fit.
    """
    if not np.iscomplexobj(wave):
        raise ValueError(
            f"wave has dtype {np.asarray(wave).dtype}, which has no phase; give the complex wave"
        )
    phase_rad = _checked("wave", np.angle(wave))
    levels, low, high = _stretched(_resized(phase_rad, size_px))
    image = Image.fromarray(_magma()[levels])
    scale_bar(image, sampling_a * phase_rad.shape[1], scale_bar_nm)
    if image.width >= THUMBNAIL_PX:
        _phase_key(image, low, high)
    return image


def label_overlay(
    counts: NDArray[Any],
    mask: NDArray[np.bool_],
    sampling_a: float,
    scale_bar_nm: float | None = None,
    size_px: int | None = None,
) -> Image.Image:
    """A micrograph with a thin orange line just outside the border of its mask.

    Args:
        counts: electrons per pixel (y, x).
        mask: True on particles, same shape.
        sampling_a: pixel size in Å.
        scale_bar_nm: length of the scale bar in nm; a round one if None.
        size_px: width of the picture; as many as in `counts` if None.

    Returns:
        colour picture ("RGB"), row 0 on top.

    Raises:
        ValueError: if the shapes differ, `counts` is not a finite real image, or the scale bar does not fit.
    """
    if np.shape(mask) != np.shape(counts):
        raise ValueError(f"mask has shape {np.shape(mask)}, counts {np.shape(counts)}; they must be the same")
    image = micrograph_image(counts, sampling_a, scale_bar_nm, size_px).convert("RGB")
    inside = (
        np.asarray(
            Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).resize(
                image.size, Image.Resampling.NEAREST
            )
        )
        > 0
    )
    width = max(1, round(image.width / 300))
    outline = binary_dilation(inside, np.ones((3, 3), bool), iterations=width) & ~inside
    image.paste(OUTLINE_RGB, mask=Image.fromarray(outline))
    return image


def plane_image(values: NDArray[Any], sampling_a: float, size_px: int | None = None) -> Image.Image:
    """Any label of an image: numbers in colours, waves by their phase, everything else in grey.

    Args:
        values: (y, x); whole numbers of 16 bits or more are taken for numbers of things, with 0 for none.
        sampling_a: pixel size in Å.
        size_px: width of the picture; as many as in `values` if None.

    Returns:
        colour picture ("RGB"), row 0 on top.

    Raises:
        ValueError: if `values` is not a finite image.
    """
    if np.iscomplexobj(values):
        return phase_image(values, sampling_a, size_px=size_px)
    if values.dtype.kind != "u" or values.dtype.itemsize == 1:
        return micrograph_image(values, sampling_a, size_px=size_px).convert("RGB")
    numbers, place = np.unique(values, return_inverse=True)
    colours = np.array(
        [(0, 0, 0) if n == 0 else _NUMBER_RGB[k % len(_NUMBER_RGB)] for k, n in enumerate(numbers)]
    )
    image = Image.fromarray(colours[place.reshape(values.shape)].astype(np.uint8))
    if size_px is not None:
        height = max(1, round(size_px * values.shape[0] / values.shape[1]))
        image = image.resize((size_px, height), Image.Resampling.NEAREST)
    scale_bar(image, sampling_a * values.shape[1])
    return image


def _checked(name: str, image: NDArray[Any]) -> NDArray[np.float32]:
    image = np.asarray(image)
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"{name} has shape {image.shape}; give one image (y, x)")
    if np.iscomplexobj(image):
        raise ValueError(f"{name} is complex; give its intensity or phase")
    bad = int(np.count_nonzero(~np.isfinite(image)))
    if bad:
        raise ValueError(
            f"{name} holds {bad} NaN or infinite pixels of {image.size}; find the step that made them"
        )
    return image.astype(np.float32)


def _resized(image: NDArray[np.float32], size_px: int | None) -> NDArray[np.float32]:
    """The image at another width: area averages when smaller, as a coarser pixel would count."""
    height, width = image.shape
    if size_px is None or size_px == width:
        return image
    shape = (size_px, max(1, round(size_px * height / width)))
    method = Image.Resampling.BOX if size_px < width else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(image).resize(shape, method))


def _stretched(image: NDArray[np.float32]) -> tuple[NDArray[np.uint8], float, float]:
    """Grey levels, and the values that became black and white; a constant image becomes mid grey."""
    low, high = (float(v) for v in np.percentile(image, [0.5, 99.5]))
    if high <= low:
        low, high = float(image.min()), float(image.max())
    if high <= low:
        return np.full(image.shape, 128, np.uint8), low, high
    scaled = np.clip((image - low) / (high - low), 0, 1) * 255
    return np.rint(scaled).astype(np.uint8), low, high


@cache
def _magma() -> NDArray[np.uint8]:
    from matplotlib import colormaps

    return np.asarray(colormaps["magma"](np.arange(256), bytes=True), np.uint8)[:, :3]


def _phase_key(image: Image.Image, low_rad: float, high_rad: float) -> None:
    """A colour key in the lower right corner."""
    width, height = image.size
    margin, size = round(0.04 * width), text_size_px(width)
    bar_width, bar_height = round(0.16 * width), max(3, round(0.02 * width))
    ramp = np.broadcast_to(_magma()[np.linspace(0, 255, bar_width).astype(int)], (bar_height, bar_width, 3))
    left, top = width - margin - bar_width, height - margin - bar_height
    edge = max(1, round(0.004 * width))
    image.paste((255, 255, 255), (left - edge, top - edge, left + bar_width + edge, top + bar_height + edge))
    image.paste(Image.fromarray(np.ascontiguousarray(ramp)), (left, top))
    label = f"{low_rad:.1f} to {high_rad:.1f} rad".replace("-0.0", "0.0")
    edged_text(image, (width - margin + edge, top - 2 * edge), label, size, "rd")
