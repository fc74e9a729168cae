"""One image's draw: seeded by the image, independent of every other setting, and told under known names."""

import itertools

import pytest
from pydantic import BaseModel
from scipy import stats

from hrtem_assets.imaging.distributions import Drawable
from hrtem_assets.imaging.draws import ImageDistribution, microscope_settings, record_name
from hrtem_assets.imaging.microscope import Microscope

SETTINGS = {
    "optics": {"aberrations": {"c30_um": {"normal": [1200, 5]}, "c12_nm": {"half_normal": 3}}},
    "detector": {"mtf": {"c1": {"uniform": [0.9, 1.0]}}, "gain": {"choice": [1, 4]}},
    "stage": {"vibration_a": {"uniform": [0.05, 0.4]}},
}


def images(settings=None, defocus_nm=-10.0, dose_e_per_a2=400.0):
    return ImageDistribution(Microscope.model_validate(settings or SETTINGS), defocus_nm, dose_e_per_a2)


def test_every_drawn_value_has_a_record_with_its_unit_and_a_direction_of_its_own():
    assert images().records == {
        "c30": ("µm", "third-order spherical aberration Cs"),
        "c12": ("nm", "twofold astigmatism"),
        "phi12": ("rad", "azimuth of twofold astigmatism"),
        "vibration": ("Å", "standard deviation of a Gaussian vibration, along its major axis"),
        "vibration_azimuth": ("rad", "direction of the major axis"),
        "mtf_c1": ("1", "level at zero frequency"),
        "gain": ("1", "counts per electron"),
    }
    draw = images().draw(5)
    assert draw.values.keys() == images().records.keys()
    assert draw.values["c30"] == draw.microscope.optics.aberrations.c30_um
    assert draw.microscope.distributions() == {}


def test_a_setting_more_changes_no_other_value():
    alone = {"optics": {"aberrations": {"c30_um": {"normal": [1200, 5]}}}}
    more, less = images().draw(7), images(alone).draw(7)
    assert more.values["c30"] == less.values["c30"]
    assert more.defocus_nm == less.defocus_nm
    assert images().draw(8).values["c30"] != more.values["c30"]


def test_a_number_for_the_defocus_jitters_and_a_distribution_holds_as_it_is():
    jittered = [images({}).draw(seed).defocus_nm for seed in range(2000)]
    assert stats.kstest(jittered, stats.norm(-10, 1.5).cdf).pvalue > 0.01
    uniform = Microscope.model_validate({"optics": {"focal_spread_a": {"uniform": [0, 120]}}}).optics
    drawn = [images({}, uniform.focal_spread_a).draw(seed).defocus_nm for seed in range(2000)]
    assert stats.kstest(drawn, stats.uniform(0, 120).cdf).pvalue > 0.01


def test_what_a_recipe_says_draws_the_same_images():
    before = images()
    recipe = {
        **microscope_settings(before.microscope),
        "defocus_jitter_nm": 1.5,
        "condition": {"defocus_nm": {"uniform": [-60, 60]}, "dose_e_per_a2": {"log_uniform": [80, 900]}},
    }
    again = ImageDistribution.of_recipe(recipe)
    assert again.microscope == before.microscope
    assert again.draw(3).values == before.draw(3).values
    assert -60 <= again.draw(3).defocus_nm <= 60
    assert 80 <= again.draw(3).dose_e_per_a2 <= 900


def test_a_microscope_as_before_is_named_in_recipes_as_before():
    assert microscope_settings(Microscope()).keys() == {"optics"}


def paths(model, prefix=""):
    """Every field of a microscope that may be drawn."""
    for name, info in model.model_fields.items():
        kinds = [
            a for a in (info.annotation, *getattr(info.annotation, "__args__", ())) if isinstance(a, type)
        ]
        inner = [kind for kind in kinds if issubclass(kind, BaseModel)]
        if inner:
            yield from paths(inner[0], f"{prefix}{name}.")
        elif isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("drawn"):
            assert issubclass(model, Drawable)
            yield f"{prefix}{name}"


def test_no_two_fields_share_a_record():
    names = [record_name(path) for path in paths(Microscope)]
    kept = {
        "defocus",
        "exit_plane_defocus",
        "dose",
        "mean_counts",
        "most_counts",
        "minimum_ratio",
        "seed",
        "pixel",
    }
    of_sets = {"mean", "std", "split", "mask_fraction", "silhouette_iou", "structure", "draw"}
    assert len(names) > 50
    assert not [a for a, b in itertools.combinations(sorted(names), 2) if a == b]
    assert not kept & set(names)
    assert not of_sets & set(names)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("optics.aberrations.c30_um", "c30"),
        ("optics.chromatic.energy_spread_ev", "energy_spread"),
        ("detector.mtf.c1", "mtf_c1"),
        ("detector.x_rays_per_mpx", "x_rays_per_mpx"),
        ("frame.sampling_a", "sampling"),
    ],
)
def test_records_are_named_after_their_fields(path, name):
    assert record_name(path) == name
