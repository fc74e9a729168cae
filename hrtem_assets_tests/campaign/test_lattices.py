"""Lattices in YAML: what crystallography says of them is what they are, and what contradicts it is refused at load."""

import itertools
import re
import subprocess
import sys

import numpy as np
import pytest
import yaml
from ase.cell import Cell
from pydantic import ValidationError

from hrtem_assets.assets.structures import StructuresAsset
from hrtem_assets.campaign import CampaignError, Lattice, load_campaign

# content of the cell, density (g/cm³) and shortest distance (Å), as published or by hand from the cell
CRYSTALS = {
    "copper, primitive cell": (
        "{space_group: 2, a: 2.5562, b: 2.5562, c: 2.5562, alpha: 60, beta: 60, gamma: 60, "
        "sites: [{element: Cu, position: [0, 0, 0]}]}",
        ("Cu", 8.935, "Cu-Cu", 2.556),
    ),
    "tenorite": (
        "{space_group: 15, a: 4.6837, b: 3.4226, c: 5.1288, beta: 99.54, formula: CuO, formula_units: 4, "
        "sites: [{element: Cu, position: [1/4, 1/4, 0]}, {element: O, position: [0, 0.4184, 0.25]}]}",
        ("Cu4O4", 6.515, "Cu-O", 1.951),
    ),
    "baddeleyite": (
        "{space_group: 14, a: 5.1505, b: 5.2116, c: 5.3173, beta: 99.23, density_g_per_cm3: 5.81, sites: ["
        "{element: Zr, position: [0.2754, 0.0395, 0.2083]}, {element: O, position: [0.0700, 0.3317, 0.3447]}, "
        "{element: O, position: [0.4496, 0.7569, 0.4792]}]}",
        ("Zr4O8", 5.81, "Zr-O", 2.051),
    ),
    "alpha uranium": (
        "{space_group: 63, a: 2.854, b: 5.869, c: 4.955, sites: [{element: U, position: [0, 0.1025, 0.25]}]}",
        ("U4", 19.05, "U-U", 2.754),
    ),
    "rutile": (
        "{space_group: 136, a: 4.5937, c: 2.9587, formula: Ti O2, "
        "sites: [{element: Ti, position: [0, 0, 0]}, {element: O, position: [0.3048, 0.3048, 0]}]}",
        ("Ti2O4", 4.25, "Ti-O", 1.949),
    ),
    "anatase, origin 1": (
        "{space_group: 141, origin: 1, a: 3.7845, c: 9.5143, "
        "sites: [{element: Ti, position: [0, 0, 0]}, {element: O, position: [0, 0, 0.2081]}]}",
        ("Ti4O8", 3.893, "Ti-O", 1.934),
    ),
    "anatase, origin 2": (
        "{space_group: 141, origin: 2, a: 3.7845, c: 9.5143, "
        "sites: [{element: Ti, position: [0, 1/4, 3/8]}, {element: O, position: [0, 1/4, 0.1669]}]}",
        ("Ti4O8", 3.893, "Ti-O", 1.934),
    ),
    "litharge": (
        "{space_group: 129, origin: 2, a: 3.976, c: 5.023, "
        "sites: [{element: O, position: [3/4, 1/4, 0]}, {element: Pb, position: [1/4, 1/4, 0.2385]}]}",
        ("Pb2O2", 9.335, "O-Pb", 2.321),
    ),
    "quartz": (
        "{space_group: 154, a: 4.9160, c: 5.4054, sites: [{element: Si, position: [0.4697, 0, 2/3]}, "
        "{element: O, position: [0.4135, 0.2669, 0.7858]}]}",
        ("Si3O6", 2.649, "Si-O", 1.605),
    ),
    "calcite": (
        "{space_group: 167, a: 4.988, c: 17.061, formula: CaCO3, formula_units: 6, density_g_per_cm3: 2.71, sites: "
        "[{element: Ca, position: [0, 0, 0]}, {element: C, position: [0, 0, 1/4]}, "
        "{element: O, position: [0.2568, 0, 0.25]}]}",
        ("Ca6C6O18", 2.711, "C-O", 1.281),
    ),
    "bismuth, hexagonal": (
        "{space_group: 166, a: 4.546, c: 11.862, sites: [{element: Bi, position: [0, 0, 0.2339]}]}",
        ("Bi6", 9.81, "Bi-Bi", 3.071),
    ),
    "bismuth, rhombohedral": (
        "{space_group: 166, axes: rhombohedral, a: 4.7459, alpha: 57.24, "
        "sites: [{element: Bi, position: [0.2339, 0.2339, 0.2339]}]}",
        ("Bi2", 9.81, "Bi-Bi", 3.072),
    ),
    "magnesium": (
        "{space_group: 194, a: 3.2094, c: 5.2108, sites: [{element: Mg, position: [0.3333, 0.6667, 0.25]}]}",
        ("Mg2", 1.737, "Mg-Mg", 3.197),
    ),
    "molybdenite": (
        "{space_group: 194, a: 3.1604, c: 12.295, sites: [{element: Mo, position: [0.333, 0.667, 0.25]}, "
        "{element: S, position: [0.333, 0.667, 0.621]}]}",
        ("Mo2S4", 4.998, "Mo-S", 2.417),
    ),
    "periclase": (
        "{space_group: 225, a: 4.212, "
        "sites: [{element: Mg, position: [0, 0, 0]}, {element: O, position: [1/2, 1/2, 1/2]}]}",
        ("Mg4O4", 3.58, "Mg-O", 2.106),
    ),
    "pyrite": (
        "{space_group: 205, a: 5.4166, "
        "sites: [{element: Fe, position: [0, 0, 0]}, {element: S, position: [0.385, 0.385, 0.385]}]}",
        ("Fe4S8", 5.014, "S-S", 2.158),
    ),
    "cuprite, origin 2": (
        "{space_group: 224, origin: 2, a: 4.2696, "
        "sites: [{element: Cu, position: [0, 0, 0]}, {element: O, position: [1/4, 1/4, 1/4]}]}",
        ("Cu4O2", 6.106, "Cu-O", 1.849),
    ),
    "spinel, origin 2": (
        "{space_group: 227, origin: 2, a: 8.0806, formula: MgAl2O4, "
        "sites: [{element: Mg, position: [1/8, 1/8, 1/8]}, "
        "{element: Al, position: [1/2, 1/2, 1/2]}, {element: O, position: [0.2624, 0.2624, 0.2624]}]}",
        ("Mg8Al16O32", 3.582, "Mg-O", 1.923),
    ),
}


