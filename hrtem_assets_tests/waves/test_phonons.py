from dataclasses import replace

import numpy as np
import pytest

from hrtem_assets.specimen.structure import SUBSTRATE
from hrtem_assets.waves.cell import place_in_cell
from hrtem_assets.waves.phonons import configurations
from hrtem_assets_tests.waves.atoms import CELL_A, small_campaign, small_structure


def displaced(structure, index=0, **simulation):
    campaign = small_campaign(**simulation)
    return configurations(structure, campaign, campaign.specimen("CdSe-medium"), index)


def displacements(structure, **simulation):
    rest = place_in_cell(structure, small_campaign(**simulation).simulation)[0]
    difference = displaced(structure, **simulation).positions_a - rest
    difference[..., :2] -= CELL_A * np.round(difference[..., :2] / CELL_A)
    return difference


def without_substrate(structure):
    n = structure.particle_atoms
    return replace(
        structure,
        positions_a=structure.positions_a[:n],
        numbers=structure.numbers[:n],
        particle=structure.particle[:n],
    )


def test_the_rms_per_axis_is_the_one_asked_for():
    d = displacements(small_structure(20_000, 20_000))
    np.testing.assert_allclose(np.sqrt((d**2).mean(axis=1)), 0.1, rtol=0.03)
    np.testing.assert_allclose(d.mean(axis=1), 0.0, atol=0.003)


def test_carbon_of_a_particle_and_carbon_of_the_substrate_have_their_own_values():
    structure = small_structure(20_000, 20_000)
    structure = replace(structure, numbers=np.full_like(structure.numbers, 6))
    campaign = small_campaign(thermal_profile="room_temperature")
    changed = campaign.model_copy(
        update={"substrate": campaign.substrate.model_copy(update={"rms_displacement_a": 0.2})}
    )
    specimen = changed.specimen("C-medium")
    atoms = configurations(structure, changed, specimen, 0)
    d = (atoms.positions_a - place_in_cell(structure, changed.simulation)[0])[..., 2]
    n = structure.particle_atoms
    expected = changed.rms_displacements_a(specimen)["C"]
    assert np.sqrt((d[:, :n] ** 2).mean()) == pytest.approx(expected, rel=0.03)
    assert np.sqrt((d[:, n:] ** 2).mean()) == pytest.approx(0.2, rel=0.03)


def test_particles_move_alike_with_and_without_the_substrate():
    structure = small_structure()
    n = structure.particle_atoms
    # without the substrate the cell is shorter, so z differs by a constant
    np.testing.assert_allclose(
        displacements(structure)[:, :n], displacements(without_substrate(structure)), atol=1e-12
    )


def test_a_phonon_is_the_same_however_many_are_made():
    few, many = (displaced(small_structure(), frozen_phonons=n).positions_a for n in (1, 3))
    np.testing.assert_array_equal(few[0], many[0])


def test_every_structure_and_every_phonon_moves_differently_and_again_the_same():
    a, b, again = (displaced(small_structure(), index).positions_a for index in (0, 1, 0))
    np.testing.assert_array_equal(a, again)
    assert not np.any(np.all(a == b, axis=-1))
    assert not np.any(np.all(a[0] == a[1], axis=-1))


def test_atoms_at_rest_stay_in_place():
    assert np.all(displacements(small_structure(), thermal_profile="none") == 0)


def test_atoms_stay_within_the_cell_and_never_pass_to_its_other_end():
    structure = small_structure()
    campaign = small_campaign(thermal_profile="room_temperature", vacuum_a=1.0)
    restless = campaign.model_copy(
        update={"substrate": campaign.substrate.model_copy(update={"rms_displacement_a": 1.0})}
    )
    atoms = configurations(structure, restless, restless.specimen("CdSe-medium"), 0)
    assert atoms.positions_a.min() >= 0
    assert np.all(atoms.positions_a < atoms.cell_a)
    substrate = structure.particle == SUBSTRATE
    rest = place_in_cell(structure, restless.simulation)[0]
    assert np.abs(atoms.positions_a - rest)[:, substrate, 2].max() < 6.0


def test_an_atom_a_hair_outside_the_cell_is_wrapped_to_its_origin():
    structure = small_structure(1, 0)
    structure = replace(structure, positions_a=np.array([[-1e-20, 0, 1]], np.float32))
    assert displaced(structure, thermal_profile="none").positions_a[0, 0, 0] == 0.0
