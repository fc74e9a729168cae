"""Placement keeps the gap, favours no radius and says what it could not place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hrtem_assets.campaign import Placement
from hrtem_assets.specimen.placement import place

OPEN, INSIDE = Placement(), Placement(edge_rule="inside")


@settings(max_examples=100, deadline=None)
@given(
    radii=st.lists(st.floats(3.0, 35.0), min_size=1, max_size=5),
    edge_rule=st.sampled_from(["open", "inside"]),
    separation_a=st.floats(0.0, 30.0),
    seed=st.integers(0, 2**32),
)
def test_particles_are_the_separation_apart_and_obey_the_edge_rule(radii, edge_rule, separation_a, seed):
    rule = Placement(edge_rule=edge_rule, separation_a=separation_a, max_attempts=500)
    asked = np.array(radii)
    centers, kept = place(asked, 128.0, rule, np.random.default_rng(seed))
    assert len(kept) == len(centers) >= 1
    assert np.all(np.diff(kept) > 0)
    margin = asked[kept] if edge_rule == "inside" else np.zeros(len(kept))
    assert np.all((centers >= margin[:, None]) & (centers <= 128.0 - margin[:, None]))
    for i in range(len(kept)):
        for j in range(i):
            gap = np.linalg.norm(centers[i] - centers[j]) - asked[kept[i]] - asked[kept[j]]
            assert gap >= separation_a


def test_centres_of_a_lone_particle_are_uniform_over_the_open_cell():
    rng = np.random.default_rng(0)
    centers = np.array([place(np.array([30.0]), 128.0, OPEN, rng)[0][0] for _ in range(2000)])
    for axis in (0, 1):
        assert stats.kstest(centers[:, axis] / 128.0, "uniform").pvalue > 0.001


@pytest.mark.parametrize(
    ("rule", "size", "number", "least"),
    [
        # single throws of random darts succeed with .97 and .65
        (INSIDE, (15, 25), 3, 1.0),
        (OPEN, (25, 35), 4, 0.98),
        (OPEN, (15, 25), 5, 1.0),
        (OPEN, (10, 20), 5, 1.0),
    ],
)
def test_what_fits_is_placed(rule, size, number, least):
    rng = np.random.default_rng(1)
    placed = [
        len(place(rng.uniform(size[0], size[1], number), 128.0, rule, rng)[1]) == number for _ in range(50)
    ]
    assert np.mean(placed) >= least


def test_fewer_particles_are_placed_where_no_room_is_left():
    rule = Placement(separation_a=100.0, max_attempts=50)
    centers, kept = place(np.full(5, 30.0), 128.0, rule, np.random.default_rng(2))
    assert 1 <= len(kept) < 5
    assert len(centers) == len(kept)


def test_the_particle_given_up_is_chosen_whatever_its_radius():
    """Where only one fits, each of three is kept equally often: small ones are not favoured."""
    rule = Placement(separation_a=1000.0, max_attempts=20)
    rng = np.random.default_rng(3)
    kept = [int(place(np.array([5.0, 15.0, 30.0]), 128.0, rule, rng)[1][0]) for _ in range(600)]
    assert stats.chisquare(np.bincount(kept, minlength=3)).pvalue > 0.001


def test_the_trials_are_bounded():
    class Counting(np.random.Generator):
        drawn = 0

        def uniform(self, low, high, size):  # type: ignore[override]
            type(self).drawn += size[0]
            return super().uniform(low, high, size)

    rule = Placement(separation_a=1000.0, max_attempts=300)
    place(np.array([30.0, 30.0]), 128.0, rule, Counting(np.random.PCG64(0)))
    # 600 trials for the two, as many drawn ahead for the first of each arrangement, 100 for the one that is left
    assert Counting.drawn <= 1300
