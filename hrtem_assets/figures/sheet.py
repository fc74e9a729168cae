"""Contact sheets: pictures side by side with captions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from hrtem_assets.figures.drawing import BLACK, WHITE, font, text_size_px

# pictures of one structure in a sheet
TILE_PX = 480


def contact_sheet(images: Sequence[Image.Image], captions: Sequence[str], columns: int) -> Image.Image:
    """Pictures in rows on white, each with its caption below.

    Args:
        images: pictures; a place is as large as the largest of them.
        captions: one line for each; an empty string for none. Letters shrink until the longest fits.
        columns: pictures per row.

    Returns:
        colour picture ("RGB").

    Raises:
        ValueError: if there is no picture, or the numbers of pictures and captions differ.
    """
    if not images or len(images) != len(captions) or columns < 1:
        raise ValueError(
            f"a contact sheet needs pictures and a caption for each, in at least one column: "
            f"got {len(images)} pictures, {len(captions)} captions, {columns} columns"
        )
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    width, height = max(i.width for i in images), max(i.height for i in images)
    gap, size = max(4, round(0.03 * width)), text_size_px(width)
    while size > 8 and max(font(size).getlength(c) for c in captions) > width:
        size -= 1
    line = round(1.5 * size) if any(captions) else 0
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + line + gap) + gap), WHITE)
    draw = ImageDraw.Draw(sheet)
    for k, (image, caption) in enumerate(zip(images, captions, strict=True)):
        left, top = gap + k % columns * (width + gap), gap + k // columns * (height + line + gap)
        sheet.paste(image, (left + (width - image.width) // 2, top + (height - image.height) // 2))
        middle = (left + width / 2, top + height + 0.75 * size)
        draw.text(middle, caption, font=font(size), anchor="mm", fill=BLACK)
    return sheet


@dataclass(frozen=True)
class PartitionPicture:
    """What a partition holds, for its first structures.

    Attributes:
        tiles: one picture per structure, or more.
        captions: one for each.
        columns: pictures per row of the sheet.
    """

    tiles: Sequence[Image.Image]
    captions: Sequence[str]
    columns: int = 2

    @property
    def sheet(self) -> Image.Image:
        """All pictures with their captions."""
        return contact_sheet(self.tiles, self.captions, columns=min(self.columns, len(self.tiles)))
