"""Markdown images: they decode, and stay within the limits at worst."""

import base64
import re
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hrtem_assets.figures import preview_markdown, thumbnail_markdown


def decoded(markdown):
    match = re.fullmatch(r"!\[[^\]]*\]\(data:image/webp;base64,([A-Za-z0-9+/=]+)\)", markdown)
    assert match is not None
    image = Image.open(BytesIO(base64.b64decode(match[1])))
    assert image.format == "WEBP"
    return image


def noise(width, height, mode):
    shape = (height, width) if mode == "L" else (height, width, 3)
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))


@settings(max_examples=25)
@given(st.integers(1, 700), st.integers(1, 700), st.sampled_from(["L", "RGB"]))
def test_a_thumbnail_of_pure_noise_stays_below_1000_characters(width, height, mode):
    markdown = thumbnail_markdown(noise(width, height, mode), "a" * 100)
    assert len(markdown) < 1000
    assert decoded(markdown).width <= 32


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("width_px", [256, 512])
@pytest.mark.parametrize("size", [(512, 512), (512, 1024), (640, 640), (1300, 300)])
def test_a_preview_of_pure_noise_stays_below_100_kb(size, width_px, mode):
    markdown = preview_markdown(noise(size[0], size[1], mode), width_px=width_px)
    assert len(markdown) < 100_000
    image = decoded(markdown)
    assert image.width <= width_px
    assert image.width / image.height == pytest.approx(size[0] / size[1], rel=0.02)


def test_a_preview_is_never_enlarged():
    assert decoded(preview_markdown(noise(40, 30, "L"))).size == (40, 30)


def test_a_preview_looks_like_its_picture():
    rows, columns = np.indices((256, 256))
    fringes = Image.fromarray((128 + 100 * np.sin(rows / 4) * np.cos(columns / 5)).astype(np.uint8))
    shown = np.asarray(decoded(preview_markdown(fringes)).convert("L")).astype(float)
    assert np.abs(shown - np.asarray(fringes)).mean() < 3


def test_pictures_with_transparency_are_accepted():
    assert decoded(thumbnail_markdown(Image.new("RGBA", (64, 64), (255, 0, 0, 128)))).size == (32, 32)


@pytest.mark.parametrize("width_px", [0, 513])
def test_a_preview_wider_than_512_or_narrower_than_1_is_refused(width_px):
    with pytest.raises(ValueError, match=f"width_px = {width_px} must be between 1 and 512"):
        preview_markdown(noise(8, 8, "L"), width_px=width_px)


def test_a_long_alternative_text_is_refused():
    with pytest.raises(ValueError, match="alt has 101 characters; give at most 100"):
        thumbnail_markdown(noise(8, 8, "L"), "a" * 101)