def lattice(text: str, **changes) -> Lattice:
    return Lattice.model_validate(yaml.safe_load(text) | changes)


def refusal(text: str, **changes) -> str:
    with pytest.raises(ValidationError) as caught:
        lattice(text, **changes)
    return "\n".join(error["msg"] for error in caught.value.errors())


CU = "{space_group: 225, a: 3.6149, sites: [{element: Cu, position: [0, 0, 0]}]}"
LITHARGE = CRYSTALS["litharge"][0].replace("origin: 2, ", "")


@pytest.mark.parametrize("name", CRYSTALS)
def test_a_crystal_of_every_system_has_its_content_density_and_shortest_distance(name):
    text, (content, density, pair, distance) = CRYSTALS[name]
    atoms = lattice(text).atoms
    assert atoms.content == content
    assert atoms.density_g_per_cm3 == pytest.approx(density, rel=0.002)
    assert atoms.shortest.pair == pair
    assert atoms.shortest.distance_a == pytest.approx(distance, abs=0.002)


@pytest.mark.parametrize("name", CRYSTALS)
def test_each_crystal_is_the_same_after_a_round_trip_through_plain_data(name):
    once = lattice(CRYSTALS[name][0])
    again = Lattice.model_validate(once.model_dump(mode="json"))
    assert again == once
    assert again.deciding == once.deciding


