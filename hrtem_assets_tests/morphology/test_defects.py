"""What is inside particles: faults, twins, grains, dislocations, vacancies, alloys, shells, strain."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from ase.data import atomic_numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from hrtem_assets.crystal.crystal import SHELL
from hrtem_assets.morphology.bodies import volume
from hrtem_assets_tests.morphology.made import coordination, crystal, made, neighbours, rule, shortest_a

ALONG_Z: dict[str, dict[str, Any]] = {
    "Au": {"orientation": "resting", "plane": (1, 1, 1)},
    "ZnS": {"orientation": "resting", "plane": (1, 1, 1)},
    "CdSe": {"orientation": "resting", "plane": (0, 0, 1)},
    "Co": {"orientation": "resting", "plane": (0, 0, 1)},
}


def stacking(name: str, defect: dict[str, Any], seed: int, radius_a: float = 22.0) -> tuple[str, Any]:
    """The sequence of close-packed layers from the support up, as letters, and the particle."""
    shaped = made(name, {"inside": [defect], "orientation": ALONG_Z[name]}, radius_a, seed)
    first = shaped.numbers == shaped.numbers.max()
    positions = shaped.positions_a[first]
    # layers lie across z: one family faces the support, and faults lie on it if on any
    normal = np.array([0.0, 0.0, 1.0])
    heights = positions @ normal
    order = np.argsort(heights)
    groups = np.split(order, np.flatnonzero(np.diff(heights[order]) > 0.5) + 1)
    nearest = shortest_layer(positions)
    wide = [g for g in groups if len(g) > 12]
    reference = positions[wide[0]]
    basis = in_plane_basis(reference, nearest)
    letters = []
    for group in wide:
        offset = (positions[group][:, :2] - reference[0, :2]) @ np.linalg.inv(basis)
        third = np.round(3 * (offset[:, 0] + offset[:, 1])) % 3
        letters.append("ABC"[Counter(third.astype(int).tolist()).most_common(1)[0][0]])
    return "".join(letters), shaped


def shortest_layer(positions: np.ndarray) -> float:
    """Distance of neighbours within a layer."""
    pairs = cKDTree(positions).query_pairs(6.0, output_type="ndarray")
    apart = positions[pairs[:, 0]] - positions[pairs[:, 1]]
    level = np.abs(apart[:, 2]) < 1e-3
    return float(np.linalg.norm(apart[level], axis=1).min())


def in_plane_basis(layer: np.ndarray, nearest: float) -> np.ndarray:
    """Two neighbours' vectors of a close-packed layer, 60 degrees apart, as rows."""
    apart = layer[:, None, :2] - layer[None, :, :2]
    lengths = np.linalg.norm(apart, axis=2)
    vectors = apart[np.abs(lengths - nearest) < 1e-3]
    first = vectors[0]
    second = next(
        v for v in vectors if abs(v @ first / nearest**2 - 0.5) < 1e-3 and first[0] * v[1] > first[1] * v[0]
    )
    return np.array([first, second])


def hexagonal(letters: str) -> list[int]:
    """Layers whose neighbours are alike: the planes of twins, by their numbers."""
    return [k for k in range(1, len(letters) - 1) if letters[k - 1] == letters[k + 1]]


def lies_on_faults(shaped: Any) -> bool:
    """Whether the planes of the faults face the support."""
    normals = [d.normals[d.inner] for d in shaped.domains]
    return all(np.allclose(np.abs(n[:, 2]), 1, atol=1e-6) for n in normals if len(n))


@pytest.mark.parametrize("name", ["Au", "ZnS"])
@pytest.mark.parametrize(
    ("defect", "runs"),
    [
        ({"defect": "twins", "fewest": 1, "most": 1}, [1]),
        ({"defect": "stacking_faults", "fewest": 1, "most": 1}, [2]),
        ({"defect": "stacking_faults", "fewest": 1, "most": 1, "kind": "extrinsic"}, [1, 1]),
    ],
)
def test_faults_of_cubic_close_packing_have_their_sequence_of_layers(name, defect, runs):
    letters, shaped = stacking(name, defect, seed=1)
    assert lies_on_faults(shaped)
    planes = hexagonal(letters)
    # twins: one layer between like ones; intrinsic faults: two next to each other; extrinsic: two with one between
    together = np.split(planes, np.flatnonzero(np.diff(planes) > 1) + 1)
    assert [len(g) for g in together] == runs
    if len(runs) == 2:
        assert planes[1] - planes[0] == 2
    assert shortest_a(shaped.positions_a) > 0.999 * crystal(name).shortest_a


