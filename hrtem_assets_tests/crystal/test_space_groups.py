"""All 530 settings: two independent tables agree, and symbols as people write them mean what they should."""

import gemmi
import numpy as np
import pytest

from hrtem_assets.crystal.operators import PARTS, equal_but_for_origin, is_group, parse_operators
from hrtem_assets.crystal.space_groups import (
    all_settings,
    groups_with_two_origins,
    setting_from_hall,
    setting_of,
    setting_with,
    settings_named,
    settings_of,
)
from hrtem_assets_tests.crystal.writing import kind_of, operators_of


def _codes_in_spglib(hall_number: int) -> frozenset[tuple[int, ...]]:
    rotations, translations = operators_of(hall_number)
    shifts = np.rint(translations * PARTS).astype(int) % PARTS
    return frozenset(
        (*rotation.ravel().tolist(), *shift.tolist())
        for rotation, shift in zip(rotations, shifts, strict=True)
    )


@pytest.mark.parametrize("hall_number", range(1, 531))
def test_a_setting_has_the_operators_and_names_of_the_other_table(hall_number):
    other = kind_of(hall_number)
    ours = setting_from_hall(other.hall_symbol)
    assert ours is not None
    assert ours.number == other.number
    assert ours.operators.codes == _codes_in_spglib(hall_number)
    mark = other.choice[:1] if other.choice[:1] in ("1", "2", "H", "R") else ""
    for written in (other.international_full, other.international_full.replace("_", "").upper()):
        named = settings_named(f"{written}:{mark}" if mark else written)
        assert ours.operators.codes in [s.operators.codes for s in named], written
        if "e" in written.lower():
            # two orders of a and b have one symbol
            assert all(equal_but_for_origin(s.operators, ours.operators) for s in named)
        else:
            assert len({s.operators.codes for s in named}) == 1, written


def test_there_are_530_settings_of_230_groups_and_24_with_two_origins():
    tabulated = [s for s in all_settings() if s.tabulated]
    assert len(tabulated) == 530
    assert {s.number for s in tabulated} == set(range(1, 231))
    other = [kind_of(n) for n in range(1, 531)]
    assert len(groups_with_two_origins()) == 24
    assert groups_with_two_origins() == {t.number for t in other if t.choice.startswith("2")}


def test_every_operator_list_is_a_group_of_the_right_order():
    for setting in all_settings():
        assert is_group(setting.operators), setting.name
        group = gemmi.find_spacegroup_by_number(setting.number).operations()
        primitive = len(setting.operators) // len(setting.operators.centrings)
        assert primitive == len(group.sym_ops)


@pytest.mark.parametrize("number", [48, 129, 141, 227])
def test_the_two_origins_of_a_group_differ_by_a_shift_alone(number):
    one, two = setting_of(number, "1"), setting_of(number, "2")
    assert one.operators.codes != two.operators.codes
    assert equal_but_for_origin(one.operators, two.operators)


