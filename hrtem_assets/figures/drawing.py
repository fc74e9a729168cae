"""Marks that several pictures share: text that reads on any background, and scale bars."""

import math
from functools import cache
from importlib.resources import files
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
THUMBNAIL_PX = 128
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


@cache
def font(size_px: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which matplotlib ships, so that Å, ² and µ look the same on every machine."""
    file = files("matplotlib") / "mpl-data/fonts/ttf/DejaVuSans.ttf"
    return ImageFont.truetype(BytesIO(file.read_bytes()), size_px)


def text_size_px(image_width_px: int) -> int:
    """Height of letters that stay legible when a picture of this width is seen at its own size."""
    return max(11, round(image_width_px / 23))


def edged_text(
    image: Image.Image,
    position: tuple[float, float],
    text: str,
    size_px: int,
    anchor: str = "la",
    ink: Colour = WHITE,
) -> None:
    """Write text in black or white with an edge of the other.

    Args:
        image: grey or RGB picture, changed in place.
        position: pixel (x, y) of the anchor.
        text: what to write.
        size_px: height of the letters.
        anchor: Pillow's two letters: l, m or r and a (top), m, s (baseline) or d (bottom).
        ink: `WHITE` or `BLACK`.
    """
    ImageDraw.Draw(image).text(
        position,
        text,
        font=font(size_px),
        anchor=anchor,
        fill=_fill(image, ink),
        stroke_width=max(1, round(size_px / 14)),
        stroke_fill=_fill(image, _other(ink)),
    )


def scale_bar(image: Image.Image, field_a: float, bar_nm: float | None = None, ink: Colour = WHITE) -> None:
    """Draw a scale bar with an edge, and its length over it, into the lower left corner.

    Pictures less than 128 px wide are thumbnails and get none: its length could not be read.

    Args:
        image: grey or RGB picture, changed in place.
        field_a: length in Å that the whole width of the picture shows.
        bar_nm: length of the bar in nm; if None the longest of 1, 2 or 5 times a power of ten within a
            quarter of the field.
        ink: `WHITE` or `BLACK`; the edge has the other.

    Raises:
        ValueError: if the bar would not fit.
    """
    bar_nm = _round_length_nm(field_a) if bar_nm is None else bar_nm
    width, height = image.size
    length = round(bar_nm * 10 / field_a * width)
    margin = round(0.04 * width)
    if not 1 <= length <= width - 2 * margin:
        raise ValueError(
            f"scale_bar_nm = {bar_nm} does not fit a field of {field_a / 10:.4g} nm; "
            f"use for example {_round_length_nm(field_a):g}, or None for that"
        )
    if width < THUMBNAIL_PX:
        return
    thickness, edge = max(3, round(0.013 * width)), max(1, round(0.003 * width))
    left, bottom = margin, height - margin
    draw = ImageDraw.Draw(image)
    # Pillow's rectangles include their last row and column
    box = (left, bottom - thickness, left + length - 1, bottom - 1)
    border = (box[0] - edge, box[1] - edge, box[2] + edge, box[3] + edge)
    draw.rectangle(border, fill=_fill(image, _other(ink)))
    draw.rectangle(box, fill=_fill(image, ink))
    middle = (left + length / 2, box[1] - 2 * edge)
    edged_text(image, middle, f"{bar_nm:g} nm", text_size_px(width), "md", ink)


def _round_length_nm(field_a: float) -> float:
    longest = field_a / 10 / 4
    power = 10.0 ** math.floor(math.log10(longest))
    return max(m * power for m in (1, 2, 5) if m * power <= longest * (1 + 1e-9))


def _other(ink: Colour) -> Colour:
    return BLACK if ink == WHITE else WHITE


def _fill(image: Image.Image, ink: Colour) -> int | Colour:
    return ink[0] if image.mode == "L" else ink
