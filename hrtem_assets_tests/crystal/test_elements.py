"""Elements and formulas: what can be simulated, what was probably meant, and how formulas are counted and written."""

from collections import Counter

import pytest
from ase.data import chemical_symbols

from hrtem_assets.crystal.elements import (
    count_formula,
    crystal_density_per_a3,
    element_fault,
    mass_density_g_per_cm3,
    reduced,
    write_formula,
)


def test_every_symbol_with_scattering_factors_is_taken_and_none_beyond():
    assert [s for s in chemical_symbols[1:104] if element_fault(s)] == []
    assert [
        s for s in chemical_symbols[104:] if "no electron scattering factors" not in element_fault(s)
    ] == []


@pytest.mark.parametrize(
    ("given", "repair"),
    [
        ("fe", "; write Fe"),
        ("FE", "; write Fe"),
        (" Fe", "blanks around it; write Fe"),
        ("", "it is blank"),
        ("\t", "it is blank"),
        ("iron", "it is a name; write Fe"),
        ("Aluminum", "it is a name; write Al"),
        ("sulphur", "it is a name; write S"),
        ("Fe3+", "without the charge: Fe"),
        ("Fe+3", "without the charge: Fe"),
        ("O2-", "without the charge: O"),
        ("O--", "without the charge: O"),
        ("Ti4.0+", "without the charge: Ti"),
        ("D", "isotopes scatter electrons alike; write H"),
        ("T", "isotopes scatter electrons alike; write H"),
        ("2H", "write H"),
        ("13C", "write C"),
        ("C-13", "write C"),
        ("Fe1", "write Fe"),
        ("Xx", "write one such as Fe"),
        ("OH", "write one such as Fe"),
        ("Wat", "write one such as Fe"),
        (26, "is a number; write Fe"),
        (0, "is a number; write its symbol"),
        (False, "nobelium in quotes: 'No'"),
        (None, "is not text"),
        (["Fe"], "is not text"),
        (2.5, "is not text"),
    ],
)
def test_what_is_no_symbol_is_told_with_what_to_write(given, repair):
    fault = element_fault(given)
    assert fault.startswith(f"element {given!r} ")
    assert fault.endswith(repair) or repair in fault


@pytest.mark.parametrize(
    ("text", "counts", "written"),
    [
        ("PbO", {"Pb": 1, "O": 1}, "PbO"),
        ("O2 Ti", {"Ti": 1, "O": 2}, "TiO2"),
        ("C Ca O3", {"Ca": 1, "C": 1, "O": 3}, "CaCO3"),
        ("Ca(OH)2", {"Ca": 1, "O": 2, "H": 2}, "CaH2O2"),
        ("CuSO4.5H2O", {"Cu": 1, "S": 1, "O": 9, "H": 10}, "CuH10SO9"),
        ("Fe2(SO4)3", {"Fe": 2, "S": 3, "O": 12}, "Fe2S3O12"),
        ("Al2Mg1O4", {"Mg": 1, "Al": 2, "O": 4}, "MgAl2O4"),
        ("NH3", {"N": 1, "H": 3}, "NH3"),
        ("XeF2", {"Xe": 1, "F": 2}, "XeF2"),
        ("CSi", {"Si": 1, "C": 1}, "SiC"),
        ("K4((Fe(CN)6))", {"K": 4, "Fe": 1, "C": 6, "N": 6}, "K4FeC6N6"),
    ],
)
def test_formulas_are_counted_and_written_with_the_electropositive_elements_first(text, counts, written):
    assert count_formula(text) == Counter(counts)
    assert write_formula(Counter(counts)) == written


@pytest.mark.parametrize(
    "text", ["", "Fe0.95O", "fe2o3", "Fe2O3)", "(Fe2O3", "Fe2O3+", "Xx2", "2", "Fe--O", "O0"]
)
def test_what_is_no_formula_of_whole_numbers_is_refused(text):
    with pytest.raises(ValueError, match="formula"):
        count_formula(text)


def test_a_formula_is_reduced_to_its_simplest_with_z():
    assert reduced(Counter({"Fe": 24, "O": 32})) == (Counter({"Fe": 3, "O": 4}), 8)
    assert reduced(Counter({"Si": 8})) == (Counter({"Si": 1}), 8)


@pytest.mark.parametrize(
    ("symbol", "density"),
    # handbook densities of the crystals in g/cm³
    [
        ("C", 3.51),
        ("Si", 2.33),
        ("Ge", 5.32),
        ("Al", 2.70),
        ("Au", 19.3),
        ("W", 19.3),
        ("Se", 4.81),
        ("Te", 6.24),
    ],
)
def test_crystalline_elements_have_their_densities(symbol, density):
    found = crystal_density_per_a3(symbol)
    assert found is not None
    assert mass_density_g_per_cm3(symbol, found) == pytest.approx(density, rel=0.01)


def test_elements_without_a_simple_crystal_have_no_density():
    assert crystal_density_per_a3("B") is None
    assert crystal_density_per_a3("Lr") is None
