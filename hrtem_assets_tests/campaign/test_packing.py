"""Bounds on particles in a square: never below what an arrangement shows to be possible."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_assets.campaign import CampaignError, load_campaign
from hrtem_assets.campaign.packing import least_side, most_points
from hrtem_assets.campaign.settings import MOST_TRIALS


def spread(centers: np.ndarray) -> float:
    """The least distance of points, in units of the side of the square they lie in."""
    distances = np.linalg.norm(centers[:, None] - centers, axis=2)
    return float(distances[np.triu_indices(len(centers), 1)].min())


def hexagonal(side: float) -> int:
    """Points at distances of 1 in rows that are sqrt(3)/2 apart, every other shifted by half."""
    rows = math.floor(side / (math.sqrt(3) / 2) + 1e-9) + 1
    return sum(math.floor(side - (row % 2) / 2 + 1e-9) + 1 for row in range(rows) if side >= (row % 2) / 2)


@pytest.mark.parametrize(
    ("points", "farthest"),
    [
        (2, math.sqrt(2)),
        (3, math.sqrt(6) - math.sqrt(2)),
        (4, 1.0),
        (5, math.sqrt(2) / 2),
        (6, math.sqrt(13) / 6),
        (7, 4 - 2 * math.sqrt(3)),
        (8, (math.sqrt(6) - math.sqrt(2)) / 2),
        (9, 0.5),
        (16, 1 / 3),
    ],
)
def test_the_proven_arrangements_are_neither_refused_nor_beaten(points, farthest):
    assert most_points(1.0, farthest) == points
    assert most_points(1.0, farthest * (1 + 1e-5)) == points - 1
    assert least_side(points, farthest) == pytest.approx(1.0, abs=1e-5)


@settings(max_examples=200, deadline=None)
@given(side=st.floats(0.1, 60.0))
def test_rows_of_points_are_never_refused(side):
    square = (math.floor(side) + 1) ** 2
    most = most_points(side, 1.0)
    assert most is not None and most >= max(square, hexagonal(side))
    # and the bound is no idle one: rows cover most of a large square
    assert side < 10 or most <= 1.35 * max(square, hexagonal(side))


@settings(max_examples=100, deadline=None)
@given(points=st.integers(2, 40), seed=st.integers(0, 2**32))
def test_points_that_lie_there_are_never_refused(points, seed):
    centers = np.random.default_rng(seed).random((points, 2))
    most = most_points(1.0, spread(centers))
    assert most is not None and most >= points


@settings(max_examples=100, deadline=None)
@given(points=st.integers(1, 200), distance=st.floats(1.0, 100.0))
def test_the_least_side_is_where_the_bound_allows_so_many(points, distance):
    side = least_side(points, distance)
    most = most_points(side * (1 + 1e-6) + 1e-9, distance)
    assert most is not None and most >= points
    if points > 1:
        fewer = most_points(side * 0.999, distance)
        assert fewer is not None and fewer < points


def test_no_distance_is_no_bound_and_no_room_is_one_point():
    assert most_points(1.0, 0.0) is None
    assert most_points(0.0, 1.0) == 1


def crowded(**placement):
    return {
        "series": None,
        "max_stacking_faults": None,
        "sizes": {"small": {"radius_min_a": 7, "radius_max_a": 7}, "medium": None, "large": None},
        "simulation": {"cell_a": 32},
        "placement": {"separation_a": 5, **placement},
    }


def test_as_many_as_an_arrangement_holds_are_accepted():
    assert load_campaign("demo", crowded(count_min=6, count_max=6)).placement.count_max == 6


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            crowded(count_min=10, count_max=10),
            r"placement.count_max = 10: .*more than 6 particles of sizes.small.radius_min_a = 7 .*count_min and "
            r"count_max to at most 6.*beyond 45.1",
        ),
        (crowded(count_min=1, count_max=7), r"lower count_max to at most 6"),
        (
            crowded(count_min=1, count_max=5)
            | {"simulation": {"cell_a": 32}, "placement": {"edge_rule": "inside"}},
            r"count_max = 5: .*more than 2 particles",
        ),
        (
            {"placement": {"count_min": 5, "count_max": 5, "separation_a": 58}},
            r"count_max = 5: .*more than 4 particles of sizes.large.radius_min_a = 25",
        ),
        (
            {"placement": {"count_min": 2, "count_max": 2, "separation_a": 1000, "edge_rule": "inside"}},
            r"count_max = 2: .*more than 1 particle of",
        ),
        ({"placement": {"max_attempts": 10**9}}, rf"max_attempts = 1000000000 .*at most {MOST_TRIALS // 5} "),
    ],
)
def test_more_particles_than_any_arrangement_holds_are_refused_with_what_would_do(changes, words):
    with pytest.raises(CampaignError, match=words):
        load_campaign("demo", changes)
