"""What particles lie on, and several crystals in one structure."""

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

from hrtem_assets.campaign import Campaign, CampaignError, load_campaign
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.specimen.bounds import bounds
from hrtem_assets.specimen.structure import SUBSTRATE, Structure
from hrtem_assets_tests.morphology.made import CELLS

NONE = dict.fromkeys(("ZnS", "CdSe", "Cu", "Ag", "C", "Si", "Fe3O4", "Co3O4", "Fe"))
WULFF = {
    "shape": "wulff",
    "facets": [{"plane": [1, 1, 1], "energy": 1}, {"plane": [1, 0, 0], "energy": 1.15}],
    "interface": {"plane": [1, 1, 1], "energy": 0.2},
}
LONG = {"shape": "rod", "axis": [0, 0, 1], "aspect": 15}
EPITAXY = {"orientation": "epitaxy", "plane": [1, 1, 1], "direction": [1, -1, 0], "along": [1, 1, 0]}
CERIA = {"lattice": CELLS["CeO2"], "zone_axis": [1, 1, 0], "edge_plane": [1, -1, 1]}


def campaign(particle: dict[str, Any] | None = None, **changes: Any) -> Campaign:
    """Gold, and what a test says."""
    lattices = {**NONE, "Au": CELLS["Au"] | ({"particle": particle} if particle else {})}
    settings = {
        "seed": 5,
        "lattices": lattices | changes.pop("lattices", {}),
        "sizes": {"small": {"radius_min_a": 10, "radius_max_a": 14}, "medium": None, "large": None},
        "max_stacking_faults": None,
        "series": {"defocus_series": None, "dose_series": None, "structure_series": None},
        "substrate": {"thickness_min_a": 10, "thickness_max_a": 14},
        "simulation": {"cell_a": 96.0, "output_sampling_a": 0.2},
    }
    return load_campaign("paper", settings | changes)


def built(of: Campaign, index: int = 0, key: str = "Au-small") -> Structure:
    """One structure, checked against its bounds."""
    structure = build_structure(of, of.specimen(key), index)
    most = bounds(of, of.specimen(key))
    assert len(structure.numbers) <= most.atoms
    assert np.ptp(structure.positions_a[:, 2]) + 4 <= most.height_a
    counts = np.bincount(structure.particle[structure.particle >= 0])
    assert counts.max() <= most.particle_atoms
    assert (np.diff((structure.particle == SUBSTRATE).astype(int)) >= 0).all(), "particle atoms come first"
    return structure


def nearest_a(structure: Structure) -> float:
    """Least distance of a particle's atoms from all others."""
    of = structure.particle != SUBSTRATE
    tree = cKDTree(structure.positions_a[~of], boxsize=(structure.cell_a, structure.cell_a, 0))
    return float(tree.query(structure.positions_a[of])[0].min())


def test_a_film_of_several_elements_has_its_composition_and_density():
    film = {"composition": {"Si": 3, "N": 4}, "density_g_per_cm3": 3.1, "min_distance_a": 1.6}
    of = campaign(
        substrate={"thickness_min_a": 20, "thickness_max_a": 20, **film}, placement={"count_max": 1}
    )
    structure = built(of)
    numbers = structure.numbers[structure.particle == SUBSTRATE]
    silicon, nitrogen = np.count_nonzero(numbers == 14), np.count_nonzero(numbers == 7)
    assert set(numbers.tolist()) == {7, 14}
    assert silicon / nitrogen == pytest.approx(3 / 4, rel=0.02)
    # 3.1 g/cm³ of Si3N4 are 0.0932 atoms/Å³
    assert of.substrate.density_atoms_per_a3 == pytest.approx(0.0932, rel=1e-3)
    assert len(numbers) == pytest.approx(0.0932 * 20 * 96**2, rel=0.02)


def test_no_support_leaves_the_particles_alone():
    structure = built(campaign(substrate={"thickness_min_a": 0, "thickness_max_a": 0}))
    assert (structure.particle >= 0).all()


def test_particles_lie_on_graphene_at_their_clearance():
    support = {"lattice": CELLS["C"], "layers": [1, 3]}
    of = campaign(
        {"orientation": {"orientation": "zone_axes", "axes": [[1, 1, 0]]}},
        substrate={"thickness_min_a": 0, "thickness_max_a": 0, "crystal": support},
    )
    layers = set()
    plain = campaign(substrate={"thickness_min_a": 0, "thickness_max_a": 0, "crystal": support})
    for index, campaign_of in [*((k, of) for k in range(6)), (0, plain)]:
        structure = built(campaign_of, index)
        heights = np.unique(structure.positions_a[structure.particle == SUBSTRATE, 2])
        layers.add(len(heights))
        assert structure.substrate_thickness_a == pytest.approx((len(heights) - 1) * 6.7079 / 2, abs=1e-4)
        for k in range(len(structure.particles)):
            lowest = structure.positions_a[structure.particle == k, 2].min()
            assert lowest - heights[-1] == pytest.approx(of.placement.clearance_a, abs=1e-4)
        assert nearest_a(structure) >= of.placement.clearance_a - 1e-4
    assert layers == {1, 2, 3}


