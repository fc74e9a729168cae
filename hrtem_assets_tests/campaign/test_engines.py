import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.campaign import CampaignError, PrismaticSettings, load_campaign, with_overrides

KIRKLAND = {"parametrization": "kirkland"}


def engine_of(campaign, key):
    return campaign.simulation_of(campaign.specimen(key)).engine


def test_engines_are_assigned_by_specimen_and_the_others_keep_the_campaigns():
    campaign = load_campaign("demo", {"engines": {"Cu-large": "prismatic"}, "simulation": KIRKLAND})
    assert engine_of(campaign, "Cu-large") == "prismatic"
    assert engine_of(campaign, "Cu-small") == campaign.simulation.engine
    specimen = campaign.specimen("Cu-large")
    same = campaign.simulation_of(specimen).model_copy(update={"engine": campaign.simulation.engine})
    assert same == campaign.simulation


def test_an_engine_named_for_a_run_holds_for_every_specimen_of_it():
    campaign = load_campaign("demo", {"engines": {"Cu-large": "prismatic"}, "simulation": KIRKLAND})
    assert engine_of(with_overrides(campaign, {"simulation": {"engine": "abtem"}}), "Cu-large") == "abtem"
    assert engine_of(with_overrides(campaign, {"simulation": {"vacuum_a": 3.0}}), "Cu-large") == "prismatic"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"engines": {"Cu-huge": "abtem"}}, ["engines.Cu-huge", "no such specimen", "Cu-large"]),
        ({"engines": {"Cu-large": "magic"}}, ["engines.Cu-large", "'magic'", "'prismatic'"]),
        (
            {"engines": {"Cu-large": "prismatic"}},
            ["engines.Cu-large", "'lobato'", "set simulation.parametrization to kirkland"],
        ),
        ({"simulation": {"engine": "prismatic"}}, ["'lobato'", "set simulation.parametrization to kirkland"]),
        (
            {"simulation": KIRKLAND | {"engine": "prismatic", "output_sampling_a": 0.1}},
            ["output_sampling_a = 0.1", "0.2 Å or more"],
        ),
        (
            {"simulation": KIRKLAND | {"engine": "prismatic", "slice_thickness_a": 0.15}},
            ["slice_thickness_a = 0.15", "at least 0.4 Å"],
        ),
        (
            {"simulation": KIRKLAND | {"engine": "prismatic", "cell_a": 105.0, "output_sampling_a": 0.3}},
            ["1050 pixels", "multiple of 4"],
        ),
        ({"simulation": {"prismatic": {"threads": 0}}}, ["simulation.prismatic.threads = 0", ">= 1"]),
    ],
)
def test_what_an_engine_cannot_do_is_refused_with_value_and_repair(settings, words):
    with pytest.raises(CampaignError) as caught:
        load_campaign("demo", settings)
    assert not [w for w in words if w not in str(caught.value)], caught.value


@given(st.floats(0.4, 10.0), st.floats(0.05, 0.1), st.floats(1.0, 1.25))
def test_subslices_are_1_to_1_25_pixels_thick_whatever_is_wanted(thickness_a, sampling_a, wanted):
    n = PrismaticSettings(subslice_pixels=wanted).subslices(thickness_a, sampling_a)
    assert 1.0 - 1e-5 <= thickness_a / n / sampling_a <= 1.25 + 1e-5


def test_the_default_subslices_are_those_of_the_reference_waves():
    assert PrismaticSettings().subslices(2.0, 0.1) == 18
    assert PrismaticSettings().subslices(1.0, 0.1) == 9
