"""Micrographs, phases and overlays: scale, contrast, orientation and outlines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hrtem_assets.figures import label_overlay, micrograph_image, phase_image, plane_image
from hrtem_assets.figures.raster import OUTLINE_RGB


def speckle(size=320, seed=1):
    return np.random.default_rng(seed).poisson(16, (size, size)).astype(np.uint16)


def bar_length_px(image):
    """Longest run of pure white in the lower left quarter; noise alone makes only short ones."""
    pixels = np.asarray(image.convert("L"))
    longest = 0
    for row in pixels[3 * len(pixels) // 4 :]:
        run = 0
        for value in row:
            run = run + 1 if value == 255 else 0
            longest = max(longest, run)
    return longest


@pytest.mark.parametrize(
    ("sampling_a", "bar_nm", "size_px", "expected"),
    [(0.2, 2.0, None, 100), (0.2, 1.0, 640, 100), (0.4, 5.0, 160, 62), (0.2, 2.0, 256, 80)],
)
def test_the_scale_bar_is_as_long_as_its_label_says(sampling_a, bar_nm, size_px, expected):
    image = micrograph_image(speckle(), sampling_a, bar_nm, size_px)
    assert abs(bar_length_px(image) - expected) <= 1


def test_a_field_of_12_8_nm_gets_a_bar_of_2_nm():
    image = micrograph_image(speckle(640), 0.2)
    assert bar_length_px(image) == 100


@given(st.floats(1.0, 1e5))
def test_the_chosen_scale_bar_covers_a_tenth_to_a_quarter_of_any_field(field_a):
    image = micrograph_image(np.zeros((128, 128)), field_a / 128)
    assert 0.09 * 128 <= bar_length_px(image) <= 0.25 * 128 + 1


def test_a_scale_bar_wider_than_the_field_is_refused_with_one_that_fits():
    with pytest.raises(
        ValueError, match=r"scale_bar_nm = 10 does not fit a field of 6.4 nm; use for example 1"
    ):
        micrograph_image(speckle(), 0.2, scale_bar_nm=10)


def test_thumbnails_carry_no_scale_bar():
    image = micrograph_image(np.zeros((320, 320)), 0.2, size_px=32)
    assert np.unique(np.asarray(image)).tolist() == [128]


def test_contrast_runs_from_the_half_to_the_99_5th_percentile():
    counts = np.linspace(0, 1000, 400 * 400).reshape(400, 400)
    pixels = np.asarray(micrograph_image(counts, 0.2))
    assert pixels[0, 0] == 0
    assert pixels[-1, -1] == 255
    assert pixels[200, 0] == pytest.approx(128, abs=1)
    # 0.5 % of all pixels, and those that round to the lowest of 256 levels; the scale bar is farther down
    assert np.mean(pixels[:200] == 0) / 2 == pytest.approx(0.005 + 0.99 * 0.5 / 255, abs=1e-4)


def test_one_hot_pixel_does_not_darken_the_rest():
    counts = speckle()
    hot = counts.copy()
    hot[100, 100] = 60_000
    with_hot, without = (np.asarray(micrograph_image(c, 0.2)) for c in (hot, counts))
    assert np.count_nonzero(with_hot != without) <= 1


def test_an_image_with_one_bright_pixel_alone_still_shows_it():
    counts = np.zeros((200, 200))
    counts[50, 150] = 1
    pixels = np.asarray(micrograph_image(counts, 0.2))
    assert pixels[50, 150] == 255
    assert pixels[:100].sum() == 255


def test_a_constant_image_is_mid_grey():
    pixels = np.asarray(micrograph_image(np.full((200, 200), 7.0), 0.2))
    assert (pixels[:100] == 128).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused_by_number(bad):
    counts = np.ones((100, 100))
    counts[:2, 0] = bad
    with pytest.raises(ValueError, match="counts holds 2 NaN or infinite pixels of 10000"):
        micrograph_image(counts, 0.2)


@pytest.mark.parametrize("shape", [(8, 64, 64), (64,), (0, 5)])
def test_anything_but_one_image_is_refused(shape):
    with pytest.raises(ValueError, match="give one image"):
        micrograph_image(np.ones(shape), 0.2)


def test_complex_micrographs_and_real_waves_are_refused():
    with pytest.raises(ValueError, match="counts is complex; give its intensity or phase"):
        micrograph_image(np.ones((8, 8), complex), 0.2)
    with pytest.raises(ValueError, match="give the complex wave"):
        phase_image(np.ones((8, 8)), 0.2)  # type: ignore[arg-type]


@pytest.mark.parametrize("size_px", [None, 128, 512])
def test_large_x_lands_right_and_large_y_lands_low(size_px):
    """A bright patch at x = 3/4, y = 5/8 of the cell: every picture has x to the right and row 0 on top."""
    patch = np.zeros((256, 256))
    patch[150:170, 182:202] = 1
    wave = np.exp(1j * patch)
    for image in (
        micrograph_image(patch, 0.2, size_px=size_px),
        phase_image(wave, 0.2, size_px=size_px),
        label_overlay(patch, patch > 0, 0.2, size_px=size_px),
    ):
        pixels = np.asarray(image.convert("L")).astype(float)[: round(0.75 * image.height)]
        bright = np.argwhere(pixels > 240)
        if image.mode == "RGB":
            bright = np.argwhere(pixels > pixels.max() - 20)
        y, x = bright.mean(axis=0) / image.width
        assert (y, x) == pytest.approx((160 / 256, 192 / 256), abs=0.01)


def test_shrinking_averages_over_pixel_areas():
    """A checkerboard of 0 and 1 becomes uniform at half the size: nothing is dropped."""
    board = np.indices((256, 256)).sum(axis=0) % 2
    assert (np.asarray(micrograph_image(board, 0.2, size_px=128))[:64] == 128).all()


def test_the_phase_key_and_colours_span_the_phases():
    phase = np.linspace(0, 2, 256)[None, :].repeat(256, axis=0)
    pixels = np.asarray(phase_image(np.exp(1j * phase), 0.2)).astype(int)
    lightness = pixels[20].sum(axis=1)
    assert (np.diff(lightness) >= -3).all()
    assert lightness[-1] > 600 > 60 > lightness[0]


def overlay_outline(counts, mask, size_px=None):
    image = label_overlay(counts, mask, 0.2, size_px=size_px)
    return (np.asarray(image) == np.array(OUTLINE_RGB)).all(axis=-1)


@given(st.floats(5, 60), st.floats(0, 256), st.floats(0, 200), st.sampled_from([None, 128, 512]))
def test_the_outline_lies_on_the_masks_border_and_nowhere_else(radius, x, y, size_px):
    rows, columns = np.indices((256, 256))
    mask = np.hypot(rows - y, columns - x) < radius
    outline = overlay_outline(speckle(256), mask, size_px)
    scale = outline.shape[0] / 256
    away = np.abs(np.hypot(*(np.argwhere(outline) / scale - (y, x)).T) - radius)
    assert (away < 2 + 3 / scale).all()
    shown = np.asarray(Image.fromarray(mask).resize(outline.shape, Image.Resampling.NEAREST))
    assert not (outline & shown).any()
    # walking from the centre to the corner opposite, one cannot leave the mask without meeting the line
    if mask.any() and not mask.all():
        rim = np.zeros_like(shown)
        rim[1:] |= shown[:-1]
        rim[:-1] |= shown[1:]
        rim[:, 1:] |= shown[:, :-1]
        rim[:, :-1] |= shown[:, 1:]
        assert (outline | ~rim | shown).all()


def test_empty_and_full_masks_have_no_outline():
    for mask in (np.zeros((256, 256), bool), np.ones((256, 256), bool)):
        assert not overlay_outline(speckle(256), mask).any()


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"mask has shape \(2, 2\), counts \(320, 320\)"):
        label_overlay(speckle(), np.ones((2, 2), bool), 0.2)


def test_numbered_labels_are_drawn_in_a_colour_each_on_black_and_waves_by_their_phase():
    numbers = np.zeros((64, 64), np.uint16)
    numbers[8:24, 8:24], numbers[32:48, 32:48] = 3, 9
    shown = np.asarray(plane_image(numbers, 0.2))
    assert shown[0, 0].tolist() == [0, 0, 0]
    assert shown[16, 16].any() and shown[40, 40].any()
    assert shown[16, 16].tolist() != shown[40, 40].tolist()
    wave = np.exp(1j * np.linspace(0, 1, 4096)).reshape(64, 64).astype(np.complex64)
    np.testing.assert_array_equal(plane_image(wave, 0.2), phase_image(wave, 0.2))
    half = np.linspace(0, 1, 4096).reshape(64, 64).astype(np.float16)
    assert plane_image(half, 0.2, 128).size == (128, 128)
