"""Contact sheets: places, captions and refusals."""

import numpy as np
import pytest
from PIL import Image

from hrtem_assets.figures import contact_sheet


def grey(level, size=(64, 64)):
    return Image.new("L", size, level)


def test_pictures_stand_in_rows_in_the_order_given():
    sheet = np.asarray(contact_sheet([grey(10 * k) for k in range(1, 6)], [""] * 5, columns=3))[..., 0]
    gap = 4
    for k in range(5):
        top, left = gap + k // 3 * (64 + gap), gap + k % 3 * (64 + gap)
        assert (sheet[top : top + 64, left : left + 64] == 10 * (k + 1)).all()
    assert sheet.shape == (2 * 64 + 3 * gap, 3 * 64 + 4 * gap)


def test_captions_are_written_below_and_never_over_pictures():
    plain = contact_sheet([grey(128), grey(128)], ["", ""], 2)
    captioned = contact_sheet([grey(128), grey(128)], ["df-10nm", "400 e/Å²"], 2)
    assert captioned.height > plain.height
    below = np.asarray(captioned)[4 + 64 :]
    assert below.min() < 100
    assert (np.asarray(captioned)[4:68, 4:68] == 128).all()


def test_a_long_caption_shrinks_until_it_fits():
    sheet = np.asarray(contact_sheet([grey(128, (256, 64))], ["df-10nm_400e CdSe-medium structure 17"], 1))
    assert (sheet[:, :4] == 255).all()
    assert (sheet[:, -4:] == 255).all()


def test_more_columns_than_pictures_leave_no_empty_places():
    assert contact_sheet([grey(0)], [""], 8).width == 64 + 2 * 4


def test_grey_and_colour_pictures_may_stand_together():
    sheet = np.asarray(contact_sheet([grey(7), Image.new("RGB", (64, 64), (1, 2, 3))], ["", ""], 2))
    assert sheet[10, 10].tolist() == [7, 7, 7]
    assert sheet[10, 90].tolist() == [1, 2, 3]


@pytest.mark.parametrize(("images", "captions", "columns"), [(0, 0, 1), (2, 1, 1), (1, 1, 0)])
def test_missing_pictures_captions_or_columns_are_refused(images, captions, columns):
    with pytest.raises(ValueError, match=f"got {images} pictures, {captions} captions, {columns} columns"):
        contact_sheet([grey(0)] * images, [""] * captions, columns)