@pytest.mark.parametrize(
    ("text", "says"),
    [
        # missing where the system does not fix it
        (
            "{space_group: 194, a: 2.507, gamma: 120, sites: [{element: Co, position: [1/3, 2/3, 1/4]}]}",
            r"is hexagonal: c is missing \(a cell of this system needs a, c\): add c",
        ),
        (
            "{space_group: 62, a: 5, b: 6, sites: [{element: Cu, position: [0, 0, 0]}]}",
            "orthorhombic: c is missing",
        ),
        (
            "{space_group: 136, a: 4.6, sites: [{element: Ti, position: [0, 0, 0]}]}",
            "tetragonal: c is missing",
        ),
        (
            "{space_group: 166, a: 4.5, sites: [{element: Bi, position: [0, 0, 0.23]}]}",
            "trigonal: c is missing",
        ),
        (
            "{space_group: 15, a: 5, b: 6, c: 7, sites: [{element: Cu, position: [0, 0, 0]}]}",
            "monoclinic: beta is missing",
        ),
        (
            "{space_group: 1, a: 5, b: 6, c: 7, alpha: 80, beta: 90, sites: [{element: Cu, position: [0, 0, 0]}]}",
            "triclinic: gamma is missing",
        ),
        (
            "{space_group: 166, axes: rhombohedral, a: 4.7, sites: [{element: Bi, position: [0.23, 0.23, 0.23]}]}",
            "rhombohedral axes: alpha is missing",
        ),
        # contradicting the system
        (
            "{space_group: 225, a: 4, alpha: 60, sites: [{element: Cu, position: [0, 0, 0]}]}",
            "alpha must be 90°, not 60",
        ),
        (
            "{space_group: 225, a: 4, b: 5, sites: [{element: Cu, position: [0, 0, 0]}]}",
            "b must be a = 4 Å, not 5",
        ),
        (
            "{space_group: 136, a: 4, b: 7, c: 3, sites: [{element: Ti, position: [0, 0, 0]}]}",
            "tetragonal: b must be a = 4 Å, not 7",
        ),
        (
            "{space_group: 194, a: 4, b: 5, c: 6, sites: [{element: Cu, position: [0, 0, 0]}]}",
            "hexagonal: b must be a = 4 Å, not 5",
        ),
        (
            "{space_group: 194, a: 4, c: 6, gamma: 60, sites: [{element: Cu, position: [0, 0, 0]}]}",
            "gamma must be 120°, not 60",
        ),
        (
            "{space_group: 14, a: 4, b: 5, c: 6, alpha: 80, beta: 100, gamma: 70, "
            "sites: [{element: Ti, position: [0, 0, 0]}]}",
            "alpha must be 90°, not 80.*gamma must be 90°, not 70.*b is the unique axis",
        ),
        (
            "{space_group: 62, a: 4, b: 5, c: 6, gamma: 91, sites: [{element: Ti, position: [0, 0, 0]}]}",
            "orthorhombic: gamma must be 90°, not 91",
        ),
        (
            "{space_group: 166, a: 4.7459, alpha: 57.24, "
            "sites: [{element: Bi, position: [0.2339, 0.2339, 0.2339]}]}",
            "c is missing.*alpha must be 90°, not 57.24.*add `axes: rhombohedral`",
        ),
        (
            "{space_group: 166, axes: rhombohedral, a: 4.5, c: 11.8, "
            "sites: [{element: Bi, position: [0, 0, 0.23]}]}",
            "alpha is missing.*c must be a = 4.5 Å, not 11.8.*remove `axes: rhombohedral`",
        ),
        # no volume, or next to none
        (
            "{space_group: 1, a: 4, b: 4, c: 4, alpha: 100, beta: 100, gamma: 169, "
            "sites: [{element: Cu, position: [0, 0, 0]}]}",
            "enclose no volume, or next to none .they add up to 369°",
        ),
        (
            "{space_group: 1, a: 4, b: 4, c: 4, alpha: 45, beta: 45, gamma: 89.9999, "
            "sites: [{element: Cu, position: [0, 0, 0]}]}",
            "45, 45 and 89.9999° enclose no volume, or next to none",
        ),
        (
            "{space_group: 2, a: 4, b: 4, c: 4, alpha: 30, beta: 40, gamma: 80, "
            "sites: [{element: Cu, position: [0, 0, 0]}]}",
            "80° must be less than the other two together, 70°",
        ),
        # units
        (
            "{space_group: 225, a: 0.3615, sites: [{element: Cu, position: [0, 0, 0]}]}",
            "0.3615 looks like nm: 3.615 Å",
        ),
        (
            "{space_group: 225, a: 361.5, sites: [{element: Cu, position: [0, 0, 0]}]}",
            "361.5 looks like pm: 3.615 Å",
        ),
        (
            "{space_group: 227, origin: 1, a: 1.2, sites: [{element: Si, position: [0, 0, 0]}]}",
            "more than osmium's 22.6",
        ),
        (
            "{space_group: 1, a: 4, b: 4, c: 4, alpha: 1.57, beta: 90, gamma: 90, "
            "sites: [{element: Cu, position: [0, 0, 0]}]}",
            "1.57 looks like rad: 89.9544°",
        ),
        # axes and origin where there is no choice
        (
            "{space_group: 225, origin: 1, a: 4, sites: [{element: Cu, position: [0, 0, 0]}]}",
            "space group 225 leaves no choice of origin.*`origin: null`",
        ),
        (
            "{space_group: 194, axes: hexagonal, a: 3, c: 5, sites: [{element: Cu, position: [0, 0, 0]}]}",
            "space group 194 leaves no choice of axes",
        ),
    ],
)
def test_a_cell_that_its_system_leaves_open_or_forbids_is_refused_in_words(text, says):
    assert re.search(says, refusal(text), re.DOTALL)


