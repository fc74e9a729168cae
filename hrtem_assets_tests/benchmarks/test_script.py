"""The script that the benchmark compares with computes the same physics as the platform."""

import numpy as np
import pytest

from benchmarks import script
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.focal_series import FocalSeries
from hrtem_assets.imaging.focus import find_zero_defocus
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets_tests.small import SPECIMEN, small_campaign

pytestmark = pytest.mark.slow

SUBSTRATE_A = 8.0


@pytest.fixture(scope="module")
def made():
    """A small structure by the script: campaign, atoms and vacuum waves."""
    campaign = small_campaign()
    specimen = campaign.specimen(SPECIMEN)
    particles = build_structure(campaign, specimen, 0).particles
    atoms, count = script.structure(specimen.crystal, particles, SUBSTRATE_A, campaign.simulation)
    return campaign, atoms, count, script.exit_waves(atoms[:count], campaign.simulation, 0.1)


def test_its_particles_come_first_and_have_the_coordination_of_their_lattice(made):
    _, atoms, count, _ = made
    assert set(atoms.numbers[:count]) == {34, 48}
    assert set(atoms.numbers[count:]) == {6}
    distances = np.sort(atoms[:count].get_all_distances(), axis=1)
    assert np.median(distances[:, 1:5]) == pytest.approx(2.63, abs=0.01)


def test_its_zero_defocus_is_ours_on_the_same_waves(made):
    campaign, atoms, count, waves = made
    depths = atoms.cell[2, 2] - atoms.positions[:count, 2]
    theirs = script.zero_defocus(waves, depths, campaign.optics, campaign.calibration)
    ours = find_zero_defocus(
        FocalSeries.of(np.ascontiguousarray(waves.array), 0.2, wavelength_a(300.0), campaign.optics),
        (depths.min(), depths.max()),
        campaign.calibration,
    )
    assert theirs == pytest.approx(ours.zero_a, abs=0.1 + 1e-6)


def test_its_images_are_ours(made):
    campaign, _, _, waves = made
    wave = np.ascontiguousarray(waves.array)
    ours = FocalSeries.of(wave, 0.2, wavelength_a(300.0), campaign.optics).intensity(120.0)
    np.testing.assert_allclose(script.image(waves, 120.0, campaign.optics).array, ours, atol=2e-5)
