"""Sites to a full cell: special positions by few digits, multiplicities of the Tables, one place named twice."""

import numpy as np
import pytest

from hrtem_assets.crystal.expansion import (
    ExpansionError,
    cell_vectors,
    expand,
    neighbours,
    onto_special_position,
)
from hrtem_assets.crystal.space_groups import setting_of, settings_of

CUBE = (4.0, 4.0, 4.0, 90.0, 90.0, 90.0)
MOS2 = (3.161, 3.161, 12.295, 90.0, 90.0, 120.0)


@pytest.mark.parametrize(
    ("number", "choice", "position", "multiplicity"),
    [
        # Wyckoff letters from the International Tables
        (225, "", (0, 0, 0), 4),
        (225, "", (0.25, 0.25, 0.25), 8),
        (225, "", (0.05, 0.12, 0.31), 192),
        (227, "1", (0, 0, 0), 8),
        (227, "2", (0, 0, 0), 16),
        (227, "2", (0.125, 0.125, 0.125), 8),
        (224, "2", (0, 0, 0), 4),
        (205, "", (0.385, 0.385, 0.385), 8),
    ],
)
def test_a_site_has_the_multiplicity_of_the_tables(number, choice, position, multiplicity):
    found = expand(setting_of(number, choice).operators, CUBE, [position], ["A"])
    assert found.multiplicities.tolist() == [multiplicity]
    assert ((found.positions >= 0) & (found.positions < 1)).all()


@pytest.mark.parametrize("third", ["0.33", "0.333", "0.3333", "0.33333", "0.333333", "0.3334", "0.3332"])
def test_thirds_of_few_digits_are_thirds(third):
    x = float(third)
    operators = setting_of(194).operators
    position = onto_special_position(operators, MOS2, (x, 1 - x, 0.621))
    np.testing.assert_allclose(position, (1 / 3, 2 / 3, 0.621), atol=1e-12)
    found = expand(operators, MOS2, [(x, 1 - x, 0.25), (x, 1 - x, 0.621)], ["Mo1", "S1"])
    assert found.multiplicities.tolist() == [2, 4]


def test_a_position_that_is_right_stays_bit_for_bit():
    written = (1 / 3, 2 / 3, 0.621)
    assert tuple(onto_special_position(setting_of(194).operators, MOS2, written)) == written
    general = (0.123, 0.21, 0.3)
    assert tuple(onto_special_position(setting_of(194).operators, MOS2, general)) == general


def test_two_sites_on_one_place_are_refused_with_both_names():
    operators = setting_of(225).operators
    with pytest.raises(ExpansionError, match=r"Na1 at \(0, 0, 0\) and Na2 at \(0.5, 0.5, 1\) are one place"):
        expand(operators, CUBE, [(0, 0, 0), (0.5, 0.5, 1.0)], ["Na1", "Na2"])


def test_a_cell_of_too_many_atoms_is_refused_before_it_costs():
    sites = np.random.default_rng(1).random((200_000, 3))
    with pytest.raises(ExpansionError, match="more than 5000 atoms"):
        expand(setting_of(225).operators, (90.0,) * 6, sites, ["x"] * len(sites))


def test_the_atoms_are_the_same_set_from_any_of_its_images():
    for setting in settings_of(62):
        operators = setting.operators
        cell = (5.0, 6.0, 7.0, 90.0, 90.0, 90.0)
        start = np.array([[0.12, 0.23, 0.31]])
        first = expand(operators, cell, start, ["A"]).positions
        for image in operators.images(start[0]):
            again = expand(operators, cell, image[None], ["A"]).positions
            assert {tuple(p) for p in np.round(first, 9)} == {tuple(p) for p in np.round(again, 9)}


def test_neighbours_are_counted_across_the_faces_of_a_small_cell():
    positions = np.array([[0.0, 0.0, 0.0], [0.02, 0.0, 0.0]])
    vectors = cell_vectors((5.0, 5.0, 5.0, 90.0, 90.0, 90.0))
    assert neighbours(positions, vectors, 0.2).tolist() == [[0, 1]]
    assert neighbours(np.array([[0.99, 0, 0], [0.01, 0, 0]]), vectors, 0.2).tolist() == [[0, 1]]
    assert neighbours(positions[:1], vectors, 5.1).tolist() == [[0, 0]]