@pytest.mark.parametrize("name", ["CdSe", "Co"])
def test_a_fault_of_hexagonal_close_packing_is_one_cubic_layer(name):
    letters, shaped = stacking(name, {"defect": "stacking_faults", "fewest": 1, "most": 1}, seed=2)
    cubic = [k for k in range(1, len(letters) - 1) if letters[k - 1] != letters[k + 1]]
    # I1: ABABCBCB
    assert len(cubic) == 1
    assert shaped.particle.defects == {"stacking_faults_count": 1.0} and shaped.particle.faulted


@pytest.mark.parametrize(
    ("name", "defect"),
    [
        ("Au", {"defect": "twins", "fewest": 2, "most": 3}),
        ("ZnS", {"defect": "stacking_faults", "fewest": 2, "most": 2}),
        ("CdSe", {"defect": "stacking_faults", "fewest": 2, "most": 2}),
        ("CeO2", {"defect": "twins", "fewest": 1, "most": 1}),
    ],
)
def test_faults_leave_inner_atoms_all_their_neighbours(name, defect):
    of = crystal(name)
    perfect, shaped = made(name, {}, 24.0), made(name, {"inside": [defect]}, 24.0)
    full = max(coordination(perfect, of))
    inner = np.linalg.norm(shaped.positions_a, axis=1) < 24.0 - SHELL * of.shortest_a
    counts = neighbours(shaped.positions_a, SHELL * of.shortest_a)[inner]
    # CeO2: twins at cerium layers, where oxygen is shared out anew
    assert counts.max() == full and np.mean(counts == counts.max()) > 0.3
    if name != "CeO2":
        assert counts.min() == full
    assert len(shaped.numbers) == pytest.approx(len(perfect.numbers), rel=0.03)


def test_a_grain_boundary_turns_one_half_about_its_axis():
    defect = {"defect": "grain_boundary", "plane": (2, 1, 0), "axis": (0, 0, 1), "angle_deg": 36.87}
    shaped = made("Au", {"inside": [defect]}, 24.0)
    first, second = shaped.domains
    turn = second.frame @ np.linalg.inv(first.frame)
    assert np.degrees(np.arccos((np.trace(turn) - 1) / 2)) == pytest.approx(36.87)
    assert volume(shaped.domains) == pytest.approx(4 / 3 * np.pi * 24**3, rel=1e-3)
    assert shortest_a(shaped.positions_a) >= 0.75 * crystal("Au").shortest_a
    assert shaped.particle.faulted
    assert shaped.particle.defects == {"grain_boundary_angle_deg": 36.87, "grain_boundary_distance_a": 0.0}


def test_a_screw_dislocation_rises_by_its_burgers_vector_around_its_line():
    zone = {"orientation": "zone_axes", "axes": [(1, 1, 0)], "spin_deg": 0}
    shaped = made(
        "Au", {"inside": [{"defect": "screw_dislocation", "line": (1, 1, 0)}], "orientation": zone}, 30.0
    )
    burgers = shaped.particle.defects["screw_dislocation_burgers_a"]
    # half of the face diagonal
    assert burgers == pytest.approx(4.0786 / np.sqrt(2))
    positions = shaped.positions_a
    far = np.linalg.norm(positions[:, :2], axis=1) > 6
    # undone, it is a crystal again: neighbours far from the line are where they were
    theta = np.arctan2(positions[:, 1], positions[:, 0])
    rises = []
    for sign in (1, -1):
        undone = positions.copy()
        undone[:, 2] -= sign * burgers * theta / (2 * np.pi)
        spread = neighbours(undone[far], SHELL * crystal("Au").shortest_a)
        rises.append(np.mean(spread == 12))
    assert max(rises) > 0.3
    # atoms stay inside the particle
    assert np.linalg.norm(positions, axis=1).max() <= 30.0 + 1e-2


