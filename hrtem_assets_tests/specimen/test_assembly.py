"""Whole structures: reproducible, in their cell, resting on the substrate, with every contact clear."""

import dataclasses

import numpy as np
import pytest
from scipy.spatial import cKDTree

from hrtem_assets.campaign import load_campaign
from hrtem_assets.specimen.assembly import _as_float32, _clear_of_others, build_structure
from hrtem_assets.specimen.bounds import bounds
from hrtem_assets.specimen.structure import SUBSTRATE

SMALL_CELL = {
    "simulation": {"cell_a": 64.0},
    "sizes": {"large": None},
    "series": None,
    "substrate": {"thickness_min_a": 8.0, "thickness_max_a": 20.0},
}
CAMPAIGN = load_campaign("paper", SMALL_CELL)
# float32 at 128 Å resolves 7.6e-6 Å
ROUNDING_A = 2e-5


def build(key="CdSe-medium", index=0, campaign=CAMPAIGN):
    return build_structure(campaign, campaign.specimen(key), index)


def variant(**overrides):
    return load_campaign("paper", SMALL_CELL | overrides)


def periodic_pairs(structure, distance_a):
    """Index pairs of atoms closer than a distance in the cell periodic in x and y."""
    positions = structure.positions_a.astype(float)
    return cKDTree(positions, boxsize=(structure.cell_a, structure.cell_a, 0.0)).query_pairs(
        distance_a, output_type="ndarray"
    )


