"""Distances in unit cells of any shape, against all pairs of ten thousand cells."""

import itertools
import math

import numpy as np
import pytest
from ase.cell import Cell
from ase.data import covalent_radii
from hypothesis import assume, given
from hypothesis import strategies as st

from hrtem_assets.crystal.atoms import Atoms
from hrtem_assets.crystal.cells import volume_a3, volume_fraction

AROUND = np.array(list(itertools.product(range(-4, 5), repeat=3)))
RADII = {"H": covalent_radii[1], "Cs": covalent_radii[55]}

edges = st.floats(2.0, 12.0)
angles = st.floats(50.0, 130.0)
sites = st.lists(
    st.tuples(st.sampled_from(list(RADII)), st.tuples(*[st.floats(-1.0, 2.0)] * 3)), min_size=1, max_size=5
)


def in_cell(cell, listed):
    return Atoms(cell, tuple(listed), np.arange(len(listed)), np.array([at for _, at in listed]))


@given(cell=st.tuples(edges, edges, edges, angles, angles, angles), listed=sites)
def test_the_shortest_and_the_tightest_contact_are_those_of_all_pairs(cell, listed):
    assume(volume_fraction(*cell[3:]) > 0.3)
    atoms = in_cell(cell, listed)
    vectors = Cell.fromcellpar(cell).array
    home = np.mod([at for _, at in listed], 1.0)
    lengths = np.linalg.norm((home[:, None, None] + AROUND - home[:, None]) @ vectors, axis=-1)
    # lengths[i, j, n]: from atom j to atom i in the n-th cell
    lengths[np.arange(len(home)), np.arange(len(home)), len(AROUND) // 2] = np.inf
    radii = np.array([RADII[symbol] for symbol, _ in listed])
    ratios = lengths / (radii[:, None] + radii)[..., None]
    assert atoms.shortest.distance_a == pytest.approx(lengths.min(), abs=1e-9)
    assert atoms.tightest.ratio == pytest.approx(ratios.min(), abs=1e-9)


@given(cell=st.tuples(edges, edges, edges, angles, angles, angles))
def test_volumes_are_those_of_the_cell_vectors(cell):
    assume(volume_fraction(*cell[3:]) > 0.02)
    assert volume_a3(cell) == pytest.approx(Cell.fromcellpar(cell).volume, rel=1e-6)


def test_a_lone_atom_is_nearest_to_its_own_image():
    contact = in_cell((3.0, 40.0, 90.0, 90.0, 90.0, 90.0), [("Cs", (0.5, 0.5, 0.5))]).shortest
    assert contact.distance_a == pytest.approx(3.0)
    assert contact.words == "Cs at (0.5, 0.5, 0.5) and its own image"
    assert contact.sites == (0, 0)


def test_the_tightest_contact_is_not_always_the_shortest():
    # H-H 1.0 Å apart touch (sum of radii 0.62 Å), Cs and H at 1.5 Å overlap (2.75 Å)
    listed = [
        ("H", (0.0, 0.0, 0.0)),
        ("H", (0.1, 0.0, 0.0)),
        ("Cs", (0.5, 0.5, 0.5)),
        ("H", (0.65, 0.5, 0.5)),
    ]
    atoms = in_cell((10.0, 10.0, 10.0, 90.0, 90.0, 90.0), listed)
    assert (atoms.shortest.pair, atoms.tightest.pair) == ("H-H", "Cs-H")
    assert atoms.tightest.ratio == pytest.approx(1.5 / 2.75, abs=1e-3)


def test_formula_density_and_number_density_are_those_of_the_cell():
    a = 5.64
    listed = [("Na", at) for at in ((0.0, 0.0, 0.0), (0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0))]
    listed += [("Cl", at) for at in ((0.5, 0.0, 0.0), (0.0, 0.5, 0.0), (0.0, 0.0, 0.5), (0.5, 0.5, 0.5))]
    atoms = in_cell((a, a, a, 90.0, 90.0, 90.0), listed)
    assert (atoms.formula, atoms.formula_units, atoms.content, len(atoms)) == ("NaCl", 4, "Na4Cl4", 8)
    assert atoms.density_per_a3 == pytest.approx(8 / a**3)
    # 4 x 58.44 g/mol in 179.4 Å³
    assert atoms.density_g_per_cm3 == pytest.approx(4 * 58.443 / (6.02214076e23 * (a * 1e-8) ** 3), rel=1e-4)
    assert atoms.shortest.distance_a == pytest.approx(a / 2)


def test_a_thousand_atoms_are_measured_in_a_moment():
    rng = np.random.default_rng(0)
    listed = [("H", tuple(at)) for at in rng.random((1000, 3)).tolist()]
    atoms = in_cell((20.0, 25.0, 30.0, 80.0, 95.0, 100.0), listed)
    assert 0 < atoms.shortest.distance_a < 1
    assert math.isfinite(atoms.tightest.ratio)