def test_particles_grow_on_the_edge_of_a_crystal_with_vacuum_beside_it():
    of = campaign(
        {"shapes": [WULFF], "orientation": EPITAXY},
        substrate={
            "thickness_min_a": 30,
            "thickness_max_a": 40,
            "crystal": CERIA,
            "edge": {"supported": {"uniform": [0.3, 0.4]}, "particles": "edge"},
        },
        simulation={"cell_a": 126.0},
        placement={"count_max": 2},
    )
    for index in range(3):
        structure = built(of, index)
        support = structure.positions_a[structure.particle == SUBSTRATE]
        end = structure.support_end_a
        assert 0.3 * 126 <= end <= 0.4 * 126
        assert support[:, 0].max() <= end + 1e-3
        for k, particle in enumerate(structure.particles):
            atoms = structure.positions_a[structure.particle == k]
            # the contact face is one plane of atoms, at the clearance from the edge
            contact = atoms[:, 0] < atoms[:, 0].min() + 0.1
            assert contact.sum() > 20
            assert 1.5 < atoms[:, 0].min() - end < of.placement.clearance_a + 1e-3
            # in the middle of the support's thickness
            assert particle.center_a[2] == pytest.approx(support[:, 2].mean(), abs=0.6)


def test_particles_on_the_face_stay_on_the_support():
    of = campaign(
        substrate={
            "thickness_min_a": 20,
            "thickness_max_a": 20,
            "edge": {"supported": 0.6, "roughness_a": 3},
        },
        placement={"count_max": 2, "edge_rule": "inside"},
    )
    for index in range(3):
        structure = built(of, index)
        film = structure.positions_a[structure.particle == SUBSTRATE]
        assert film[:, 0].max() < 0.6 * 96 + 15
        # rough: where it ends differs along y
        ends = [film[np.abs(film[:, 1] - y) < 2, 0].max() for y in range(4, 92, 8)]
        assert 1 < np.std(ends) < 8
        for particle in structure.particles:
            assert particle.radius_a <= particle.center_a[0] <= 0.6 * 96 - particle.radius_a + 1e-6


def test_a_mixture_has_particles_of_each_lattice_by_their_parts():
    ceria = CELLS["CeO2"] | {"in_grid": False, "particle": {"shapes": [{"shape": "cube"}]}}
    of = campaign(
        lattices={"CeO2": ceria, "both": {"mixture": {"Au": 0.75, "CeO2": 0.25}}},
        placement={"count_min": 2, "count_max": 2, "separation_a": 0},
        substrate={"thickness_min_a": 0, "thickness_max_a": 0},
    )
    assert set(of.specimens) == {"Au-small", "both-small"}
    phases = []
    for index in range(40):
        structure = built(of, index, "both-small")
        for k, particle in enumerate(structure.particles):
            numbers = set(structure.numbers[structure.particle == k].tolist())
            assert numbers <= ({79} if particle.phase == 0 else {58, 8})
            phases.append(particle.phase)
    # 80 particles: 60 of gold, within three standard deviations
    assert abs(phases.count(0) - 60) <= 12


def test_particles_may_overlap_as_far_as_the_campaign_says():
    of = campaign(
        {"shapes": [{"shape": "sphere"}], "orientation": {"orientation": "zone_axes", "axes": [[0, 0, 1]]}},
        placement={"count_min": 8, "count_max": 8, "separation_a": -6},
    )
    gaps = []
    for index in range(3):
        structure = built(of, index)
        centers = np.array([p.center_a for p in structure.particles])[:, :2]
        radii = np.array([p.radius_a for p in structure.particles])
        i, j = np.triu_indices(len(radii), 1)
        gaps += list(np.linalg.norm(centers[i] - centers[j], axis=1) - radii[i] - radii[j])
        # no two atoms are nearer than in the crystal, or than the clearance between particles
        tree = cKDTree(structure.positions_a[structure.particle >= 0])
        assert tree.query(structure.positions_a[structure.particle >= 0], k=2)[0][:, 1].min() > 1.9
    assert -6 <= min(gaps) < -1


