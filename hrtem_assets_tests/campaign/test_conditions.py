"""Condition keys: readable, sortable, and one for each condition."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.campaign import Condition

millionths = st.integers(-1_000_000_000, 1_000_000_000)
conditions = st.builds(
    lambda defocus, dose: Condition(defocus_nm=defocus / 1e6, dose_e_per_a2=dose / 1e6),
    millionths,
    st.integers(1, 100_000_000_000),
)


def parsed(key):
    match = re.fullmatch(r"df([+-][0-9.]+)nm_([0-9.]+)e", key)
    assert match is not None
    return float(match[1]), float(match[2])


@pytest.mark.parametrize(
    ("defocus_nm", "dose", "key"),
    [
        (-10, 400, "df-10nm_400e"),
        (5, 400, "df+05nm_400e"),
        (-10, 75, "df-10nm_075e"),
        (0, 400, "df+00nm_400e"),
        (-0.0, 400, "df+00nm_400e"),
        (2.5, 400, "df+02.5nm_400e"),
        (-120, 1500, "df-120nm_1500e"),
        (-10, 0.5, "df-10nm_000.5e"),
    ],
)
def test_keys_are_written_as_documented(defocus_nm, dose, key):
    assert Condition(defocus_nm=defocus_nm, dose_e_per_a2=dose).key == key


@given(conditions)
def test_a_key_tells_its_condition(condition):
    assert parsed(condition.key) == (condition.defocus_nm, condition.dose_e_per_a2)


@given(conditions, conditions)
def test_two_conditions_share_a_key_only_if_they_are_the_same(one, other):
    assert (one.key == other.key) == (one == other)


@given(conditions)
def test_keys_hold_nothing_that_a_path_or_a_partition_key_must_not(condition):
    assert re.fullmatch(r"[A-Za-z0-9_.+-]+", condition.key)
    assert ".." not in condition.key
