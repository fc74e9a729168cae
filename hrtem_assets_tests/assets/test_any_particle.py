"""Campaigns of bodies, mixtures, supports and files of atoms, made by Dagster from structures to training sets and "
"exports."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest
import xarray as xr
from ase import Atoms
from ase.cluster import Icosahedron
from ase.io import read, write

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.pictures import partition_picture
from hrtem_assets.assets.structures import read_stored_structure
from hrtem_assets.campaign import Campaign, CampaignError
from hrtem_assets.definitions import build_defs
from hrtem_assets.export.exporting import export_partition
from hrtem_assets.export.formats import FORMATS
from hrtem_assets.labels.registry import PLANES, TABLES
from hrtem_assets.maintenance.trace import rebuild
from hrtem_assets.maintenance.verify import verify_partition
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.store import CheckedStore
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.morphology.made import CELLS
from hrtem_assets_tests.small import small_campaign
from hrtem_assets_tests.specimen.test_supports import CERIA, EPITAXY, NONE, WULFF

CONDITION = "df-10nm_400e"
GOLD: dict[str, Any] = CELLS["Au"] | {
    "rms_displacement_a": {"Au": 0.085, "Ag": 0.085},
    "particle": {
        "shapes": [{"shape": "decahedron"}, {"shape": "icosahedron"}, {"shape": "truncated_octahedron"}],
        "inside": [
            {"defect": "vacancies", "fraction": 0.02},
            {"defect": "alloy", "element": "Au", "by": {"Ag": 0.2}},
        ],
        "orientation": {"orientation": "zone_axes", "axes": [[1, 1, 0]], "tilt_deg": {"uniform": [0, 2]}},
    },
}
OXIDE: dict[str, Any] = CELLS["CeO2"] | {
    "in_grid": False,
    "rms_displacement_a": {"Ce": 0.07, "O": 0.08},
    "particle": {
        "shapes": [{"shape": "cube"}],
        "inside": [{"defect": "twins", "fewest": 0, "most": 1}],
        "orientation": {"orientation": "resting", "plane": [1, 0, 0]},
    },
}
PLATINUM: dict[str, Any] = {
    "space_group": 225,
    "a": 3.9242,
    "sites": [{"element": "Pt", "position": (0, 0, 0)}],
    "particle": {"shapes": [WULFF], "orientation": EPITAXY},
}
LABELS = {"planes": list(PLANES), "tables": list(TABLES)}
KINDS = ("mixture", "profile", "graphene", "files")


def campaign(kind: str, folder: Path) -> tuple[Campaign, str]:
    """A small campaign of each kind, and its specimen."""
    lattices: dict[str, Any] = dict(NONE)
    changes: dict[str, Any] = {"labels": LABELS, "training_sets": {"crop_px": 128}}
    match kind:
        case "mixture":
            lattices |= {
                "Au": GOLD | {"in_grid": False},
                "CeO2": OXIDE,
                "both": {"mixture": {"Au": 0.5, "CeO2": 0.5}},
            }
            film = {"composition": {"Si": 3, "N": 4}, "density_g_per_cm3": 3.1, "min_distance_a": 1.6}
            changes |= {"substrate": {"thickness_min_a": 8, "thickness_max_a": 8, **film}}
            changes |= {"placement": {"count_min": 2, "count_max": 3, "separation_a": -2}}
            changes |= {
                "simulation": {"cell_a": 51.2, "thermal_profile": "room_temperature", "frozen_phonons": 2}
            }
            name = "both"
        case "profile":
            lattices |= {"Pt": PLATINUM}
            edge = {"supported": {"uniform": [0.3, 0.4]}, "particles": "edge"}
            slab = CERIA | {"most_strain": 0.05}
            changes |= {
                "substrate": {"thickness_min_a": 16, "thickness_max_a": 20, "crystal": slab, "edge": edge}
            }
            changes |= {"simulation": {"cell_a": 51.2}, "placement": {"count_max": 1}}
            name = "Pt"
        case "graphene":
            lattices |= {"Au": GOLD}
            sheets = {"lattice": CELLS["C"], "layers": [1, 2]}
            changes |= {"substrate": {"thickness_min_a": 0, "thickness_max_a": 0, "crystal": sheets}}
            name = "Au"
        case _:
            folder.mkdir(exist_ok=True)
            for number in range(3):
                write(folder / f"{number}.xyz", [Icosahedron("Au", 4), Icosahedron("Ag", 4)])
            lattices |= {"md": {"atoms": str(folder / "*.xyz"), "split_by": "file"}}
            changes["labels"] = LABELS | {"planes": [p for p in PLANES if p != "thickness"]}
            name = "md"
    return small_campaign(lattices=lattices, **changes), f"{name}-small"


@pytest.fixture(scope="module", params=KINDS)
def made(request, tmp_path_factory) -> tuple[Campaign, str, Layout]:
    """A campaign, its specimen, and all its assets."""
    root = tmp_path_factory.mktemp(request.param)
    of, specimen = campaign(request.param, root / "frames")
    materialize(build_defs(of, root), dg.DagsterInstance.ephemeral(), tuple(ASSETS), specimen, [CONDITION])
    return of, specimen, Layout(root)


def store(layout: Layout, asset: str, specimen: str) -> xr.Dataset:
    """A store in memory."""
    key = CONDITION if ASSETS[asset].per_condition else None
    return xr.open_zarr(layout.store(PartitionId(asset, specimen, key)), mask_and_scale=False).load()


def test_every_store_is_intact_and_an_image_is_made_again_bit_for_bit(made):
    of, specimen, layout = made
    for asset in ASSETS:
        key = CONDITION if ASSETS[asset].per_condition else None
        verdict = verify_partition(layout, PartitionId(asset, specimen, key))
        assert verdict.intact, verdict
    for comparison in rebuild(of, layout, PartitionId("training_sets", specimen, CONDITION), 1):
        assert comparison.different == ()


def test_what_is_stored_of_particles_is_what_was_made(made):
    of, specimen, layout = made
    path = layout.store(PartitionId("structures", specimen, None))
    for index in range(2):
        stored = read_stored_structure(CheckedStore(path), index, of.simulation.cell_a)
        fresh = build_structure(of, of.specimen(specimen), index)
        np.testing.assert_array_equal(stored.positions_a, fresh.positions_a)
        assert stored.support_end_a == fresh.support_end_a
        for one, other in zip(stored.particles, fresh.particles, strict=True):
            # vacancies and the like are read from their own variables
            assert replace(one, defects={}) == replace(other, defects={})
    kept = store(layout, "structures", specimen)
    for phase in of.specimen(specimen).phases:
        for defect in phase.rule.inside:
            for name in defect.records:
                assert f"{defect.name}_{name}" in kept


def test_labels_follow_the_bodies(made):
    of, specimen, layout = made
    labels, structures = store(layout, "labels", specimen), store(layout, "structures", specimen)
    meanings = labels.classes.attrs["flag_meanings"].split()
    phases = [phase.name for phase in of.specimen(specimen).phases] or [of.specimen(specimen).lattice_name]
    assert meanings == ["vacuum", "substrate", *(k for p in phases for k in (p, f"{p}_faulted"))]
    for row in range(3):
        classes, owner = labels.classes.values[row], labels.instances.values[row]
        placed = int(structures.particle_count[row])
        assert set(np.unique(owner)) <= set(range(placed + 1))
        for k in range(placed):
            shown = set(np.unique(classes[owner == k + 1]).tolist())
            if "phase" in structures and shown:
                assert shown == {2 + 2 * int(structures.phase[row, k]) + int(structures.faulted[row, k])}
        if "support_end" in structures:
            x = np.arange(classes.shape[1]) * of.simulation.output_sampling_a
            beyond = x > float(structures.support_end[row])
            assert not (classes[:, beyond] == 1).any() and (classes[:, ~beyond] == 1).any()
        if "thickness" in labels:
            thick = labels.thickness.values[row]
            volume = thick.sum() * of.simulation.output_sampling_a**2
            whole = (4 / 3 * np.pi * structures.radius.values[row, :placed] ** 3).sum()
            assert volume <= 1.02 * whole
            # a mask shows what is thick
            assert thick[owner > 0].mean() > 4 * max(thick[owner == 0].mean(), 0.1)
    assert float(labels.silhouette_iou.min()) > 0.55


def test_tables_tell_shape_crystal_and_zone_axis(made):
    of, specimen, layout = made
    labels = store(layout, "labels", specimen)
    chosen = of.specimen(specimen)
    if not chosen.phases:
        assert np.isnan(labels.particle_zone_tilt.values).all()
        return
    assert labels.particle_shape.attrs["flag_meanings"].split() == list(chosen.shape_names)
    assert labels.particle_phase.attrs["flag_meanings"].split() == [p.name for p in chosen.phases]
    for row in range(3):
        for k in range(int(labels.particle_count[row])):
            phase = chosen.phases[int(labels.particle_phase[row, k])]
            # cubic: [100], or [110] within its tilt; of platinum in profile one of <110>
            family = sorted(np.abs(labels.particle_zone_axis.values[row, k]).tolist())
            assert family == ([0, 0, 1] if phase.name == "CeO2" else [0, 1, 1])
            assert float(labels.particle_zone_tilt[row, k]) <= 2.0 + 1e-6


def test_columns_of_particles_along_a_zone_axis_hold_all_their_atoms(made):
    of, specimen, layout = made
    labels, structures = store(layout, "labels", specimen), store(layout, "structures", specimen)
    if not of.specimen(specimen).phases:
        return
    names = of.specimen(specimen).shape_names
    for row in range(3):
        table = labels.columns.values[row]
        atoms, owner = table[table[:, 2] > 0][:, 2], table[table[:, 2] > 0][:, 4] - 1
        for k in range(int(structures.particle_count[row])):
            held = int((structures.particle.values[row, : int(structures.atom_count[row])] == k).sum())
            shape = names[int(structures["shape"][row, k])]
            # a cube stands exactly along the beam; icosahedra have twins that do not
            if shape == "cube" and not int(structures.faulted[row, k]):
                assert atoms[owner == k].sum() == held
            if shape == "icosahedron":
                assert not (owner == k).any()


def test_pictures_cards_and_exports_tell_what_was_made(made, tmp_path):
    of, specimen, layout = made
    picture = partition_picture(layout, PartitionId("structures", specimen, None))
    assert picture.sheet.width > 400
    target = tmp_path / "xyz"
    export_partition(of, layout, FORMATS["xyz"], specimen, None, target, lambda _: None)
    frame = next(target.rglob("*.extxyz.gz"))
    with gzip.open(frame, "rt") as file:
        atoms = read(file, index=0, format="extxyz")
    assert isinstance(atoms, Atoms)
    chosen = of.specimen(specimen)
    if chosen.phases:
        shapes = str(atoms.info["particle_shape"]).split()
        assert shapes and set(shapes) <= set(chosen.shape_names)
    card = (target / "README.md").read_text()
    words = {
        "both-small": "on amorphous Si-N",
        "Pt-small": "on crystalline Ce-O, at its edge",
        "Au-small": "on crystalline C",
        "md-small": "on an amorphous substrate",
    }[specimen]
    assert words in card
    told = {
        "both-small": "**CeO2**: CeO2 in F m -3 m",
        "md-small": "6 frames of 3 files: Ag, Au, 147 to 147 atoms",
    }
    assert told.get(specimen, "in F m -3 m") in card
    if specimen == "Au-small":
        assert "decahedron, icosahedron, truncated_octahedron" in card and "zone_axes" in card


def test_a_thickness_of_atoms_from_files_is_refused(tmp_path):
    of, _ = campaign("files", tmp_path / "frames")
    with pytest.raises(CampaignError, match="thickness is computed from the shapes of particles"):
        build_defs(
            of.model_copy(update={"labels": of.labels.model_copy(update={"planes": tuple(PLANES)})}), tmp_path
        )