def test_permuted_axes_are_more_than_a_shift_of_the_origin():
    groups = {s.name: s.operators for s in settings_of(62)}
    assert len(groups) == 6
    equal = [b for b in groups if equal_but_for_origin(groups["P n m a"], groups[b])]
    assert equal == ["P n m a"]


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("FM-3M", ["F m -3 m"]),
        ("F m 3 m", ["F m -3 m"]),
        ("F_m_-3_m", ["F m -3 m"]),
        ("fm-3m", ["F m -3 m"]),
        ("F 4/m -3 2/m", ["F m -3 m"]),
        ("Fm-3m (225)", ["F m -3 m"]),
        ("Fm\N{MINUS SIGN}3m", ["F m -3 m"]),
        ("Fm3\N{COMBINING OVERLINE}m", ["F m -3 m"]),
        (r"F m \bar{3} m", ["F m -3 m"]),
        ("Fm3barm", ["F m -3 m"]),
        ("Fd-3m", ["F d -3 m:1", "F d -3 m:2"]),
        ("Fd3m", ["F d -3 m:1", "F d -3 m:2"]),
        ("F d -3 m :2", ["F d -3 m:2"]),
        ("F d -3 m S", ["F d -3 m:1"]),
        ("F d -3 m Z", ["F d -3 m:2"]),
        ("FD3MZ", ["F d -3 m:2"]),
        ("F 41/d -3 2/m (origin choice 2)", ["F d -3 m:2"]),
        ("P 4/n m m Z", ["P 4/n m m:2"]),
        ("R -3 c", ["R -3 c:H", "R -3 c:R"]),
        ("R -3 c R", ["R -3 c:R"]),
        ("R -3 c RS", ["R -3 c:R"]),
        ("R-3c:H", ["R -3 c:H"]),
        ("R -3 2/c HR", ["R -3 c:H"]),
        ("P 21/c", ["P 1 21/c 1", "P 21/c 1 1"]),
        ("P2(1)/c", ["P 1 21/c 1", "P 21/c 1 1"]),
        ("P 2_1/c", ["P 1 21/c 1", "P 21/c 1 1"]),
        ("P 21/n", ["P 1 21/n 1", "P 1 1 21/n", "P 21/n 1 1"]),
        ("P 1 21/n 1", ["P 1 21/n 1"]),
        ("B 2/b", ["B 1 1 2/b", "B 2/b 1 1"]),
        ("P b n m", ["P b n m"]),
        ("Pbnm:cab", ["P b n m"]),
        ("P 6(3)/m m c", ["P 63/m m c"]),
        ("P63mc", ["P 63 m c"]),
        ("A e m 2", ["A b m 2"]),
        ("C m c e", ["C m c a"]),
        ("C m m e", ["C m m a", "C m m b"]),
        ("C c c e:2", ["C c c a:2", "C c c b:2"]),
        ("F m -3 m :2", []),
        ("C -2/x", []),
        ("cubic", []),
        ("", []),
    ],
)
def test_a_symbol_means_the_settings_that_it_leaves_open(written, means):
    assert [s.name for s in settings_named(written)] == means


def test_no_symbol_means_two_groups():
    for setting in all_settings():
        for written in (setting.symbol, setting.symbol.replace(" ", ""), setting.name):
            assert {s.number for s in settings_named(written)} == {setting.number}, written


def test_the_choice_of_a_group_that_has_none_is_refused():
    assert setting_of(227).name == "F d -3 m:1"
    assert setting_of(166).name == "R -3 m:H"
    with pytest.raises(ValueError, match=r"space group 227 \(F d -3 m\) has no choice '3': choose 1 or 2"):
        setting_of(227, "3")
    with pytest.raises(ValueError, match="it has one origin and set of axes"):
        setting_of(225, "2")


@pytest.mark.parametrize("triplet", ["x,y", "x,y,z+1/5", "2*x,y,z", "x,x,z", "x y z", "x,y,q", ""])
def test_what_is_no_operator_is_refused(triplet):
    with pytest.raises(ValueError, match="symmetry operator"):
        parse_operators([triplet])


def test_operators_are_read_in_every_way_of_writing():
    written = parse_operators(["X, Y, Z", "1/2-x , y+.5,-z", "-X+0.500,Y+1/2,-Z", "x-y,x,z+0.33333"])
    plain = parse_operators(["x,y,z", "-x+1/2,y+1/2,-z", "-x+1/2,y+1/2,-z", "x-y,x,z+1/3"])
    np.testing.assert_array_equal(written.rotations, plain.rotations)
    np.testing.assert_array_equal(written.shifts, plain.shifts)


def test_a_list_with_one_operator_missing_or_twice_is_no_group():
    triplets = gemmi.find_spacegroup_by_name("P 1 21/c 1").operations()
    listed = [op.triplet() for op in triplets]
    assert is_group(parse_operators(listed))
    assert setting_with(parse_operators(listed[::-1])) == settings_named("P 1 21/c 1")[0]
    assert not is_group(parse_operators(listed[:-1]))
    assert not is_group(parse_operators(listed[1:]))
    assert not is_group(parse_operators([*listed, listed[1]]))
