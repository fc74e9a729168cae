"""Pictures as Markdown with the image inside, small enough for run metadata."""

import base64
from io import BytesIO

from PIL import Image

# Dagster shows Markdown in place below 1000 characters, and in a dialog above
THUMBNAIL_CHARACTERS = 999
PREVIEW_CHARACTERS = 99_999


def thumbnail_markdown(image: Image.Image, alt: str = "") -> str:
    """A WebP picture at most 32 px wide and 64 px high, as Markdown of fewer than 1000 characters.

    Args:
        image: any picture; micrographs keep their contrast best when drawn with `size_px=32`.
        alt: text in place of the picture, at most 100 characters.
    """
    return _markdown(image, alt, 32, THUMBNAIL_CHARACTERS)


def preview_markdown(image: Image.Image, alt: str = "", width_px: int = 256) -> str:
    """A WebP picture at most `width_px` wide and twice as high, as Markdown of fewer than 100 000 characters.

    Args:
        image: any picture; it is never enlarged.
        alt: text in place of the picture, at most 100 characters.
        width_px: greatest width, 1 to 512.

    Raises:
        ValueError: if `width_px` or `alt` is out of range.
    """
    if not 1 <= width_px <= 512:
        raise ValueError(f"width_px = {width_px} must be between 1 and 512")
    return _markdown(image, alt, width_px, PREVIEW_CHARACTERS)


def _markdown(image: Image.Image, alt: str, width_px: int, limit: int) -> str:
    """WebP of falling quality, then ever smaller pictures, until the text fits."""
    if len(alt) > 100:
        raise ValueError(f"alt has {len(alt)} characters; give at most 100")
    small = image if image.mode in ("L", "RGB") else image.convert("RGB")
    while True:
        small = small.copy()
        small.thumbnail((width_px, 2 * width_px), Image.Resampling.LANCZOS)
        for quality in (90, 75, 50, 25, 5):
            buffer = BytesIO()
            small.save(buffer, "WEBP", quality=quality)
            text = f"![{alt}](data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()})"
            if len(text) <= limit:
                return text
        width_px = width_px * 3 // 4
