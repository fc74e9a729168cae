"""Seeds: fixed for ever, independent of order and additions, and distinct."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.campaign import load_campaign
from hrtem_assets.campaign.seeds import structure_seed

PAPER = load_campaign("paper")
ASSETS = ["structures", "exit_waves", *(f"micrographs/{key}" for key in PAPER.condition_by_key)]

places = st.tuples(st.sampled_from(sorted(PAPER.specimens)), st.integers(0, 10**6), st.sampled_from(ASSETS))


@pytest.mark.parametrize(
    ("place", "seed"),
    [
        (("CdSe-medium", 0, "structures"), 9084445637977933329),
        (("CdSe-medium", 17, "micrographs/df-10nm_400e"), 4687134379130810126),
        (("Fe-small", 639, "exit_waves"), 3907755209904881495),
    ],
)
def test_the_seeds_of_the_published_campaign_never_change(place, seed):
    """Another seed means other data under the same name: make a new campaign instead."""
    assert structure_seed(PAPER, *place) == seed


@given(places, places)
def test_another_specimen_index_or_stage_has_another_seed(one, other):
    assert (structure_seed(PAPER, *one) == structure_seed(PAPER, *other)) == (one == other)


def test_all_seeds_of_one_stage_of_the_published_campaign_differ():
    seeds = {structure_seed(PAPER, key, k, "structures") for key in PAPER.specimens for k in range(640)}
    assert len(seeds) == 27 * 640


@given(places)
def test_additions_to_the_campaign_change_no_seed(place):
    assert structure_seed(EXTENDED, *place) == structure_seed(PAPER, *place)


EXTENDED = load_campaign(
    "paper",
    {
        "counts": {"train": 2000},
        "lattices": {
            "Au": {"space_group": 225, "a": 4.0786, "sites": [{"element": "Au", "position": [0, 0, 0]}]}
        },
        "sizes": {"tiny": {"radius_min_a": 5, "radius_max_a": 8}},
        "conditions+": [{"defocus_nm": 40, "dose_e_per_a2": 400}],
    },
)


@given(st.lists(places, min_size=2, max_size=6, unique=True))
def test_seeds_do_not_depend_on_the_order_in_which_they_are_asked_for(asked):
    forwards = [structure_seed(PAPER, *place) for place in asked]
    backwards = [structure_seed(PAPER, *place) for place in reversed(asked)]
    assert forwards == backwards[::-1]


@given(places, st.integers(0, 2**63 - 1))
def test_another_campaign_seed_changes_every_seed(place, seed):
    other = PAPER.model_copy(update={"seed": seed})
    assert (structure_seed(other, *place) == structure_seed(PAPER, *place)) == (seed == PAPER.seed)


def test_neighbouring_structures_draw_unrelated_numbers():
    draws = np.array(
        [
            np.random.default_rng(structure_seed(PAPER, "CdSe-medium", k, "structures")).random(400)
            for k in range(50)
        ]
    )
    off_diagonal = np.corrcoef(draws)[~np.eye(50, dtype=bool)]
    # correlations of 400 independent pairs have a standard deviation of 0.05
    assert np.abs(off_diagonal).max() < 0.25
    assert off_diagonal.std() == pytest.approx(0.05, rel=0.1)
