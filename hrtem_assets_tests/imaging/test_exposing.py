"""Effects in a row: their order, their random numbers, and what a campaign may say of them."""

import re
from typing import ClassVar, Literal

import numpy as np
import pytest

from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import CampaignError, Optics, load_campaign
from hrtem_assets.imaging.effect import UNITS, Exposure, ImagingEffect, Signal
from hrtem_assets.imaging.effects import EFFECTS, check_effects, effects_of
from hrtem_assets.imaging.exposing import expose
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets_tests.imaging.waves import USUAL, random_waves

EXPOSURE = Exposure(Microscope(), 0.0197, 0.2, 50.0, 400.0, 11)
QUADRATURE = Optics(temporal_coherence="quadrature")


class Background(ImagingEffect):
    """A uniform background, drawn for every image."""

    effect: Literal["background"] = "background"
    takes: ClassVar[Signal] = "intensity"
    equation: ClassVar[str] = "intensity + background"
    source: ClassVar[str] = "a test"
    records: ClassVar[dict[str, tuple[str, str]]] = {"background": ("1", "added intensity")}

    def apply(self, image, exposure, rng):
        level = rng.uniform(0.1, 0.2)
        return image + np.float32(level), {"background": level}

    def sentence(self, microscope, dose_e_per_a2):
        return "A uniform background"


def exposed(*effects):
    spectra = np.fft.fft2(random_waves()).astype(np.complex64)
    before = spectra.copy()
    image, record = expose(spectra, effects, EXPOSURE)
    np.testing.assert_array_equal(spectra, before)
    return image, record


def test_waves_become_intensities_before_the_first_effect_that_takes_these():
    lens, spread, noise = USUAL
    plain, _ = exposed(lens, spread)
    lit, record = exposed(lens, spread, Background())
    np.testing.assert_allclose(lit - plain, record["background"], atol=1e-5)
    assert 0.1 <= record["background"] <= 0.2
    assert exposed(lens, spread, noise)[0].dtype.kind == "i"


def test_an_effect_draws_the_same_numbers_whatever_acts_besides():
    lens, spread, noise = USUAL
    assert exposed(lens, spread, Background(), noise)[1] == exposed(lens, Background())[1]
    draws = [EXPOSURE.generator(name).random() for name in EFFECTS]
    assert len({np.random.default_rng(EXPOSURE.seed).random(), *draws}) == 1 + len(EFFECTS)


@pytest.mark.parametrize(
    ("names", "optics", "words"),
    [
        (
            ["shot_noise", "contrast_transfer"],
            Optics(),
            "contrast_transfer takes waves and comes after shot_noise",
        ),
        (
            ["focal_spread", "contrast_transfer", "shot_noise"],
            QUADRATURE,
            "comes after focal_spread, which gives",
        ),
        (["contrast_transfer"], Optics(), "no effect gives counts; end with shot_noise"),
        (["shot_noise", "shot_noise"], Optics(), "shot_noise appears twice"),
        ([], Optics(), "no effect gives counts"),
    ],
)
def test_effects_that_do_not_lead_from_waves_to_counts_are_refused(names, optics, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        check_effects([EFFECTS[name](effect=name) for name in names], Microscope(optics=optics))
    changes = {"imaging": [{"effect": name} for name in names], "optics": optics.model_dump()}
    with pytest.raises(CampaignError, match=re.escape(words)):
        load_campaign("paper", changes)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"effect": "magic"}, "'contrast_transfer', "),
        ({"effect": "shot_noise", "dose": 3}, "imaging.0.shot_noise.dose: is not a known field"),
        ({}, "imaging.0"),
        ("shot_noise", "imaging.0"),
    ],
)
def test_an_entry_that_is_no_effect_is_refused(entry, words):
    with pytest.raises(CampaignError, match=re.escape(words)):
        load_campaign("paper", {"imaging": [entry]})


def test_a_recipe_of_micrographs_names_the_effects_and_leads_back_to_them():
    entries = [{"effect": "contrast_transfer"}, {"effect": "shot_noise"}]
    campaign, plain = load_campaign("paper", {"imaging": entries}), load_campaign("paper")
    specimen, condition = campaign.specimen("Cu-small"), campaign.conditions[0].key
    recipe = ASSETS["micrographs"].recipe(campaign, specimen, condition)
    assert recipe.settings["imaging"] == entries
    assert effects_of(recipe.settings) == campaign.imaging
    assert effects_of({}) == USUAL == plain.effects(condition)
    assert recipe.upstream == ASSETS["micrographs"].recipe(plain, specimen, condition).upstream


@pytest.mark.parametrize("name", EFFECTS)
def test_every_effect_says_what_it_is(name):
    member = EFFECTS[name]
    assert name == member.name == member.__module__.rpartition(".")[2]
    assert member.takes in UNITS
    assert member.equation
    assert member.source
    sentence = member(effect=name).sentence(Microscope(), 400.0)
    assert sentence[0].isupper()
    assert not sentence.endswith(".")


def test_the_mean_of_an_image_lies_where_the_effects_say():
    least, most = 1.0, 1.0
    for effect in USUAL:
        least, most = effect.mean_bounds(least, most, EXPOSURE)
    assert (least, most) == pytest.approx((16.0, 16.0))
    dark = Exposure(Microscope(optics=Optics(aperture_mrad=5.0)), 0.0197, 0.2)
    assert USUAL[0].mean_bounds(0.9, 1.1, dark) == (0.0, 1.1)