def test_a_particle_is_the_same_whatever_else_the_campaign_holds():
    particle = {
        "shapes": [{"shape": "random_facets"}],
        "inside": [{"defect": "surface_growth", "coverage": 0.2}],
    }
    one = built(campaign(particle), 3)
    other = built(campaign(particle, lattices={"CeO2": CELLS["CeO2"]}), 3)
    np.testing.assert_array_equal(one.positions_a, other.positions_a)
    assert one.particles == other.particles


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {
                "substrate": {"crystal": CERIA, "thickness_max_a": 20, "thickness_min_a": 10},
                "simulation": {"cell_a": 51.2},
            },
            "substrate.crystal.zone_axis = .* does not hold whole periods .* cells that do",
        ),
        ({"substrate": {"crystal": CERIA | {"termination": 3}}}, "termination = 3: the planes along"),
        (
            {"substrate": {"crystal": CERIA, "element": "C", "composition": {"C": 1}}},
            "both say what it is made of",
        ),
        (
            {"substrate": {"crystal": {"lattice": CELLS["C"]}, "thickness_min_a": 0, "thickness_max_a": 0}},
            "leaves no plane of it",
        ),
        ({"substrate": {"composition": {"Si": 3, "N": -1}}}, "composition.N = -1 must be above 0"),
        ({"substrate": {"composition": {"Si": 3, "Nn": 1}}}, "'Nn' is not a chemical symbol"),
        ({"substrate": {"density_g_per_cm3": "heavy"}}, "density_g_per_cm3 = 'heavy' must be a number"),
        ({"substrate": {"density_g_per_cm3": 2, "density_atoms_per_a3": 0.1}}, "both give the density"),
        ({"substrate": {"edge": {"supported": 0.9, "particles": "edge"}}}, "leaves 9.6 Å beside the edge"),
        ({"substrate": {"edge": {}, "thickness_min_a": 0, "thickness_max_a": 0}}, "edge: there is no film"),
        ({"placement": {"separation_a": -20}}, "separation_a = -20 lets particles .* lie within others"),
        (
            {"lattices": {"both": {"mixture": {"Au": 1, "Pt": 1}}}},
            "lattices.both.mixture.Pt: no such lattice; known: Au",
        ),
        (
            {"lattices": {"both": {"mixture": {"Au": 1}, "a": 4}}},
            "lattices.both.a: is not a known field; .* known: mixture, label_blur_a",
        ),
        (
            {"lattices": {"both": {"mixture": {"Au": 1}, "mask_cutoff": {"small": 5}}}},
            "lattices.both: mask_cutoff.small = 5 must be above 0 and below 1",
        ),
        ({"lattices": {"both": {"mixture": {"Au": 0}}}}, "lattices.both: mixture.Au = 0 must be above 0"),
        ({"lattices": {"Au": CELLS["Au"] | {"in_grid": False}}}, "lattices: none makes specimens"),
        (
            {"lattices": {"Au": CELLS["Au"] | {"particle": {"orientation": EPITAXY}}}},
            "lattices.Au.particle.orientation = epitaxy needs a crystalline support",
        ),
        (
            {
                "lattices": {"Au": CELLS["Au"] | {"particle": {"orientation": EPITAXY}}},
                "substrate": {
                    "crystal": {"lattice": CELLS["CeO2"], "zone_axis": [1, 1, 0], "most_strain": 0.1}
                },
            },
            r"orientation.along = \(1, 1, 0\) does not lie in the support's face",
        ),
        (
            {
                "sizes": {
                    "small": {
                        "radius_min_a": 10,
                        "radius_max_a": 14,
                        "particle": {"shapes": [{"shape": "rod", "axis": [0, 0, 1], "aspect": 15}]},
                    }
                }
            },
            "sizes.small.particle.shapes.0 = rod: .* enlarge the cell",
        ),
    ],
)
def test_supports_and_mixtures_that_cannot_be_are_refused_before_anything_is_made(changes, words):
    with pytest.raises(CampaignError, match=words):
        campaign(**changes)


@pytest.mark.parametrize(
    ("particle", "radius_a", "words"),
    [
        (
            {"shapes": [{"shape": "platelet", "plane": [1, 1, 1], "aspect": 0.05}]},
            5,
            "Å thick, less than the distance",
        ),
        (None, 3, "gives particles of Sparse of about 0.52 atoms, and some of none"),
    ],
)
def test_particles_that_may_hold_no_atom_are_refused(particle, radius_a, words):
    sparse = {"space_group": 221, "a": 6.0, "sites": [{"element": "Xe", "position": (0, 0, 0)}]}
    lattice = sparse if particle is None else CELLS["Au"] | {"particle": particle}
    with pytest.raises(CampaignError, match=words):
        campaign(
            lattices={"Au": None, "Sparse": lattice},
            sizes={"small": {"radius_min_a": radius_a, "radius_max_a": 12}, "medium": None, "large": None},
        )


@pytest.mark.parametrize(
    "kernels",
    [
        {"OPENBLAS_CORETYPE": "Prescott"},
        {"OPENBLAS_CORETYPE": "Haswell"},
        {"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3"},
        {},
    ],
)
def test_bodies_and_slabs_have_the_same_bits_on_every_processor(kernels):
    program = (
        "import hashlib\n"
        "from hrtem_assets.campaign import load_campaign\n"
        "from hrtem_assets.specimen.assembly import build_structure\n"
        "found = hashlib.blake2b(digest_size=8)\n"
        "for name, key in (('madsen2018', 'Au-cluster'), ('vincent2021', 'Pt-particle')):\n"
        "    of = load_campaign(name)\n"
        "    for index in range(3):\n"
        "        made = build_structure(of, of.specimen(key), index)\n"
        "        found.update(made.positions_a.tobytes() + repr(made.particles).encode())\n"
        "print(found.hexdigest())\n"
    )
    # numpy's linear algebra and its own loops choose their kernels by the processor
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={**os.environ, **kernels},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "15d332c32010c930"