@pytest.mark.parametrize(
    ("sites", "says"),
    [
        (
            "[{element: Cu, position: [0, 0, 0]}, {element: Ag, position: [0, 0, 0]}]",
            r"Cu at \(0, 0, 0\) and Ag",
        ),
        # an image of the first by symmetry, and one by a whole cell
        ("[{element: Cu, position: [0, 0, 0]}, {element: Cu, position: [0.5, 0.5, 0]}]", "once"),
        ("[{element: Cu, position: [0, 0, 0]}, {element: Cu, position: [1, 0, 0]}]", "once"),
        ("[{element: Cu, position: [0, 0, 0]}, {element: O, position: [0.05, 0, 0]}]", r"0\.181 Å apart"),
        (
            "[{element: Cu, position: [0, 0, 0]}, {element: O, position: [1/4, 0, 0]}]",
            r"0\.904 Å apart, less",
        ),
        ("[{element: Cu, position: [1.0e+300, 0, 0]}]", r"coordinate 1e\+300 is not between -10 and 10"),
        ("[{element: Cu, position: [.nan, 0, 0]}]", "coordinate nan is not between -10 and 10"),
        ("[{element: Cu, position: [.inf, 0, 0]}]", "coordinate inf is not between -10 and 10"),
        (
            "[{element: Cu, position: [x, 0, 0]}]",
            "coordinate 'x' is neither a number nor a fraction such as 1/3",
        ),
        ("[{element: Cu, position: [1/0, 0, 0]}]", "coordinate '1/0' is neither"),
    ],
)
def test_sites_on_one_place_too_close_or_nowhere_are_refused_with_their_coordinates(sites, says):
    assert re.search(says, refusal(CU, sites=yaml.safe_load(sites)))


