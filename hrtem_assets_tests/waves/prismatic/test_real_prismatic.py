"""The real Prismatic 2.0, wherever `HRTEM_PRISMATIC_PYTHON` names one."""

import tempfile
from dataclasses import replace

import numpy as np
import pytest

from hrtem_assets.campaign import PrismaticFields
from hrtem_assets.waves.agreement import INDEPENDENT, agreement
from hrtem_assets.waves.engine import Atoms
from hrtem_assets.waves.engines.abtem import AbtemEngine
from hrtem_assets.waves.engines.prismatic import PrismaticEngine
from hrtem_assets.waves.exit_waves import simulate
from hrtem_assets.waves.prismatic.bridge import read_wave
from hrtem_assets.waves.prismatic.environment import prismatic_python
from hrtem_assets.waves.prismatic.inputs import parameters
from hrtem_assets.waves.prismatic.process import PrismaticError, run
from hrtem_assets_tests.waves.atoms import (
    reference_atoms,
    reference_simulation,
    small_campaign,
    small_structure,
)
from hrtem_assets_tests.waves.prismatic.interpreters import RECORDED, RECORDED_ATOMS, RECORDED_SIMULATION

pytestmark = pytest.mark.prismatic


def some_atoms(cell_a, phonons=1):
    """A block of displaced silicon, 1 Å or more from either end of the cell; half of it counts as particle."""
    reference, _ = reference_atoms("Si")
    positions = reference.positions_a[0] - (8.0, 8.0, 12.0)
    inside = np.all((positions >= (0, 0, 1)) & (positions < np.array(cell_a) - (0, 0, 1)), axis=1)
    block = positions[inside]
    shaken = block + np.random.default_rng(3).normal(0, 0.1, (phonons, *block.shape))
    return Atoms(shaken, np.full(len(block), 14, np.uint8), len(block) // 2, cell_a)


@pytest.mark.parametrize(
    ("cell_a", "changes"),
    [
        ((16.0, 16.0, 7.0), {"slice_thickness_a": 1.0}),
        ((12.8, 16.0, 6.3), {"slice_thickness_a": 0.7}),
        ((16.0, 16.0, 8.0), {"output_sampling_a": 0.4}),
        ((16.0, 16.0, 8.0), {"beam_energy_kev": 80.0}),
    ],
    ids=["odd slices", "oblong, slices that do not divide exactly", "coarse output", "80 keV"],
)
def test_full_and_vacuum_waves_agree_with_abtem(cell_a, changes):
    # at 80 keV abTEM's own infinite projections are too coarse for slices of 2 Å
    atoms, simulation = some_atoms(cell_a), reference_simulation(projection="finite", **changes)
    found, expected = (e.exit_waves(atoms, simulation) for e in (PrismaticEngine(), AbtemEngine()))
    for name in ("full", "vacuum"):
        one, other = getattr(found, name)[0], getattr(expected, name)[0]
        compared = agreement(
            one, other, simulation.output_sampling_a, min(2.0, 0.5 / simulation.output_sampling_a)
        )
        assert not INDEPENDENT.broken(compared), compared
    assert agreement(found.full[0], found.vacuum[0], 0.2).correlation < 0.95


def test_every_configuration_has_its_own_wave_and_the_vacuum_wave_its_particles_alone():
    cell_a = (16.0, 16.0, 8.0)
    atoms, simulation = some_atoms(cell_a, phonons=2), reference_simulation()
    found, n = PrismaticEngine().exit_waves(atoms, simulation), atoms.particle_atoms
    alone = Atoms(atoms.positions_a[1:, :n], atoms.numbers[:n], n, cell_a)
    np.testing.assert_allclose(
        PrismaticEngine().exit_waves(alone, simulation).full[0], found.vacuum[1], atol=1e-5
    )
    assert np.abs(found.full[0] - found.full[1]).max() > 0.01


def test_the_vacuum_has_amplitude_1_and_no_phase():
    atoms = Atoms(np.array([[[8.0, 8.0, 4.0]]]), np.array([14], np.uint8), 1, (32.0, 32.0, 8.0))
    wave = PrismaticEngine().exit_waves(atoms, reference_simulation()).full[0]
    np.testing.assert_allclose(wave[100:, 100:], 1, atol=1e-3)
    assert [int(i) for i in np.unravel_index(np.argmax(np.angle(wave)), wave.shape)] == [40, 40]


def test_a_structure_without_particles_has_the_incident_wave_in_vacuum():
    atoms = replace(some_atoms((16.0, 16.0, 4.0)), particle_atoms=0)
    found = PrismaticEngine().exit_waves(atoms, reference_simulation())
    np.testing.assert_array_equal(found.vacuum, 1)
    assert np.abs(found.full - 1).max() > 0.01


@pytest.mark.parametrize("threads", [1, 2])
def test_a_wave_repeats_to_rounding_and_nothing_is_left_behind(threads, tmp_path, monkeypatch):
    """Prismatic plans its Fourier transforms by timing them, so not even one thread repeats bit by bit."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    prismatic = PrismaticFields.of(RECORDED_SIMULATION).prismatic.model_copy(update={"threads": threads})
    simulation = RECORDED_SIMULATION.model_copy(update={"prismatic": prismatic})
    wave = PrismaticEngine().exit_waves(RECORDED_ATOMS, simulation).full[0]
    np.testing.assert_allclose(wave, read_wave(str(RECORDED)).T, atol=3e-6)
    assert not list(tmp_path.iterdir())


def test_what_prismatic_says_on_a_bad_file_is_told():
    settings = parameters(RECORDED_ATOMS.cell_a, RECORDED_SIMULATION)
    with pytest.raises(PrismaticError, match="exit status 1") as caught:
        run(prismatic_python(), settings, "comment\n12.8 16 8\n6 1 1\n-1\n", (64, 80), 60.0)
    assert "Error getting atomic species" in str(caught.value)


def test_a_campaign_gives_prismatic_the_structures_of_its_specimens():
    campaign = small_campaign(frozen_phonons=1, slice_thickness_a=2.0, parametrization="kirkland")
    specimen, structure = campaign.specimen("CdSe-medium"), small_structure()
    assigned = campaign.model_copy(update={"engines": {specimen.key: "prismatic"}})
    found, expected = (simulate(c, specimen, structure, 0)[0] for c in (assigned, campaign))
    for name in ("full", "vacuum"):
        # random atoms come closer to each other than those of a crystal, and scatter farther
        compared = agreement(getattr(found, name)[0], getattr(expected, name)[0], 0.2, band_limit_per_a=1.0)
        assert not INDEPENDENT.broken(compared), compared
    assert agreement(found.full[0], expected.full[0], 0.2).relative_difference > 1e-4, "it was not Prismatic"
