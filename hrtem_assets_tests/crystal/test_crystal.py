"""Planes, directions and point groups of crystals."""

import numpy as np
import pytest

from hrtem_assets.campaign import Lattice
from hrtem_assets.crystal.translations import translations
from hrtem_assets_tests.morphology.made import CELLS, crystal


@pytest.mark.parametrize(
    ("name", "group", "order", "centrings"),
    [
        ("Au", 225, 48, 4),
        ("ZnS", 216, 24, 4),
        ("CdSe", 186, 12, 1),
        ("Fe", 229, 48, 2),
        ("Cu3Au", 221, 48, 1),
    ],
)
def test_point_groups_have_their_orders_and_leave_the_crystal_alone(name, group, order, centrings):
    of = crystal(name)
    assert of.found_space_group == group
    assert len(of.point_group) == order
    assert len(translations(of)) == centrings
    # a rotation of the point group maps the lattice onto itself
    into = np.linalg.inv(of.vectors_a.T)
    for turn in of.point_group:
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-6)
        moved = into @ turn @ of.vectors_a.T
        np.testing.assert_allclose(moved, np.round(moved), atol=1e-4)


def test_a_crystal_listed_atom_by_atom_has_the_symmetry_of_its_space_group():
    conventional = Lattice.model_validate(CELLS["CeO2"])
    atoms = conventional.atoms
    sites = [
        {"element": s, "position": tuple(p)}
        for s, p in zip(atoms.symbols, atoms.fractions.tolist(), strict=True)
    ]
    listed = Lattice.model_validate(
        {
            "space_group": 1,
            "a": 5.411,
            "b": 5.411,
            "c": 5.411,
            "alpha": 90,
            "beta": 90,
            "gamma": 90,
            "sites": sites,
        }
    ).crystal
    assert listed.found_space_group == 225
    assert listed.is_face_centred_cubic
    assert len(listed.family((1, 1, 1))) == 8


@pytest.mark.parametrize(
    ("name", "plane", "members"),
    [
        ("Au", (1, 1, 1), 8),
        ("Au", (1, 0, 0), 6),
        ("Au", (1, 1, 0), 12),
        ("ZnS", (1, 1, 1), 4),
        ("CdSe", (1, 0, 0), 6),
        ("CdSe", (0, 0, 1), 1),
    ],
)
def test_families_hold_what_the_point_group_makes_of_a_plane(name, plane, members):
    assert len(crystal(name).family(plane)) == members


def test_normals_spacings_and_directions_follow_the_cell():
    of = crystal("CdSe")
    a, c = 4.2985, 7.0152
    assert of.spacing_a((0, 0, 2)) == pytest.approx(c / 2)
    assert of.spacing_a((1, 0, 0)) == pytest.approx(a * np.sqrt(3) / 2)
    # a plane holds the directions with hu + kv + lw = 0
    assert of.normal((1, 1, 2)) @ of.direction((1, 1, -1)) == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(of.direction((0, 0, 1)), [0, 0, 1], atol=1e-12)
