"""Both origins of the 24 groups that have two: the same crystal in either, and another where they are confused."""

import itertools
from typing import Any

import numpy as np
import pytest
import spglib

from hrtem_assets.crystal.cells import complete_cell
from hrtem_assets.crystal.choices import Declared, decide_origin, unit_cell
from hrtem_assets.crystal.space_groups import groups_with_two_origins

GROUPS = sorted(groups_with_two_origins())
# the second origin itself, an inversion centre in all of them, a general position, and one that is special where
# there are diagonal mirrors
SECOND = (("Fe", (0.0, 0.0, 0.0)), ("O", (0.137, 0.211, 0.071)), ("Ti", (0.31, 0.31, 0.31)))


def database(number):
    """spglib's operators of the standard setting with origin 1 and with origin 2."""
    first: dict[str, Any] = {}
    for hall in range(1, 531):
        kind = spglib.get_spacegroup_type(hall)
        if kind is not None and kind.number == number and kind.choice in ("1", "2"):
            first.setdefault(kind.choice, spglib.get_symmetry_from_database(hall))
    return first["1"], first["2"]


def rows(rotations, translations):
    parts = np.rint(np.mod(translations, 1.0) * 48).astype(int) % 48
    return {(*r, *t) for r, t in zip(rotations.reshape(-1, 9).tolist(), parts.tolist(), strict=True)}


def origin_shift(number):
    """p with x1 = x2 + p, found among eighths by spglib's table, which shares nothing with gemmi's."""
    one, two = database(number)
    wanted = rows(one["rotations"], one["translations"])
    for p in itertools.product(np.arange(8) / 8, repeat=3):
        # x2 -> R x2 + t becomes x1 -> R x1 + t + (1 - R) p
        moved = two["translations"] + (np.eye(3) - two["rotations"]) @ np.array(p)
        if rows(two["rotations"], moved) == wanted:
            return np.array(p)
    raise AssertionError(f"no shift between the origins of {number}")


def cell_of(number):
    edges = {"a": 9.0, "b": 10.0, "c": 11.0} if number < 75 else {"a": 9.0, "c": 11.0}
    return complete_cell(edges if number < 195 else {"a": 9.0}, number)


def spectrum(atoms):
    """Sorted distances between unlike and like atoms within 6 Å: equal for equal crystals, wherever the origin."""
    a, b, c = atoms.cell[:3]
    around = np.array(list(itertools.product((-1, 0, 1), repeat=3)))
    symbols = np.array(atoms.symbols)
    found = {}
    for one, other in itertools.combinations_with_replacement(sorted(set(atoms.symbols)), 2):
        between = (
            atoms.fractions[symbols == one][:, None, None]
            - atoms.fractions[symbols == other][:, None]
            - around
        )
        lengths = np.linalg.norm(between * [a, b, c], axis=-1)
        found[one, other] = np.sort(lengths[lengths < 6.0])
    return found


def test_there_are_24_groups_with_two_origins():
    assert len(GROUPS) == 24


@pytest.mark.parametrize("number", GROUPS)
def test_a_crystal_given_for_either_origin_is_the_same(number):
    cell = cell_of(number)
    first = tuple((symbol, tuple((np.array(at) + origin_shift(number)).tolist())) for symbol, at in SECOND)
    one, two = unit_cell(number, "1", cell, first), unit_cell(number, "2", cell, SECOND)
    assert one.counts == two.counts
    spectra = spectrum(one), spectrum(two)
    for pair, lengths in spectra[0].items():
        np.testing.assert_allclose(lengths, spectra[1][pair], atol=1e-9)


@pytest.mark.parametrize("number", GROUPS)
def test_sites_of_the_second_origin_leave_it_open_until_a_density_decides(number):
    cell = cell_of(number)
    two = unit_cell(number, "2", cell, SECOND)
    with pytest.raises(
        ValueError, match=f"space group {number} .* has two origins.*`origin: 2` gives {two.content}, Z"
    ):
        decide_origin(number, cell, SECOND, Declared())
    wrong = unit_cell(number, "1", cell, SECOND)
    declared = Declared(formula=two.content, formula_units=1)
    if wrong.counts == two.counts:
        # the same formula either way: nothing decides
        with pytest.raises(ValueError, match="has two origins"):
            decide_origin(number, cell, SECOND, declared)
    else:
        assert decide_origin(number, cell, SECOND, declared)[0] == 2
