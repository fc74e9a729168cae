"""Atoms of one's own: files of every kind as particles and as whole structures."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.build import bulk
from ase.cluster import Icosahedron, Octahedron
from ase.io import write

from hrtem_assets.campaign import Campaign, CampaignError, load_campaign
from hrtem_assets.campaign.atom_files import digest
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.specimen.bounds import bounds
from hrtem_assets.specimen.own_structures import frame_for
from hrtem_assets.specimen.structure import SUBSTRATE
from hrtem_assets_tests.specimen.test_supports import NONE


def sizes(radius_min_a: float, radius_max_a: float) -> dict[str, Any]:
    """One class of sizes."""
    of = {"radius_min_a": radius_min_a, "radius_max_a": radius_max_a}
    return {"any": of, "small": None, "medium": None, "large": None}


def campaign(own: dict[str, Any], **changes: Any) -> Campaign:
    """A campaign of atoms from files."""
    settings = {
        "counts": {"train": 4, "validation": 2, "test": 0},
        "lattices": {**NONE, "md": own},
        "sizes": {
            "any": {"radius_min_a": 3, "radius_max_a": 40},
            "small": None,
            "medium": None,
            "large": None,
        },
        "max_stacking_faults": None,
        "series": {"defocus_series": None, "dose_series": None, "structure_series": None},
        "substrate": {"thickness_min_a": 8, "thickness_max_a": 8},
        "simulation": {"cell_a": 64.0},
        "placement": {"count_min": 1, "count_max": 1},
    }
    return load_campaign("paper", settings | changes)


def frames(folder: Path, count: int = 6, files: int = 3) -> Path:
    """Files of frames that tell themselves apart by their sizes."""
    for file in range(files):
        write(
            folder / f"run{file}.xyz", [Icosahedron("Au", 3 + (file + k) % 2) for k in range(count // files)]
        )
    return folder


def test_particles_are_the_frames_turned_and_placed(tmp_path):
    cluster = Octahedron("Au", 5, 1)
    write(tmp_path / "one.xyz", [cluster] * 6)
    of = campaign({"atoms": str(tmp_path / "*.xyz")})
    specimen = of.specimen("md-any")
    structure = build_structure(of, specimen, 0)
    gold = structure.positions_a[structure.particle == 0].astype(float)
    # the same distances between all atoms; those beyond the cell's edge are cut
    placed = build_structure(
        campaign({"atoms": str(tmp_path / "*.xyz")}, placement={"count_max": 1, "edge_rule": "inside"}),
        specimen,
        0,
    )
    whole = placed.positions_a[placed.particle == 0].astype(float)
    assert len(gold) <= len(whole) == len(cluster)
    ours, theirs = (
        np.sort(np.linalg.norm(p[:, None] - p, axis=2), axis=None) for p in (whole, cluster.positions)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert not np.allclose(
        whole - whole.mean(axis=0), cluster.positions - cluster.positions.mean(axis=0), atol=0.1
    )
    assert bounds(of, specimen).atoms >= len(structure.numbers)
    assert whole[:, 2].min() - 8 == pytest.approx(of.placement.clearance_a, abs=1e-4)


@pytest.mark.parametrize("suffix", ["extxyz", "xyz", "cif", "vasp", "traj", "lmp"])
def test_formats_that_ase_reads_give_the_same_atoms(tmp_path, suffix):
    model = bulk("NaCl", "rocksalt", a=5.64, cubic=True) * (2, 2, 2)
    path = tmp_path / f"model.{suffix}"
    formats = {"vasp": "vasp", "lmp": "lammps-data"}
    write(path, model, format=formats.get(suffix))
    own: dict[str, Any] = {"atoms": str(path), "used_as": "structure"}
    if suffix == "lmp":
        own |= {"elements_by_type": ["Cl", "Na"], "format": "lammps-data"}
    if suffix == "vasp":
        path.rename(tmp_path / "POSCAR")
        own["atoms"] = str(tmp_path / "POSCAR")
    of = campaign(own, counts={"train": 1, "validation": 0})
    structure = build_structure(of, of.specimen("md-any"), 0)
    assert sorted(set(structure.numbers.tolist())) == [11, 17]
    assert np.count_nonzero(structure.numbers == 11) == np.count_nonzero(structure.numbers == 17) == 32
    np.testing.assert_allclose(
        structure.positions_a.min(axis=0), [(64 - 11.28 + 2.82) / 2] * 2 + [0], atol=1e-3
    )


def test_a_whole_structure_keeps_its_support_and_its_periodic_cell(tmp_path):
    slab = bulk("MgO", "rocksalt", a=4.0, cubic=True) * (16, 16, 1)
    cluster = Octahedron("Au", 5, 1)
    cluster.positions += np.array([32, 32, 8]) - cluster.positions.mean(axis=0) + np.array([0, 0, 4])
    both = slab + cluster
    both.set_cell([64, 64, 40])
    write(tmp_path / "model.xyz", [both], format="extxyz")
    of = campaign(
        {"atoms": str(tmp_path / "model.xyz"), "used_as": "structure", "particle_elements": ["Au"]},
        counts={"train": 1, "validation": 0},
    )
    structure = build_structure(of, of.specimen("md-any"), 0)
    assert np.count_nonzero(structure.particle == 0) == len(cluster)
    assert set(structure.numbers[structure.particle == SUBSTRATE].tolist()) == {8, 12}
    assert len(structure.numbers) == len(both), (
        "nothing is dropped, and no film of the campaign's own is added"
    )
    assert structure.substrate_thickness_a == 0
    # a film of other elements is not taken for the frame's own support
    film = {
        "composition": {"Si": 3, "N": 4},
        "thickness_min_a": 8,
        "thickness_max_a": 8,
        "min_distance_a": 1.6,
    }
    own = {
        "atoms": str(tmp_path / "model.xyz"),
        "used_as": "structure",
        "particle_elements": ["Au"],
        "film": True,
    }
    of = campaign(own, counts={"train": 1, "validation": 0}, substrate=film | {"density_g_per_cm3": 3.1})
    on_film = build_structure(of, of.specimen("md-any"), 0)
    held = on_film.numbers[on_film.particle == SUBSTRATE].tolist()
    assert held.count(8) == held.count(12) == len(slab) // 2 and {7, 14} <= set(held)


def test_a_column_numbers_the_particles(tmp_path):
    two = Icosahedron("Au", 2) + Icosahedron("Pt", 2)
    half = len(two) // 2
    two.positions[half:] += 15
    two.set_array("particle", np.repeat([0, 1], half))
    write(tmp_path / "two.xyz", two, format="extxyz")
    own = {"atoms": str(tmp_path / "two.xyz"), "used_as": "structure", "particle_column": "particle"}
    with pytest.raises(
        CampaignError, match=r"numbers 2 particles, and placement.count_max = 1; raise that to 2"
    ):
        campaign(own, counts={"train": 1, "validation": 0})
    of = campaign(own, counts={"train": 1, "validation": 0}, placement={"count_max": 2})
    structure = build_structure(of, of.specimen("md-any"), 0)
    assert [set(structure.numbers[structure.particle == k].tolist()) for k in (0, 1)] == [{79}, {78}]
    assert structure.requested_particles == 2


@pytest.mark.parametrize(("rule", "expected"), [("file", [{0, 1}, {2}]), ("block", [{0, 1}, {2}])])
def test_training_and_validation_share_no_file_and_no_block(tmp_path, rule, expected):
    of = campaign({"atoms": str(frames(tmp_path) / "*.xyz"), "split_by": rule})
    specimen = of.specimen("md-any")
    drawn: dict[str, set[Any]] = {"train": set(), "validation": set()}
    for index in range(6):
        for seed in range(30):
            frame = frame_for(of, specimen, index, np.random.default_rng(seed))
            drawn[of.counts.split(index)].add((frame.path.name, frame.number))
    assert not drawn["train"] & drawn["validation"]
    names = [{int(name[3]) for name, _ in drawn[part]} for part in ("train", "validation")]
    assert names == expected


def test_frames_at_random_are_shared_too_and_only_when_asked(tmp_path):
    of = campaign({"atoms": str(frames(tmp_path) / "*.xyz"), "split_by": "frame"})
    shares = of.frames_of(of.specimen("md-any"))
    assert sorted(len(share) for share in shares.values()) == [2, 4]
    assert not set(shares["train"]) & set(shares["validation"])


def test_size_classes_choose_among_frames(tmp_path):
    write(tmp_path / "all.xyz", [Icosahedron("Au", n) for n in (2, 3, 4, 5)])
    own = {"atoms": str(tmp_path / "all.xyz")}
    of = campaign(
        own,
        sizes=sizes(7, 12),
    )
    share = of.frames_of(of.specimen("md-any"))
    assert {f.number for part in share.values() for f in part} == {2, 3}
    with pytest.raises(
        CampaignError, match=r"no frame's radius lies in sizes.any, 30 to 40 Å; they are .* widen the size"
    ):
        campaign(
            own,
            sizes={
                "any": {"radius_min_a": 30, "radius_max_a": 40},
                "small": None,
                "medium": None,
                "large": None,
            },
        )


def test_what_the_files_hold_is_part_of_the_recipe(tmp_path):
    from hrtem_assets.assets import ASSETS

    write(tmp_path / "a.xyz", [Icosahedron("Au", 3)] * 3)
    of = campaign({"atoms": str(tmp_path / "a.xyz")})
    recipe = ASSETS["structures"].recipe(of, of.specimen("md-any"), None)
    assert recipe.settings["lattice"]["files"] == [["a.xyz", digest(tmp_path / "a.xyz")]]
    moved = Icosahedron("Au", 3)
    moved.positions[0] += 0.1
    write(tmp_path / "a.xyz", [moved] * 3)
    changed = campaign({"atoms": str(tmp_path / "a.xyz")})
    assert ASSETS["structures"].recipe(changed, changed.specimen("md-any"), None).digest != recipe.digest


def test_a_campaign_file_names_files_beside_itself(tmp_path):
    write(tmp_path / "a.xyz", [Icosahedron("Au", 3)] * 2)
    lines = ["extends: paper", "lattices:", *(f"  {name}: null" for name in NONE), "  md: {atoms: '*.xyz'}"]
    lines += [
        "max_stacking_faults: null",
        "series: {defocus_series: null, dose_series: null, structure_series: null}",
    ]
    lines += ["sizes: {small: {radius_min_a: 3, radius_max_a: 20}, medium: null, large: null}"]
    (tmp_path / "own.yaml").write_text("\n".join(lines))
    assert load_campaign(tmp_path / "own.yaml").specimen("md-small").elements == ("Au",)


def test_a_million_atoms_load_within_a_minute(tmp_path):
    big = bulk("Au", cubic=True) * (63, 63, 63)
    assert len(big) > 1_000_000
    write(tmp_path / "big.xyz", big, format="extxyz")
    start = time.monotonic()
    of = campaign(
        {"atoms": str(tmp_path / "big.xyz"), "used_as": "structure"},
        counts={"train": 1, "validation": 0},
        simulation={"cell_a": 384.0, "sampling_a": 0.2, "output_sampling_a": 0.4},
        sizes=sizes(3, 500),
    )
    structure = build_structure(of, of.specimen("md-any"), 0)
    assert len(structure.numbers) == len(big)
    assert time.monotonic() - start < 60


def spoiled(folder: Path, kind: str) -> dict[str, Any]:
    """Files that are wrong in some way."""
    path = folder / "bad.xyz"
    cluster = Icosahedron("Au", 3)
    match kind:
        case "absent":
            return {"atoms": str(folder / "*.traj")}
        case "overlap":
            cluster.positions[1] = cluster.positions[0] + np.array([0.1, 0, 0])
        case "nanometres":
            cluster.positions /= 10
        case "not a number":
            cluster.positions[0, 0] = np.nan
        case "dummy":
            cluster.numbers[0] = 0
        case "large":
            cluster.positions *= 5
    write(path, [cluster] * 3)
    if kind == "no file of atoms":
        path.write_text("hello")
    more: dict[str, dict[str, Any]] = {
        "no element": {"used_as": "structure", "particle_elements": ["Pt"]},
        "no column": {"used_as": "structure", "particle_column": "layer"},
        "film of particles": {"film": True},
        "types": {"elements_by_type": ["Au"]},
        "two files": {"split_by": "file"},
        "repeated": {"used_as": "structure"},
    }
    return {"atoms": str(path)} | more.get(kind, {})


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("absent", "names no file; correct the path"),
        ("overlap", r"atoms 0 and 1 \(Au-Au\) are 0.100 Å apart, less than half .* positions must be in Å"),
        ("nanometres", "positions must be in Å: correct the file"),
        ("not a number", "positions that are not numbers"),
        ("dummy", r"atom of number 0; elements from H \(1\) to Lr"),
        ("large", "is a particle of up to .* enlarge the cell"),
        ("no file of atoms", "cannot be read by ASE"),
        ("no element", "particle_elements = Pt: frame 0 .* holds Au alone; name one of these"),
        ("no column", "particle_column = 'layer' is not in frame 0"),
        ("film of particles", "film: only for used_as structure; remove it"),
        ("types", "atom types 79 to 79, and elements_by_type names 1"),
        ("two files", "1 files cannot be shared between train, validation"),
        ("repeated", "counts.train = 4: .* has only 2 frames for it, .* would repeat; lower it to 2"),
    ],
)
def test_files_that_cannot_be_used_are_refused_before_anything_is_made(tmp_path, kind, words):
    with pytest.raises(CampaignError, match=words):
        campaign(spoiled(tmp_path, kind))
