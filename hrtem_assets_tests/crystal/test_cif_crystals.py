"""Crystals of the literature, in all crystal systems, written in every way: formula, Z, density, coordination."""

import re
from collections import Counter
from pathlib import Path

import pytest

from hrtem_assets.crystal.cif import CifCrystal, CifError, read_cif
from hrtem_assets_tests.crystal.literature import KNOWN, Known
from hrtem_assets_tests.crystal.writing import bonds, operators, write_cif

WAYS = ("operators", "old operators", "Hall", "symbol", "compact symbol", "number with formula", "all")


def _symmetry(known: Known, way: str) -> str:
    number, bare = known.hall_number, known.symbol.partition(":")[0]
    match way:
        case "operators":
            return operators(number)
        case "old operators":
            return f"{operators(number, '_symmetry_equiv_pos_as_xyz')}_symmetry_space_group_name_H-M '{bare}'"
        case "Hall":
            return f"_space_group_name_Hall\n;{known.kind.hall_symbol}\n;"
        case "symbol":
            return f"_symmetry_space_group_name_H-M '{known.symbol}'"
        case "compact symbol":
            return f"_space_group_name_H-M_alt {known.symbol.replace(' ', '').upper()}"
        case "number with formula":
            return f"_symmetry_Int_Tables_number {known.kind.number}"
    named = f"_space_group_name_H-M_alt '{known.symbol}'\n_space_group_IT_number {known.kind.number}"
    return f"{named}\n{operators(number)}"


def _check(crystal: CifCrystal, known: Known) -> None:
    formula = re.findall(r"([A-Z][a-z]?)(\d*)", known.formula)
    counts = {element: int(number or 1) * known.units for element, number in formula}
    assert Counter(element for element, _ in crystal.sites) == counts
    assert crystal.density_g_per_cm3 == pytest.approx(known.density, rel=0.015)
    centre, other, shortest, within, count = known.bond
    found = bonds(crystal.cell, crystal.sites, centre, other, within)
    assert min(distances[0] for distances in found if distances) == pytest.approx(shortest, abs=0.03)
    assert max(len(distances) for distances in found) == count


def test_the_table_covers_every_crystal_system_with_more_than_sixty_crystals():
    numbers = [known.kind.number for known in KNOWN.values()]
    assert len(KNOWN) >= 60
    for first, last in ((1, 2), (3, 15), (16, 74), (75, 142), (143, 167), (168, 194), (195, 230)):
        assert sum(first <= number <= last for number in numbers) >= 2


@pytest.mark.parametrize("name", KNOWN)
def test_a_crystal_of_the_literature_is_read_whatever_states_its_symmetry(name, tmp_path):
    known = KNOWN[name]
    declared = f"_chemical_formula_sum '{known.formula}'\n_cell_formula_units_Z {known.units}\n"
    expected = None
    for way in WAYS:
        text = write_cif(known.cell, _symmetry(known, way), known.rows, declared)
        path = tmp_path / "crystal.cif"
        path.write_text(text, encoding="utf-8")
        try:
            crystal = read_cif(path)
        except CifError as error:
            # a number leaves axes and origin open; where more than one setting gives the formula nobody can tell
            assert way == "number with formula" and "does not say which setting" in str(error), (
                way,
                error,
            )
            continue
        if expected is None or crystal.sites != expected.sites:
            # of another setting that is the same crystal the number alone may give the atoms in another order
            assert expected is None or way == "number with formula"
            _check(crystal, known)
        expected = expected or crystal


def test_z_and_density_that_the_sites_do_not_make_are_refused(tmp_path: Path):
    known = KNOWN["rutile"]
    sites = known.rows
    path = tmp_path / "x.cif"
    for declared, says in (
        (
            "_chemical_formula_sum 'O2 Ti'\n_cell_formula_units_Z 4\n",
            "with Z = 4, the cell holds Ti2O4, Z = 2",
        ),
        ("_chemical_formula_sum 'O3 Ti'\n", "declared formula is O3 Ti, the cell holds Ti2O4"),
        ("_exptl_crystal_density_diffrn 8.5\n", r"declared density is 8.5 g/cm³, cell and sites give 4.2"),
        ("_cell_volume 80\n", "_cell_volume is 80 Å³, but edges and angles make 62.4"),
    ):
        path.write_text(write_cif(known.cell, _symmetry(known, "symbol"), sites, declared), encoding="utf-8")
        with pytest.raises(CifError, match=says):
            read_cif(path)