def test_thirds_of_three_to_five_digits_and_fractions_are_the_same_crystal():
    cells = []
    for third, twothirds in ((0.333, 0.667), (0.3333, 0.6667), (0.33333, 0.66667), ("1/3", "2/3")):
        sites = [{"element": "Mo", "position": [third, twothirds, 0.25]}]
        sites += [{"element": "S", "position": [third, twothirds, 0.621]}]
        cells.append(lattice(CRYSTALS["molybdenite"][0], sites=sites))
    assert len({cell.sites for cell in cells}) == 1
    assert "Mo at (0.333, 0.667, 0.25) taken as Mo at (0.333333, 0.666667, 0.25)" in cells[0].remarks
    assert not cells[3].remarks


def test_an_open_origin_is_refused_with_what_either_gives():
    text = refusal(LITHARGE)
    assert "space group 129 (P 4/n m m) has two origins" in text
    assert "`origin: 1` gives Pb8O4, Z = 4, 12 atoms, 36 g/cm³" in text
    assert "`origin: 2` gives Pb2O2, Z = 2, 4 atoms, 9.335 g/cm³, shortest O-Pb 2.321 Å" in text


@pytest.mark.parametrize(
    "declared", [{"formula": "PbO"}, {"density_g_per_cm3": 9.3}, {"formula": "OPb", "formula_units": 2}]
)
def test_a_formula_or_density_that_fits_one_origin_decides_and_it_is_said(declared):
    found = lattice(LITHARGE, **declared)
    assert found.origin == 2
    assert any("origin 2 taken" in words for words in found.remarks)
    assert found.atoms.content == "Pb2O2"


def test_the_wrong_origin_is_refused_with_what_the_other_would_give():
    text = refusal(LITHARGE, origin=1)
    assert "1.198 Å apart" in text
    assert "36 g/cm³, more than osmium's 22.6" in text
    assert "`origin: 2` gives Pb2O2" in text


@pytest.mark.parametrize(
    "text",
    [
        "{space_group: 201, a: 6.5, sites: [{element: Po, position: [1/8, 1/8, 1/8]}]}",
        "{space_group: 48, a: 6, b: 6.5, c: 7, sites: [{element: Po, position: [1/8, 1/8, 3/8]}]}",
        "{space_group: 129, a: 7, c: 9, sites: [{element: Po, position: [0, 1/4, 1/8]}]}",
    ],
)
def test_an_origin_that_makes_no_difference_is_not_asked_for(text):
    open_one, one, two = (lattice(text, origin=origin).atoms for origin in (None, 1, 2))
    # every atom's distances to all others, whatever the origin
    np.testing.assert_allclose(np.sort(distances(one)), np.sort(distances(two)), atol=1e-6)
    assert open_one.counts == one.counts
    assert lattice(text).origin is None


def distances(atoms):
    """All distances up to 8 Å from the atoms of a cell, in a way that shares nothing with the code."""
    found = []
    around = np.array(list(itertools.product(range(-2, 3), repeat=3)))
    vectors = Cell.fromcellpar(atoms.cell).array
    for at in atoms.fractions:
        lengths = np.linalg.norm((atoms.fractions[:, None] + around - at) @ vectors, axis=-1)
        found.append(lengths[(lengths > 1e-6) & (lengths < 8.0)])
    return np.concatenate(found)


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"formula": "Cu2O"}, "formula = 'Cu2O', but the cell holds Cu4"),
        ({"formula": "Ag"}, "formula = 'Ag', but the cell holds Cu4"),
        ({"formula": "Cu", "formula_units": 2}, "formula_units = 2, but the cell holds 4 of Cu"),
        ({"formula_units": 2}, "formula_units = 2, but the cell holds 4 of Cu"),
        ({"density_g_per_cm3": 8.5}, r"density_g_per_cm3 = 8.5, but cell and sites give 8.935 \(Cu4\)"),
        ({"formula": "Fe0.95O"}, "formula 'Fe0.95O' is not made of chemical symbols and whole numbers"),
        ({"formula": "Xx2"}, "formula 'Xx2': element 'Xx' is not a chemical symbol"),
        ({"implausible_because": ""}, "at least 3 characters"),
    ],
)
def test_what_is_declared_is_held_against_cell_and_sites(declared, says):
    assert re.search(says, refusal(CU, **declared))


