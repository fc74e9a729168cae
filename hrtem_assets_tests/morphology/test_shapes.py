"""Shapes by volume, facet angles and coordination, against geometry, WulffPack and ase."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from ase.build import bulk
from ase.cluster import Icosahedron
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.spatial import ConvexHull
from wulffpack import SingleCrystal, Winterbottom

from hrtem_assets.crystal.crystal import SHELL
from hrtem_assets.morphology.bodies import circumradius, inradius, reach, volume
from hrtem_assets.morphology.shapes import SHAPES
from hrtem_assets_tests.morphology.made import coordination, crystal, made, neighbours, rule, shortest_a

UNIT = 4 / 3 * math.pi
WULFF = {
    "shape": "wulff",
    "facets": [{"plane": (1, 1, 1), "energy": 1.0}, {"plane": (1, 0, 0), "energy": 1.15}],
}
EXAMPLES: list[dict[str, Any]] = [
    {"shape": "sphere"},
    WULFF,
    WULFF | {"interface": {"plane": (1, 1, 1), "energy": 0.3}},
    {"shape": "truncated_octahedron"},
    {"shape": "cube"},
    {"shape": "cube", "truncation": 0.4},
    {"shape": "tetrahedron"},
    {"shape": "tetrahedron", "truncation": 0.3},
    {"shape": "rod", "axis": (0, 0, 1)},
    {"shape": "rod", "axis": (0, 0, 1), "sides": [(1, 0, 0), (1, 1, 0)], "ends": [(1, 1, 1)]},
    {"shape": "platelet", "plane": (1, 1, 1)},
    {"shape": "platelet", "plane": (1, 1, 1), "sides": [(1, -1, 0)]},
    {"shape": "cone"},
    {"shape": "random_facets"},
    {"shape": "decahedron"},
    {"shape": "icosahedron"},
    {"shape": "twin"},
]
RESTING = {"orientation": "resting"}


def rule_of(shape: dict[str, Any]) -> dict[str, Any]:
    """A rule with one shape, which rests on its contact face if it has one."""
    return {"shapes": [shape]} | ({"orientation": RESTING} if "interface" in shape else {})


def body(shape: dict[str, Any], name: str = "Au", seed: int = 0) -> Any:
    """One body of unit size."""
    return SHAPES[shape["shape"]](**shape).body(crystal(name), np.random.default_rng(seed))


@pytest.mark.parametrize("shape", EXAMPLES, ids=lambda s: s["shape"])
def test_every_shape_has_the_volume_of_its_sphere_and_the_atoms_of_its_volume(shape):
    assert volume(body(shape)) == pytest.approx(UNIT, rel=1e-9)
    expected = UNIT * 20.0**3 * crystal("Au").atoms_per_a3
    counts = [len(made("Au", rule_of(shape), seed=seed, radius_a=20 + seed / 8).numbers) for seed in range(8)]
    # shells of atoms fill up in steps; over radii they level out
    radii = 20 + np.arange(8) / 8
    assert np.mean(counts / radii**3) * 20.0**3 == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize("shape", EXAMPLES, ids=lambda s: s["shape"])
def test_no_atom_lies_beyond_the_extent_that_the_cell_is_checked_with(shape):
    of = crystal("Au")
    extent_a = 20 * rule("Au", rule_of(shape)).extent(of, 0)
    for seed in range(4):
        shaped = made("Au", rule_of(shape), seed=seed)
        assert np.linalg.norm(shaped.positions_a, axis=1).max() <= extent_a + 1e-2
        assert shortest_a(shaped.positions_a) > 0.95 * of.shortest_a


def angles(normals: np.ndarray) -> list[float]:
    """Distinct angles between faces, degrees."""
    cosines = [float(a @ b) for a, b in itertools.combinations(normals, 2)]
    return sorted({round(math.degrees(math.acos(max(-1, min(1, c)))), 2) for c in cosines})


def test_faces_enclose_the_angles_of_their_crystal():
    assert angles(body({"shape": "cube"})[0].normals) == [90, 180]
    # outward normals of a tetrahedron and an octahedron: 180 less the dihedral angles of 70.53 and 109.47 degrees
    assert angles(body({"shape": "tetrahedron"})[0].normals) == [109.47]
    octahedron = body({"shape": "truncated_octahedron", "ratio": 1.74})[0]
    assert angles(octahedron.normals[:8]) == [70.53, 109.47, 180]
    assert 54.74 in angles(body({"shape": "truncated_octahedron"})[0].normals)
    prism = body({"shape": "rod", "axis": (0, 0, 1), "sides": [(1, 0, 0)]}, "CdSe")[0]
    assert angles(prism.normals) == [60, 90, 120, 180]


def test_a_regular_truncated_octahedron_has_edges_of_one_length():
    corners = body({"shape": "truncated_octahedron"})[0].vertices()
    distances = np.linalg.norm(corners[:, None] - corners, axis=2)
    nearest = np.sort(distances, axis=1)
    # qhull may give a corner twice
    edges = [row[row > 1e-6][:3] for row in nearest]
    assert np.ptp(edges) < 1e-9
    assert len({tuple(np.round(c, 6)) for c in corners}) == 24


@given(ratio=st.floats(0.8, 1.6), size=st.floats(5, 50))
@settings(max_examples=25, deadline=None)
def test_a_wulff_shape_has_the_facets_and_the_proportions_that_wulffpack_finds(ratio, size):
    shape = {
        "shape": "wulff",
        "facets": [{"plane": (1, 1, 1), "energy": 1}, {"plane": (1, 0, 0), "energy": ratio}],
    }
    (domain,) = body(shape)
    reference = SingleCrystal({(1, 1, 1): 1.0, (1, 0, 0): ratio}, bulk("Au"), natoms=1000)
    corners = np.array([v for form in reference.forms for facet in form.facets for v in facet.vertices])
    scale = (UNIT / reference.volume) ** (1 / 3)
    ours = domain.vertices()
    assert np.linalg.norm(ours, axis=1).max() == pytest.approx(
        np.linalg.norm(corners, axis=1).max() * scale, rel=1e-6
    )
    for axis in np.eye(3):
        assert (ours @ axis).max() == pytest.approx((corners @ axis).max() * scale, rel=1e-6)


@pytest.mark.parametrize("energy", [-0.5, 0.1, 0.4])
def test_a_particle_on_a_support_is_cut_as_winterbottom_says(energy):
    (domain,) = body(WULFF | {"interface": {"plane": (1, 1, 1), "energy": energy}})
    reference = Winterbottom({(1, 1, 1): 1.0, (1, 0, 0): 1.15}, (1, 1, 1), energy, bulk("Au"), natoms=1000)
    corners = np.array([v for form in reference.forms for facet in form.facets for v in facet.vertices])
    # its own volume counts what lies below a negative interface as if it were added
    scale = (UNIT / ConvexHull(corners).volume) ** (1 / 3)
    normal = crystal("Au").normal((1, 1, 1))
    # WulffPack turns the interface down
    assert domain.reach(normal) == pytest.approx(-corners[:, 2].min() * scale, rel=1e-5)
    assert domain.reach(-normal) == pytest.approx(corners[:, 2].max() * scale, rel=1e-5)


def test_the_contact_face_lies_on_the_support_and_its_atoms_in_one_plane():
    shaped = made("Au", rule_of(WULFF | {"interface": {"plane": (1, 1, 1), "energy": 0.2}}))
    lowest = shaped.positions_a[:, 2].min()
    layer = np.abs(shaped.positions_a[:, 2] - lowest) < 1e-6
    assert layer.sum() > 60
    assert reach(shaped.domains, np.array([0, 0, -1.0])) == pytest.approx(
        -lowest, abs=crystal("Au").spacing_a((1, 1, 1))
    )


@pytest.mark.parametrize(("shells", "radius_a"), [(4, 11.8), (5, 14.5), (6, 17.3)])
def test_an_icosahedron_is_the_one_of_mackay(shells, radius_a):
    of = crystal("Au")
    shaped = made("Au", {"shapes": [{"shape": "icosahedron"}]}, radius_a)
    reference = Icosahedron("Au", noshells=shells, latticeconstant=4.0786)
    assert len(shaped.numbers) in [len(Icosahedron("Au", noshells=n)) for n in range(2, 9)]
    if len(shaped.numbers) == len(reference):
        reach_a = SHELL * of.shortest_a
        assert sorted(neighbours(shaped.positions_a, reach_a)) == sorted(
            neighbours(reference.positions, reach_a)
        )
        ours, theirs = (
            np.sort(np.linalg.norm(p - p.mean(axis=0), axis=1))
            for p in (shaped.positions_a, reference.positions)
        )
        # the same shells, up to the scale of the whole
        np.testing.assert_allclose(ours[1:] / ours[-1], theirs[1:] / theirs[-1], rtol=1e-6)
    # twelve corners of six neighbours
    assert coordination(shaped, of)[6] == 12


def test_an_icosahedron_and_a_decahedron_have_their_fivefold_axes():
    for shape, fold in (("icosahedron", 5), ("decahedron", 5)):
        shaped = made(
            "Au",
            {"shapes": [{"shape": shape}], "orientation": {"orientation": "zone_axes", "axes": [(1, 1, 0)]}},
        )
        turn = 2 * np.pi / fold
        about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
        places = {tuple(p) for p in np.round(shaped.positions_a, 2) + 0.0}
        turned = np.round(shaped.positions_a @ about_z.T, 2) + 0.0
        found = sum(any(tuple(np.round(p + d, 2) + 0.0) in places for d in _ROUNDINGS) for p in turned)
        assert found > 0.99 * len(turned)


_ROUNDINGS = [np.array(d) for d in itertools.product((-0.01, 0.0, 0.01), repeat=3)]


def test_domains_of_a_decahedron_fill_the_circle_and_keep_the_density():
    of = crystal("Au")
    domains = body({"shape": "decahedron"})
    axis = of.direction((1, 1, 0))
    for domain in domains:
        boundaries = domain.normals[domain.inner]
        assert len(boundaries) == 2
        np.testing.assert_allclose(boundaries @ axis, 0, atol=1e-5)
        assert math.degrees(math.acos(-boundaries[0] @ boundaries[1])) == pytest.approx(72, abs=1e-3)
        assert np.linalg.det(domain.frame) == pytest.approx(1)


def test_a_twin_mirrors_its_halves_at_a_close_packed_plane():
    of = crystal("Au")
    shaped = made("Au", {"shapes": [{"shape": "twin"}]})
    upper, lower = shaped.domains
    normal = -upper.normals[upper.inner][0]
    np.testing.assert_allclose(normal, lower.normals[lower.inner][0], atol=1e-9)
    heights = shaped.positions_a @ normal
    mirrored = shaped.positions_a - 2 * heights[:, None] * normal
    from scipy.spatial import cKDTree

    # a half-turn and a reflection are the same for a lattice of close-packed layers
    distance, _ = cKDTree(shaped.positions_a).query(mirrored)
    assert np.mean(distance < 1e-3) > 0.95
    assert set(coordination(shaped, of)) <= set(range(3, 13))


def test_random_facets_differ_from_particle_to_particle_within_their_range():
    bodies = [
        body({"shape": "random_facets", "distance": {"uniform": [1, 1.2]}}, seed=seed)[0] for seed in range(5)
    ]
    random = rule("Au", {"shapes": [{"shape": "random_facets", "distance": {"uniform": [1, 1.2]}}]})
    for domain in bodies:
        assert 2 * inradius([domain]) >= random.thinnest(crystal("Au"), 0)
        assert circumradius([domain]) <= random.extent(crystal("Au"), 0)
        assert len(domain.distances) == 14
        assert domain.distances.max() / domain.distances.min() <= 1.2
    assert len({float(d.distances[0]) for d in bodies}) == 5


@given(cut=st.floats(0.02, 0.7), seed=st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_a_contact_is_flat_and_leaves_the_volume(cut, seed):
    shaped = made("Au", {"contact_cut": cut}, seed=seed)
    (domain,) = shaped.domains
    assert domain.volume() == pytest.approx(UNIT * 20**3, rel=1e-6)
    np.testing.assert_allclose(domain.normals, [[0, 0, -1]], atol=1e-9)
    height = domain.ball + domain.distances[0]
    assert 1 - height / (2 * domain.ball) == pytest.approx(cut, abs=1e-9)
    assert domain.ball <= 20 * rule("Au", {"contact_cut": cut}).extent(crystal("Au"), 0) * (1 + 1e-9)
    assert shaped.positions_a[:, 2].min() >= -domain.distances[0] - 1e-2


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        (
            "CdSe",
            {"shape": "cube"},
            "shapes.0.shape cube is one of cubic crystals, and this one has space group 186",
        ),
        (
            "Fe",
            {"shape": "decahedron"},
            "face-centred cubic lattice .* space group 229; choose another shape",
        ),
        ("Cu3Au", {"shape": "icosahedron"}, "face-centred cubic lattice .* space group 221"),
        (
            "Au",
            {"shape": "wulff", "facets": [{"plane": (0, 0, 0), "energy": 1}]},
            r"facets.0.plane = \(0, 0, 0\) is no plane",
        ),
        (
            "CdSe",
            {"shape": "wulff", "facets": [{"plane": (0, 0, 1), "energy": 1}]},
            "facets: its faces leave it open",
        ),
        (
            "Au",
            {
                "shape": "wulff",
                "facets": [{"plane": (1, 1, 1), "energy": 1}, {"plane": (-1, 1, 1), "energy": 2}],
            },
            r"facets.1.plane = \(-1, 1, 1\) is of the same family as facets.0.plane",
        ),
        (
            "Au",
            {"shape": "rod", "axis": (0, 0, 1), "sides": [(1, 1, 1)]},
            r"sides.0 = \(1, 1, 1\): no plane of this family",
        ),
        ("Au", {"shape": "rod", "axis": (0, 0, 0)}, r"axis = \(0, 0, 0\) names nothing"),
        ("Au", {"shape": "platelet", "plane": (0, 0, 0)}, r"plane = \(0, 0, 0\) names nothing"),
        ("Au", {"shape": "cone", "axis": (0, 0, 0)}, r"axis = \(0, 0, 0\) is no direction"),
        ("Au", {"shape": "random_facets", "planes": [(1, 0, 0), (0, 0, 0)]}, "planes.1"),
    ],
)
def test_shapes_that_a_crystal_cannot_have_are_refused_with_the_repair(name, shape, words):
    with pytest.raises(ValueError, match=words):
        rule(name, {"shapes": [shape]})


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (WULFF | {"interface": {"plane": (1, 1, 1), "energy": 1.0}}, "interface.energy = 1 must lie between"),
        (
            {"shape": "decahedron", "twin_energy": 0.6},
            "twin_energy = 0.6 must be below half of energy_111 = 1",
        ),
        ({"shape": "rod", "axis": (0, 0, 1), "aspect": {"uniform": [0.5, 3]}}, "can draw 0.5"),
        ({"shape": "wulff", "facets": []}, "at least 1"),
    ],
)
def test_settings_out_of_range_are_refused(shape, words):
    with pytest.raises(ValidationError, match=words):
        SHAPES[shape["shape"]](**shape)


def test_extents_are_those_of_the_widest_body_that_can_be_drawn():
    drawn = rule("Au", {"shapes": [{"shape": "rod", "axis": (0, 0, 1), "aspect": {"uniform": [1, 4]}}]})
    longest = body({"shape": "rod", "axis": (0, 0, 1), "aspect": 4})
    assert drawn.extent(crystal("Au"), 0) == pytest.approx(circumradius(longest))


@pytest.mark.parametrize(
    ("shape", "allowed"),
    [
        ({"shape": "tetrahedron"}, {3, 6, 9, 12}),
        ({"shape": "cube"}, {3, 4, 5, 8, 12}),
        ({"shape": "truncated_octahedron"}, {5, 6, 7, 8, 9, 12}),
        (WULFF, {5, 6, 7, 8, 9, 12}),
        ({"shape": "icosahedron"}, {6, 8, 9, 12}),
        ({"shape": "decahedron"}, {6, 7, 8, 9, 10, 11, 12}),
        ({"shape": "twin"}, {5, 6, 7, 8, 9, 10, 11, 12}),
        ({"shape": "random_facets"}, {3, 4, 5, 6, 7, 8, 9, 12}),
    ],
    ids=lambda value: value["shape"] if isinstance(value, dict) else "",
)
def test_atoms_of_corners_edges_and_facets_have_the_neighbours_of_their_shape(shape, allowed):
    of = crystal("Au")
    for seed in range(3):
        counts = coordination(made("Au", rule_of(shape), 24.0, seed), of)
        assert set(counts) <= allowed
        # {111} have nine, {100} eight; more atoms are inside than on any facet
        assert counts[12] == max(counts.values())
        surface = {8} if shape["shape"] == "cube" else {9}
        assert max((n, k) for k, n in counts.items() if k != 12)[1] in surface | {8}


@pytest.mark.parametrize("aspect", [1.5, 4.0])
def test_rods_and_platelets_have_their_aspect_and_cones_their_angle(aspect):
    of, across = crystal("CdSe"), np.array([1.0, 0, 0])
    axis = of.direction((0, 0, 1))
    (rod,) = body({"shape": "rod", "axis": (0, 0, 1), "aspect": aspect}, "CdSe")
    (plate,) = body({"shape": "platelet", "plane": (0, 0, 1), "aspect": 1 / aspect}, "CdSe")
    for domain, expected in ((rod, aspect), (plate, 1 / aspect)):
        wide = domain.reach(across) + domain.reach(-across)
        # round to 1 %
        assert (domain.reach(axis) + domain.reach(-axis)) / wide == pytest.approx(expected, rel=0.01)
    (cone,) = body({"shape": "cone", "half_angle_deg": 10 * aspect}, "CdSe")
    sides = cone.normals[:-1]
    np.testing.assert_allclose(np.degrees(np.arcsin(sides @ axis)), 10 * aspect, atol=1e-6)
