"""Distributions: what they draw, within which range, and how a campaign file writes them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from hrtem_assets.base.model import explain, recipe_settings
from hrtem_assets.imaging.distributions import DISTRIBUTIONS, Choice, in_words, written
from hrtem_assets.imaging.optics import Aberrations, Optics

DRAWS = 4000

CASES = [
    ({"uniform": [-60.0, 60.0]}, stats.uniform(-60, 120)),
    ({"log_uniform": [80.0, 900.0]}, stats.loguniform(80, 900)),
    ({"normal": [1200.0, 5.0]}, stats.truncnorm(-4, 4, 1200, 5)),
    ({"normal": [5.0, 3.0], "between": [0.0, 6.0]}, stats.truncnorm(-5 / 3, 1 / 3, 5, 3)),
    ({"half_normal": 3.0}, stats.truncnorm(0, 4, 0, 3)),
    ({"half_normal": 3.0, "most": 2.0}, stats.truncnorm(0, 2 / 3, 0, 3)),
]


def of(mapping):
    (kind,) = [k for k in mapping if k in DISTRIBUTIONS]
    return DISTRIBUTIONS[kind].model_validate(mapping)


@pytest.mark.parametrize(("mapping", "truth"), CASES, ids=lambda v: str(v)[:40])
def test_draws_follow_their_distribution(mapping, truth):
    rng = np.random.default_rng(1)
    draws = [of(mapping).draw(rng) for _ in range(DRAWS)]
    assert stats.kstest(draws, truth.cdf).pvalue > 0.01
    low, high = of(mapping).support
    assert low <= min(draws) <= max(draws) <= high
    assert of(mapping).median == pytest.approx(truth.median(), rel=1e-6)


def test_a_choice_draws_its_values_by_their_weights():
    rng, choice = np.random.default_rng(2), Choice(choice=(1.0, 2.0, 5.0), weights=(1.0, 0.0, 3.0))
    values, counts = np.unique([choice.draw(rng) for _ in range(DRAWS)], return_counts=True)
    assert values.tolist() == [1.0, 5.0]
    assert stats.chisquare(counts, [DRAWS / 4, 3 * DRAWS / 4]).pvalue > 0.01
    assert choice.median == 5.0
    assert choice.support == (1.0, 5.0)


@given(st.floats(1e-3, 1e3), st.floats(1.0001, 1e3), st.integers(0, 2**32))
def test_a_log_uniform_number_never_leaves_its_range_by_rounding(low, factor, seed):
    distribution = of({"log_uniform": [low, low * factor]})
    assert low <= distribution.draw(np.random.default_rng(seed)) <= low * factor


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            -1,
            "focal_spread_a = -1: Input should be greater than or equal to 0 (allowed: >= 0.0 and <= 1000.0 Å)",
        ),
        (
            {"uniform": [-1, 3]},
            "-1 to 3 (uniform) can draw -1; narrow it (allowed: >= 0.0 and <= 1000.0 Å)",
        ),
        ({"normal": [5, 2]}, "can draw -3"),
        ({"normal": [5, 1], "between": [900, 2000]}, "between: only 0 of a normal distribution"),
        ({"normal": [5, 0]}, "must be above 0"),
        ({"uniform": [3, 1]}, "3 must be below 1; swap them"),
        ({"uniform": [1]}, "uniform.1: Field required"),
        ({"uniform": [1, "2"]}, "uniform.1: Input should be a valid number"),
        ({"log_uniform": [0, 2]}, "must be above 0"),
        ({"half_normal": -3}, "half_normal: Input should be greater than 0"),
        ({"choice": []}, "choice:"),
        ({"choice": [1, 2], "weights": [1]}, "give one for each of the 2 values"),
        (
            {"unifrm": [1, 2]},
            "write a number, or one of uniform, log_uniform, normal, half_normal, choice; not unifrm",
        ),
        ({"normal": [5, 1], "uniform": [1, 2]}, "not normal, uniform"),
        ({"uniform": [1, 2], "most": 2}, "most: Extra inputs are not permitted"),
        ("10", "must be a number, not text"),
        (True, "must be a number, not a boolean"),
        (None, "must be a number, not nothing"),
        (math.nan, "finite"),
        ({"uniform": [0, math.inf]}, "finite"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_field_range_and_repair(value, words):
    with pytest.raises(ValidationError) as caught:
        Optics.model_validate({"focal_spread_a": value})
    text = explain(caught.value, Optics, "campaign.yaml")
    assert text.startswith("focal_spread_a")
    assert words in text
    assert text.endswith("change it in campaign.yaml")


def test_a_direction_is_drawn_where_its_magnitude_is_and_it_is_not_given():
    drawn = Aberrations.model_validate({"c12_nm": {"half_normal": 3}})
    assert in_words(drawn.phi12_rad) == f"0 to {2 * math.pi:g} (uniform)"
    assert Aberrations.model_validate({"c12_nm": {"half_normal": 3}, "phi12_rad": 0.5}).phi12_rad == 0.5
    assert Aberrations(c12_nm=3.0).phi12_rad == 0.0


@given(st.sampled_from([case for case, _ in CASES]), st.floats(0, 100))
def test_settings_with_distributions_survive_being_written_and_read(mapping, value):
    settings = {"focal_spread_a": value, "aberrations": {"c50_mm": {"choice": [1, 2]}, "c30_um": mapping}}
    optics = Optics.model_validate(settings)
    assert Optics.model_validate(optics.model_dump()) == optics
    assert Optics.model_validate_json(optics.model_dump_json()) == optics
    assert Optics.model_validate(recipe_settings(optics)) == optics
    assert written(recipe_settings(optics)["aberrations"]["c30_um"]) == of(mapping).words()


def test_settings_put_on_top_replace_a_distribution_as_a_whole():
    usual = Optics.model_validate({"focal_spread_a": {"uniform": [1, 2]}, "aperture_mrad": 10})
    part = Optics.model_validate({"focal_spread_a": {"normal": [8, 1]}})
    assert usual.overlaid(part).model_dump(exclude_unset=True) == {
        "focal_spread_a": {"normal": (8.0, 1.0)},
        "aperture_mrad": 10.0,
    }