def test_a_declared_density_may_be_a_measured_one():
    assert lattice(CU, density_g_per_cm3=8.8, formula="Cu4", formula_units=1).density_g_per_cm3 == 8.8


def test_an_implausible_crystal_is_taken_with_its_reason_and_the_reason_is_shown():
    dense = CU.replace("3.6149", "2.9").replace("Cu", "Os")
    assert "51.81 g/cm³, more than osmium's 22.6" in refusal(dense)
    assert "`implausible_because`" in refusal(dense)
    found = lattice(dense, implausible_because="compressed to 2 TPa")
    assert "implausible, but: compressed to 2 TPa" in found.remarks
    assert "implausible_because" not in found.deciding


def test_no_reason_makes_room_for_two_atoms_on_one_place():
    twice = [{"element": "Cu", "position": [0, 0, 0]}, {"element": "Ag", "position": [0.05, 0, 0]}]
    assert "two elements on one place" in refusal(CU, sites=twice, implausible_because="who knows")


def test_atoms_that_touch_nothing_are_remarked_upon():
    assert not lattice(CU).remarks
    (words,) = lattice(CU, a=12.0).remarks
    assert "no two atoms touch" in words
    assert "8.485 Å apart" in words


def test_displacements_of_elements_that_are_not_there_are_refused():
    assert "rms_displacement_a.Zn: the lattice holds Cu alone; remove it" in refusal(
        CU, rms_displacement_a={"Zn": 0.1}
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"formula": "Cu"},
        {"density_g_per_cm3": 8.9},
        {"implausible_because": "because"},
        {"notes": ["x"]},
        {"alpha": 90},
    ],
)
def test_what_decides_no_atom_enters_no_recipe(changes):
    campaigns = load_campaign("paper"), load_campaign("paper", {"lattices": {"Cu": changes}})
    digests = {StructuresAsset().recipe(c, c.specimen("Cu-small")).digest for c in campaigns}
    assert len(digests) == 1


def test_the_origin_that_a_formula_decides_enters_the_recipe():
    assert lattice(LITHARGE, formula="PbO").deciding["origin"] == 2
    assert "origin" not in lattice(CRYSTALS["anatase, origin 1"][0]).deciding
    assert lattice(CRYSTALS["bismuth, rhombohedral"][0]).deciding["axes"] == "rhombohedral"


def test_loading_the_paper_campaign_imports_neither_construction_zone_nor_pymatgen():
    code = (
        "import sys; from hrtem_assets.campaign import load_campaign; load_campaign('paper'); "
        "print([m for m in ('czone', 'pymatgen', 'dagster') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("element", "says"),
    [
        ("Si", "is more than that of crystalline Si"),
        ("Og", r"'Og' \(118\) has no electron scattering factors"),
        ("Xx", "'Xx' is not a chemical symbol"),
        ("C4+", "write it without the charge: C"),
        ("13C", "write C"),
        ("D", "isotopes scatter electrons alike; write H"),
        (" ", "it is blank"),
        ("carbon", "it is a name; write C"),
    ],
)
def test_a_substrate_of_what_cannot_be_simulated_is_refused(element, says):
    with pytest.raises(CampaignError, match=says):
        load_campaign("demo", {"substrate": {"element": element}})


def test_a_substrate_has_a_density_and_a_least_distance_that_suit_its_element():
    silicon = {"element": "Si", "density_atoms_per_a3": 0.048, "min_distance_a": 2.0}
    assert load_campaign("demo", {"substrate": silicon}).substrate.element == "Si"
    with pytest.raises(CampaignError, match=r"min_distance_a = 1\.4 is below 1\.44 Å"):
        load_campaign("demo", {"substrate": silicon | {"min_distance_a": 1.4}})
    with pytest.raises(CampaignError, match="of U, above osmium"):
        load_campaign(
            "demo", {"substrate": {"element": "U", "density_atoms_per_a3": 0.1, "min_distance_a": 1.5}}
        )
