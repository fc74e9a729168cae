"""Small CIFs as people write them: each is the crystal that it means, or is refused with the reason."""

import re
from collections import Counter

import pytest

from hrtem_assets.crystal.cif import CifError, read_cif
from hrtem_assets_tests.crystal.literature import FILES
from hrtem_assets_tests.crystal.writing import bonds

READ = {
    "hm_unspaced": ("Mg4 O4", 3.58, ("Mg", "O", 2.3, [2.106] * 6)),
    "calcite_R_RS": ("Ca2 C2 O6", 2.71, ("C", "O", 1.5, [1.281] * 3)),
    "anatase_num_only": ("Ti4 O8", 3.89, ("Ti", "O", 2.2, [1.934] * 4 + [1.980] * 2)),
    "cu2o_hall_o2": ("Cu4 O2", 6.11, ("Cu", "O", 2.2, [1.849] * 2)),
    "spinel_o2": ("Mg8 Al16 O32", 3.58, ("Mg", "O", 2.2, [1.924] * 4)),
    "spinel_bare": ("Mg8 Al16 O32", 3.58, ("Mg", "O", 2.2, [1.924] * 4)),
    "hematite_R_R": ("Fe4 O6", 5.27, ("Fe", "O", 2.3, [1.944] * 3 + [2.113] * 3)),
    "ho_label": ("Mg1 O2 H2", 2.36, ("O", "H", 1.2, [0.956])),
    "h_dot": ("Cu4 O8", 3.87, ("Cu", "O", 1.9, [1.835])),
    "h_unknown": ("Cu4 O8", 3.87, ("Cu", "O", 1.9, [1.835])),
    "implicit_h": ("Mg1 O2", 2.28, ("Mg", "O", 2.3, [2.1] * 6)),
    "mos2_3digits": ("Mo2 S4", 5.0, ("Mo", "S", 2.7, [2.418] * 6)),
    "no_angles": ("Pt4", 21.44, ("Pt", "Pt", 3.0, [2.775] * 12)),
    "utf8bom": ("Pt4", 21.44, ("Pt", "Pt", 3.0, [2.775] * 12)),
    "wo3_p21n_short": ("W8 O24", 7.27, ("W", "O", 1.75, [1.736])),
}

REFUSED = {
    "ceo2_nosym": r"states no symmetry .* the declared formula is Ce O2 x 4, the cell holds CeO; add _space_group",
    "ceo2_fewops": r"the one operator listed is that of P 1, which contradicts the symbol 'F m -3 m' and number 225",
    "oh_type": r"site O1 has the type 'OH', which is a group of atoms; write one row for each",
    "dup_site": r"sites Au1 at \(0, 0, 0\) and Au2 at \(1, 1, 1\) are one place",
    "lamno3_pbnm_num": r"number 62 does not say .*: P b n m gives LaMnO3, Z = 4, 6.56 g/cm³; .* such as 'P b n m'",
    "two_blocks": r"holds 2 structures; name one with `block:` beside `cif:`, of Au, AuCu3",
    "alloy_formula_symbol": r"site M1 has the type '0.8Nb \+ 0.2Zr': several elements share .*; supply an ordered cell",
    "cart_only": r"gives only Cartesian coordinates; give fractional ones, _atom_site_fract_x",
}


def test_every_small_input_has_its_verdict():
    assert {path.stem for path in FILES.glob("*.cif")} == READ.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", READ)
def test_a_small_input_is_the_crystal_that_it_means(name):
    atoms, density, (centre, other, within, distances) = READ[name]
    crystal = read_cif(FILES / f"{name}.cif")
    counts = {element: int(number) for element, number in re.findall(r"([A-Z][a-z]?)(\d+)", atoms)}
    assert Counter(element for element, _ in crystal.sites) == counts
    assert crystal.density_g_per_cm3 == pytest.approx(density, rel=0.003)
    found = bonds(crystal.cell, crystal.sites, centre, other, within)
    assert min(found, key=lambda shell: shell[0]) == pytest.approx(distances, abs=0.006)


@pytest.mark.parametrize("name", REFUSED)
def test_a_small_input_that_stays_open_is_refused_with_the_reason(name):
    with pytest.raises(CifError, match=REFUSED[name]):
        read_cif(FILES / f"{name}.cif")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("h_dot", r"rows without coordinates are left out: site H1"),
        (
            "h_unknown",
            r"8 hydrogen atoms per cell are in the declared formula Cu H2 O2 and not among the sites",
        ),
        (
            "implicit_h",
            r"2 hydrogen atoms per cell are in the declared formula H2 Mg O2 and not among the sites",
        ),
        (
            "ho_label",
            r"site HO1 has no type symbol, and its label is read as H, which the declared formula holds",
        ),
        (
            "mos2_3digits",
            r"moved onto the special position that few digits stand for: Mo1 by 0.0018 Å, S1 by",
        ),
        (
            "anatase_num_only",
            r"symmetry I 41/a m d:2, from number 141; of its 2 settings only this one gives what",
        ),
        ("hematite_R_R", r"symmetry R -3 c:R, from .* and the shape of the cell"),
        ("cu2o_hall_o2", r"symmetry P n -3 m:2, from its Hall symbol '-P 4bc 2bc 3'"),
    ],
)
def test_what_was_decided_or_left_out_is_said(name, says):
    assert re.search(says, "\n".join(read_cif(FILES / f"{name}.cif").notes))


def test_one_of_several_structures_is_chosen_by_name():
    crystal = read_cif(FILES / "two_blocks.cif", "aucu3")
    assert (crystal.block, crystal.formula, crystal.formula_units) == ("AuCu3", "Cu3Au", 1)
    assert read_cif(FILES / "two_blocks.cif", "data_Au").formula_units == 4
    with pytest.raises(CifError, match="holds no structure in a data block 'Cu'; choose of Au, AuCu3"):
        read_cif(FILES / "two_blocks.cif", "Cu")