def assert_same(a, b):
    for field in dataclasses.fields(a):
        mine, theirs = getattr(a, field.name), getattr(b, field.name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(mine, theirs)
        else:
            assert mine == theirs


@pytest.fixture(scope="module")
def structures():
    return [build(key, i) for key in ("CdSe-medium", "CdSe-small", "Fe-small") for i in range(6)]


def test_a_structure_is_the_same_alone_and_in_a_batch_of_any_order():
    batch = {i: build(index=i) for i in (3, 0, 2)}
    build("Fe-small", 1)
    for i, structure in batch.items():
        assert_same(structure, build(index=i))
    assert not np.array_equal(batch[0].positions_a[:50], batch[2].positions_a[:50])


def test_another_lattice_in_the_campaign_changes_no_other_structure():
    gold = {"space_group": 225, "a": 4.0782, "sites": [{"element": "Au", "position": [0, 0, 0]}]}
    assert_same(build(), build(campaign=variant(lattices={"Au": gold})))


def test_global_random_numbers_are_neither_used_nor_changed():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
    first = build()
    np.testing.assert_array_equal(np.random.get_state(legacy=False)["state"]["key"], before)  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    assert_same(first, build())


def test_nothing_is_printed(capsys):
    build()
    assert capsys.readouterr().out == ""


def test_arrays_have_their_types_and_particle_atoms_come_first(structures):
    for s in structures:
        assert (s.positions_a.dtype, s.numbers.dtype, s.particle.dtype) == (np.float32, np.uint8, np.int16)
        assert len(s.positions_a) == len(s.numbers) == len(s.particle)
        first = s.particle[: s.particle_atoms]
        assert np.all(first != SUBSTRATE)
        assert np.all(np.diff(first) >= 0)
        assert np.all(s.particle[s.particle_atoms :] == SUBSTRATE)
        assert set(s.numbers[s.particle_atoms :].tolist()) == {6}
        assert 1 <= len(s.particles) <= s.requested_particles <= 5


def test_all_atoms_lie_in_the_cell(structures):
    for s in structures:
        assert np.all(s.positions_a[:, :2] >= 0)
        assert np.all(s.positions_a[:, :2] < s.cell_a)
        substrate = s.positions_a[s.particle == SUBSTRATE, 2]
        assert substrate.min() >= 0
        assert substrate.max() <= s.substrate_thickness_a + ROUNDING_A


def test_particles_rest_on_the_substrate_within_their_spheres(structures):
    for s in structures:
        for i, p in enumerate(s.particles):
            assert p.center_a[2] == pytest.approx(s.substrate_thickness_a + p.radius_a, abs=1e-9)
            atoms = s.positions_a[s.particle == i].astype(float)
            assert np.linalg.norm(atoms - p.center_a, axis=1).max() <= p.radius_a + 1e-4
            assert atoms[:, 2].min() >= s.substrate_thickness_a - 1e-4


def test_particles_touch_the_substrate_but_no_atom_is_within_the_clearance(structures):
    gaps = []
    for s in structures:
        close = periodic_pairs(s, 2.0 - ROUNDING_A)
        assert not np.any(s.particle[close[:, 0]] != s.particle[close[:, 1]])
        substrate, metal = s.positions_a[s.particle == SUBSTRATE], s.positions_a[s.particle != SUBSTRATE]
        gaps.append(cKDTree(substrate).query(metal)[0].min())
    # resting, not floating; a particle of which only the top's edge lies in the cell may be farther
    assert np.median(gaps) < 2.5


def test_few_substrate_atoms_are_given_up_for_the_clearance(structures):
    for s in structures:
        wanted = round(s.cell_a**2 * s.substrate_thickness_a * CAMPAIGN.substrate.density_atoms_per_a3)
        assert 0.98 * wanted < np.sum(s.particle == SUBSTRATE) <= wanted


def test_no_two_atoms_coincide(structures):
    for s in structures:
        assert len(periodic_pairs(s, 1.4 - ROUNDING_A)) == 0


def test_whole_particles_hold_the_atoms_of_their_volume():
    campaign = variant(placement={"edge_rule": "inside", "count_max": 1})
    for i in range(3):
        s = build("Fe-small", i, campaign)
        (p,) = s.particles
        expected = 4 / 3 * np.pi * p.radius_a**3 * 2 / 2.866**3
        assert s.particle_atoms == pytest.approx(expected, rel=0.05)


def test_impossible_placements_record_fewer_particles():
    s = build("CdSe-medium", 0, variant(placement={"count_min": 5, "separation_a": 14.0}))
    assert s.requested_particles == 5
    assert 1 <= len(s.particles) < 5
    assert set(s.particle.tolist()) <= {SUBSTRATE, *range(len(s.particles))}


@pytest.mark.parametrize("thickness_a", [0.002, 0.05, 1.0])
def test_substrates_thinner_than_an_atom_are_built(thickness_a):
    s = build(campaign=variant(substrate={"thickness_min_a": thickness_a, "thickness_max_a": thickness_a}))
    wanted = round(64.0**2 * thickness_a * CAMPAIGN.substrate.density_atoms_per_a3)
    assert 0 < np.sum(s.particle == SUBSTRATE) <= wanted


def test_no_thickness_leaves_particles_in_vacuum():
    s = build(campaign=variant(substrate={"thickness_min_a": 0.0, "thickness_max_a": 0.0}))
    assert s.substrate_thickness_a == 0.0
    assert s.particle_atoms == len(s.numbers) > 0


@pytest.mark.parametrize("key", ["CdSe-medium", "ZnS-small", "C-medium", "Fe3O4-small"])
def test_no_structure_has_more_atoms_than_the_bound(key):
    bound = bounds(CAMPAIGN, CAMPAIGN.specimen(key)).atoms
    most = max(len(build(key, i).numbers) for i in range(4))
    assert most <= bound


def test_the_bound_holds_for_the_fullest_structure_possible():
    """Four whole particles of the largest radius on the thickest substrate; every count at its upper end."""
    campaign = load_campaign(
        "paper",
        {
            "placement": {"count_min": 4, "count_max": 4, "edge_rule": "inside", "separation_a": 0.0},
            "sizes": {"small": {"radius_min_a": 15, "radius_max_a": 15}},
            "substrate": {"thickness_min_a": 10.0, "thickness_max_a": 10.0},
        },
    )
    specimen = campaign.specimen("Ag-small")
    s = build_structure(campaign, specimen, 0)
    assert len(s.particles) == 4
    assert 0.7 * bounds(campaign, specimen).atoms < len(s.numbers) <= bounds(campaign, specimen).atoms


def test_positions_stay_below_the_cell_after_rounding_to_float32():
    edge = np.array([[127.9999999, 0.0, 1.0], [5.0, 127.99999999, 127.9999999]])
    rounded = _as_float32(edge, 128.0)
    assert np.all(rounded[:, :2] < 128.0)
    assert rounded[1, 2] == 128.0
    # a side that float32 rounds upwards
    assert np.all(
        _as_float32(np.array([[np.nextafter(127.3, 0), 1.0, 1.0]]), 127.3).astype(float)[:, 0] < 127.3
    )


def test_a_later_body_gives_way_across_the_seam_and_no_body_to_itself():
    positions = np.array([[0.2, 5, 9], [1.2, 5, 9], [63.9, 5, 9], [62.9, 5, 9], [60.0, 5, 9], [30.0, 5, 9]])
    owner = np.array([0, 0, 1, 1, 1, SUBSTRATE], dtype=np.int16)
    kept = _clear_of_others(positions, owner, 64.0, 2.0)
    assert kept.tolist() == [True, True, False, False, True, True]


def test_lattices_of_a_users_campaign_file_are_built(tmp_path):
    (tmp_path / "pbs.cif").write_text(GALENA)
    path = tmp_path / "mine.yaml"
    path.write_text(
        "extends: paper\nname: mine\nseries: null\n"
        "simulation: {cell_a: 64}\nsizes: {large: null}\n"
        "substrate: {thickness_min_a: 5, thickness_max_a: 6, element: Si, density_atoms_per_a3: 0.05, "
        "min_distance_a: 2.0}\n"
        "lattices:\n  PbS: {cif: pbs.cif}\n"
        "  CeO2: {space_group: 225, a: 5.411, sites: [{element: Ce, position: [0, 0, 0]}, "
        "{element: O, position: [0.25, 0.25, 0.25]}]}\n"
    )
    campaign = load_campaign(path)
    for key, elements in (("PbS-small", {82, 16}), ("CeO2-small", {58, 8})):
        s = build(key, 0, campaign)
        assert set(s.numbers[: s.particle_atoms].tolist()) == elements
        assert set(s.numbers[s.particle_atoms :].tolist()) == {14}


GALENA = """\
data_galena
_cell_length_a 5.936
_cell_length_b 5.936
_cell_length_c 5.936
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Pb1 Pb 0 0 0
Pb2 Pb 0 0.5 0.5
Pb3 Pb 0.5 0 0.5
Pb4 Pb 0.5 0.5 0
S1 S 0.5 0.5 0.5
S2 S 0.5 0 0
S3 S 0 0.5 0
S4 S 0 0 0.5
"""