@given(fraction=st.floats(0, 0.9), seed=st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_vacancies_are_the_fraction_asked_for(fraction, seed):
    whole = made("CeO2", {}, 12.0, seed)
    less = made(
        "CeO2", {"inside": [{"defect": "vacancies", "fraction": fraction, "element": "O"}]}, 12.0, seed
    )
    oxygen = np.count_nonzero(whole.numbers == 8)
    assert np.count_nonzero(whole.numbers == 58) == np.count_nonzero(less.numbers == 58)
    assert oxygen - np.count_nonzero(less.numbers == 8) == round(fraction * oxygen)
    assert less.particle.defects["vacancies_count"] == round(fraction * oxygen)


def test_vacancies_of_the_surface_leave_the_inside_whole():
    less = made("Au", {"inside": [{"defect": "vacancies", "fraction": 0.5, "where": "surface"}]}, 20.0)
    inside = np.linalg.norm(less.positions_a, axis=1) < 20 - 2 * crystal("Au").shortest_a
    assert (neighbours(less.positions_a, SHELL * crystal("Au").shortest_a)[inside] == 12).all()


def test_an_alloy_has_its_composition_to_an_atom_and_no_order():
    alloy = {"defect": "alloy", "element": "Au", "by": {"Ag": 0.3, "Cu": 0.1}}
    shaped = made("Au", {"inside": [alloy]}, 25.0)
    n = len(shaped.numbers)
    counts = {e: int(np.count_nonzero(shaped.numbers == atomic_numbers[e])) for e in ("Au", "Ag", "Cu")}
    assert abs(counts["Ag"] - 0.3 * n) <= 1 and abs(counts["Cu"] - 0.1 * n) <= 1
    assert shaped.particle.defects["alloy_count"] == counts["Ag"] + counts["Cu"]
    pairs = cKDTree(shaped.positions_a).query_pairs(SHELL * crystal("Au").shortest_a, output_type="ndarray")
    silver = shaped.numbers == 47
    # Warren-Cowley parameter of the first shell
    mixed = np.mean(silver[pairs[:, 0]] != silver[pairs[:, 1]])
    assert 1 - mixed / (2 * 0.3 * 0.7) == pytest.approx(0, abs=0.03)


def test_antisites_keep_the_composition_and_take_the_order():
    ordered = made("Cu3Au", {}, 18.0)
    mixed = made(
        "Cu3Au", {"inside": [{"defect": "antisites", "elements": ("Cu", "Au"), "fraction": 0.4}]}, 18.0
    )
    np.testing.assert_array_equal(np.sort(ordered.numbers), np.sort(mixed.numbers))
    changed = np.count_nonzero(ordered.numbers != mixed.numbers)
    assert changed == 2 * round(0.4 * np.count_nonzero(ordered.numbers == 79))


def test_a_shell_holds_all_atoms_within_its_thickness():
    shell = {"defect": "core_shell", "shell": {"Cd": "Zn", "Se": "S"}, "thickness_a": 6}
    shaped = made("CdSe", {"inside": [shell]}, 20.0)
    radius = np.linalg.norm(shaped.positions_a, axis=1)
    outer = np.isin(shaped.numbers, [30, 16])
    assert radius[outer].min() >= 14 - 1e-6 and radius[~outer].max() <= 14 + 1e-6
    faceted = made(
        "CdSe", {"shapes": [{"shape": "rod", "axis": (0, 0, 1), "aspect": 2}], "inside": [shell]}, 20.0
    )
    assert (
        np.count_nonzero(np.isin(faceted.numbers, [30, 16])) == faceted.particle.defects["core_shell_count"]
    )


def test_strain_stretches_the_lattice_and_not_the_particle():
    zone = {"orientation": "zone_axes", "axes": [(0, 0, 1)], "x_axis": (1, 0, 0), "spin_deg": 0}
    shaped = made("Au", {"inside": [{"defect": "strain", "zz": 0.05}], "orientation": zone}, 25.0)
    heights = np.unique(np.round(shaped.positions_a[:, 2], 3))
    assert np.median(np.diff(heights)) == pytest.approx(4.0786 / 2 * 1.05, abs=2e-3)
    assert np.ptp(shaped.positions_a[:, 2]) == pytest.approx(50, abs=3)


def test_an_amorphous_particle_has_density_and_composition_and_no_lattice():
    shaped = made("CdSe", {"inside": [{"defect": "amorphous", "density": 0.9}]}, 25.0)
    expected = 0.9 * crystal("CdSe").atoms_per_a3 * 4 / 3 * np.pi * 25**3
    assert len(shaped.numbers) == pytest.approx(expected, rel=0.03)
    assert abs(np.count_nonzero(shaped.numbers == 48) - np.count_nonzero(shaped.numbers == 34)) <= 40
    assert shortest_a(shaped.positions_a) > 0.75 * crystal("CdSe").shortest_a
    counts = coordination(shaped, crystal("CdSe"))
    assert len(counts) > 4


@given(coverage=st.floats(0, 1), seed=st.integers(0, 2**31))
@settings(max_examples=10, deadline=None)
def test_growth_adds_atoms_on_free_sites_of_the_lattice(coverage, seed):
    rule_of = {"shapes": [{"shape": "truncated_octahedron"}]}
    bare = made("Au", rule_of, 12.0, seed)
    grown = made("Au", rule_of | {"inside": [{"defect": "surface_growth", "coverage": coverage}]}, 12.0, seed)
    added = len(grown.numbers) - len(bare.numbers)
    assert added == grown.particle.defects["surface_growth_count"]
    assert shortest_a(grown.positions_a) == pytest.approx(crystal("Au").shortest_a, rel=1e-6)
    if added:
        reach = SHELL * crystal("Au").shortest_a
        assert neighbours(grown.positions_a, reach)[len(bare.numbers) :].min() >= 3


@pytest.mark.parametrize(
    ("name", "particle", "words"),
    [
        (
            "Fe",
            {"inside": [{"defect": "twins"}]},
            "inside.twins: twins are made of face-centred cubic lattices",
        ),
        ("Fe", {"inside": [{"defect": "stacking_faults"}]}, "space group 229; remove it"),
        (
            "Au",
            {"shapes": [{"shape": "decahedron"}], "inside": [{"defect": "twins"}]},
            "need a particle of one crystal, and one of the shapes has 5",
        ),
        (
            "Au",
            {"inside": [{"defect": "vacancies", "fraction": 0.1, "element": "O"}]},
            "element names O, and the lattice holds Au",
        ),
        ("Au", {"inside": [{"defect": "twins", "fewest": 3, "most": 1}]}, "most = 1 is below fewest = 3"),
        (
            "Au",
            {"inside": [{"defect": "screw_dislocation", "line": (0, 0, 0)}]},
            r"line = \(0, 0, 0\) is no direction",
        ),
        (
            "Au",
            {"inside": [{"defect": "alloy", "element": "Au", "by": {"Ag": 0.7, "Cu": 0.4}}]},
            "add up to 1.1, more than 1",
        ),
        (
            "Au",
            {"inside": [{"defect": "alloy", "element": "Au", "by": {"Xx": 0.7}}]},
            "'Xx' is not a chemical symbol",
        ),
        ("Au", {"inside": [{"defect": "amorphous"}, {"defect": "amorphous"}]}, "amorphous appears twice"),
        (
            "CdSe",
            {"inside": [{"defect": "core_shell", "shell": {"Zn": "S"}, "thickness_a": 3}]},
            "shell names Zn",
        ),
    ],
)
def test_defects_that_a_particle_cannot_have_are_refused_with_the_repair(name, particle, words):
    with pytest.raises(ValueError, match=words):
        rule(name, particle)
