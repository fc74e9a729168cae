"""The gallery shows what is made of every series, to scale and outlined, and names what is not."""

import shutil

import numpy as np
import pytest
import zarr
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from PIL import Image

from hrtem_assets.campaign import with_overrides
from hrtem_assets.export.gallery import Gallery
from hrtem_assets.export.gallery_figure import DPI, PANEL, gallery_figure, save_gallery
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.reading import StoreError
from hrtem_assets_tests.small import small_campaign
from hrtem_assets_tests.training.sets import write_training_set

DEFOCUS = [{"defocus_nm": d, "dose_e_per_a2": 400} for d in (-10, 0, 10)]
DOSE = [{"defocus_nm": -10, "dose_e_per_a2": d} for d in (30, 300)]
CAMPAIGN = small_campaign(
    counts={"train": 3, "validation": 0},
    series={
        "defocus_series": {
            "description": "Defocus.",
            "specimens": ["CdSe-small"],
            "conditions": DEFOCUS,
        },
        "dose_series": {"description": "", "specimens": ["CdSe-small"], "conditions": DOSE},
        "structure_series": {
            "description": "",
            "specimens": ["CdSe-small", "Ag-small", "Cu-small"],
            "conditions": DOSE[1:],
        },
    },
)
MADE = (
    ("CdSe-small", "df-10nm_400e"),
    ("CdSe-small", "df+00nm_400e"),
    ("CdSe-small", "df-10nm_300e"),
    ("Ag-small", "df-10nm_300e"),
)


@pytest.fixture(scope="module")
def layout(tmp_path_factory) -> Layout:
    root = tmp_path_factory.mktemp("gallery")
    for seed, (specimen, condition) in enumerate(MADE):
        write_training_set(root, condition, CAMPAIGN, specimen, seed)
    return Layout(root)


@pytest.fixture(scope="module")
def gallery(layout) -> Gallery:
    return Gallery(CAMPAIGN, layout)


@pytest.fixture(scope="module")
def figure(gallery):
    return gallery_figure(gallery)


def texts(figure) -> list[str]:
    return [t.get_text() for owner in (figure, *figure.axes) for t in owner.texts]


def shown_axes(figure):
    return [axes for axes in figure.axes if axes.images]


def test_every_series_has_its_panels_titled_by_what_differs(gallery):
    assert [plate.heading for plate in gallery.plates] == [
        "Defocus series: Defocus",
        "Dose series",
        "Structure series",
    ]
    titles = [
        {label: [p.title for p in row] for label, row in plate.rows.items()} for plate in gallery.plates
    ]
    assert titles == [
        {"CdSe-small": ["-10 nm", "0 nm", "+10 nm"]},
        {"CdSe-small": ["30 e/Å²", "300 e/Å²"]},
        {"small": ["CdSe", "Ag", "Cu"]},
    ]


def test_what_is_missing_is_said_in_its_place_and_with_the_command_that_makes_it(gallery, figure):
    assert [(p.specimen, p.condition) for p in gallery.missing] == [
        ("CdSe-small", "df+10nm_400e"),
        ("CdSe-small", "df-10nm_030e"),
        ("Cu-small", "df-10nm_300e"),
    ]
    said = texts(figure)
    assert said.count("not made") == 3
    assert "Not shown: 3 of 8 images. Make them with:" in said
    assert "hrtem materialize all --specimen CdSe-small" in said
    assert "hrtem materialize all --specimen Cu-small --condition df-10nm_300e" in said


def test_a_set_of_another_recipe_is_not_shown(layout, tmp_path):
    shutil.copytree(layout.root, tmp_path, dirs_exist_ok=True)
    changed = with_overrides(CAMPAIGN, {"training_sets": {"crop_px": 128}})
    write_training_set(tmp_path, "df+10nm_400e", changed)
    found = Gallery(CAMPAIGN, Layout(tmp_path))
    assert [p.absence for p in found.missing] == ["out of date", "not made", "not made"]


def test_every_image_has_a_bar_of_2_nm_at_its_scale_and_one_of_each_series_names_it(figure):
    assert len(shown_axes(figure)) == 5
    for axes in shown_axes(figure):
        (bar,) = [p for p in axes.patches if isinstance(p, Rectangle)]
        assert bar.get_width() == 2.0
        assert axes.images[0].get_extent() == pytest.approx((0, 5.12, 5.12, 0))
    assert texts(figure).count("2 nm") == 3


def test_outlines_follow_the_edges_of_the_mask(figure):
    for axes in shown_axes(figure):
        (outline,) = axes.collections
        assert tuple(outline.get_edgecolor()[0][:3]) == pytest.approx(to_rgb("#E69F00"), abs=1e-6)
        corners = np.concatenate([path.vertices for path in outline.get_paths()])
        # the masks cover the upper half of the left quarter
        assert corners.max(axis=0) == pytest.approx((5.12 / 4, 5.12 / 2), abs=1e-6)


def test_one_structure_is_shown_under_all_conditions_that_with_most_particle(gallery, layout):
    store = next(p.store for p in gallery.panels if p.store is not None)
    fractions = np.asarray(zarr.open_array(store / "mask_fraction", mode="r")[:])
    assert gallery.shown_row("CdSe-small") == int(np.argmax(fractions)) == 1


def test_panels_are_whole_pixels_and_text_in_the_pdf_is_text(gallery, tmp_path):
    png, pdf = save_gallery(gallery, tmp_path / "pictures" / "gallery")
    with Image.open(png) as picture:
        assert min(picture.size) > 3 * PANEL * DPI
    content = pdf.read_bytes()
    assert b"/Type /Font" in content
    assert content.count(b"/Subtype /Image") == 5
    assert (PANEL * DPI).is_integer()


def test_the_same_data_give_the_same_files(gallery, tmp_path):
    one, two = (save_gallery(gallery, tmp_path / name / "gallery") for name in ("one", "two"))
    for a, b in zip(one, two, strict=True):
        assert a.read_bytes() == b.read_bytes()


def test_a_campaign_without_series_shows_everything_made(layout):
    found = Gallery(CAMPAIGN.model_copy(update={"series": {}}), layout)
    (plate,) = found.plates
    assert list(plate.rows) == ["CdSe-small", "Ag-small"]
    assert {(p.specimen, p.condition) for p in found.panels if p.store} == set(MADE)
    assert plate.panels[0].title == "-10 nm, 400 e/Å²"


@pytest.mark.parametrize("series", [True, False])
def test_with_nothing_made_it_says_how_to_begin(tmp_path, series):
    campaign = CAMPAIGN if series else CAMPAIGN.model_copy(update={"series": {}})
    with pytest.raises(StoreError, match="nothing to show yet; begin with: hrtem materialize all --specimen"):
        Gallery(campaign, Layout(tmp_path))
