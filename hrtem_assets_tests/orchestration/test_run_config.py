"""Run configurations from a file are checked as a whole before anything runs."""

import re

import pytest

from hrtem_assets.campaign import CampaignError
from hrtem_assets.orchestration.run_config import RunConfigError, check_run_config
from hrtem_assets_tests.small import small_campaign

CAMPAIGN = small_campaign()
MADE = ("structures", "exit_waves")


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"structures": {}},
        {"structures": {"count": 2, "workers": 1, "substrate": {"thickness_min_a": 11}}},
        {
            "structures": {"cell_a": 64},
            "exit_waves": {"simulation": {"engine": "abtem", "frozen_phonons": 3}},
        },
        {"exit_waves": {"device": "cpu", "count": None}},
    ],
)
def test_what_a_run_can_follow_passes(config):
    check_run_config(CAMPAIGN, MADE, config)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"structure": {}}, "unknown asset 'structure'; known: structures, exit_waves, zero_defocus"),
        (
            {"labels": {"count": 1}},
            "settings of labels, which this command does not make; add labels to its ASSETS",
        ),
        ({"structures": 5}, "structures must be a mapping of settings; known: workers, device, count"),
        ({"structures": None}, "structures must be a mapping of settings"),
        (
            {"structures": {"cuont": 1}},
            "structures: cuont: is not a known field; .*known: workers, device, count",
        ),
        ({"structures": {"count": True}}, "count = True: must be a whole number, not a boolean"),
        ({"structures": {"count": "5"}}, "count = '5': must be a whole number, not text"),
        ({"structures": {"count": 0}}, "count = 0 must be at least 1"),
        ({"structures": {"workers": -1}}, "workers = -1: .*allowed: >= 0"),
        ({"structures": {"device": "gpu"}}, "device = 'gpu': .*'auto', 'cpu' or 'cuda'"),
        (
            {"structures": {"substrate": {"thickness": 1}}},
            "substrate.thickness: is not a known field; .*known: element",
        ),
        ({"structures": {"substrate": 5}}, "substrate = 5: must be a mapping, not a number"),
        (
            {"exit_waves": {"simulation": {"frozen_phonons": 1.5}}},
            "frozen_phonons = 1.5: must be a whole number",
        ),
    ],
)
def test_what_it_cannot_follow_is_refused_with_what_is_known(config, words):
    with pytest.raises(RunConfigError, match=re.compile(words, re.DOTALL)):
        check_run_config(CAMPAIGN, MADE, config)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"structures": {"cell_a": 51.3}}, "is not an even product of 2, 3, 5 and 7"),
        ({"structures": {"substrate": {"min_distance_a": 9}}}, "substrate.min_distance_a = 9"),
    ],
)
def test_a_value_that_the_campaign_does_not_allow_is_refused(config, words):
    with pytest.raises(CampaignError, match=words):
        check_run_config(CAMPAIGN, MADE, config)
