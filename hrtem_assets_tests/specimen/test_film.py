"""An uneven film and a contaminated one: as asked on average, and an even one bit for bit as before."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from hrtem_assets.campaign import CampaignError
from hrtem_assets.campaign.settings import Fluctuations
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.specimen.bounds import bounds
from hrtem_assets.specimen.film import random_field, unevenness
from hrtem_assets.specimen.structure import SUBSTRATE
from hrtem_assets.specimen.substrate import random_sequential
from hrtem_assets_tests.small import SPECIMEN, small_campaign

CELL_A, THICKNESS_A, DENSITY = 102.4, 40.0, 0.1103075
UNEVEN = {"thickness_rms_a": 8.0, "density_rms": 0.08, "correlation_length_a": 15.0}


def film(seed=1, **fluctuations):
    rng = np.random.default_rng(seed)
    uneven = unevenness(Fluctuations(**fluctuations), THICKNESS_A, CELL_A, rng)
    deepest_a = uneven.deepest_a if uneven else 0.0
    box = np.array([CELL_A, CELL_A, THICKNESS_A + deepest_a])
    return random_sequential(box, DENSITY, 1.4, rng, uneven), uneven


def structure(index=0, **substrate):
    campaign = small_campaign(substrate={"thickness_min_a": 20, "thickness_max_a": 30, **substrate})
    specimen = campaign.specimen(SPECIMEN)
    return build_structure(campaign, specimen, index), bounds(campaign, specimen), campaign


@pytest.mark.parametrize("spectrum", ["gaussian", "exponential"])
def test_fields_have_variance_1_and_the_correlation_that_is_named(spectrum):
    rule = Fluctuations(correlation_length_a=10.0, spectrum=spectrum)
    rng, cell_a, n = np.random.default_rng(3), 400.0, 400
    fields = [random_field(rule, n, cell_a, rng) for _ in range(8)]
    assert np.mean(fields) == pytest.approx(0, abs=0.03)
    assert np.std(fields) == pytest.approx(1, rel=0.05)
    lag = 10
    correlation = np.mean([(f * np.roll(f, lag, axis=a)).mean() / f.var() for f in fields for a in (0, 1)])
    assert correlation == pytest.approx(np.exp(-0.5) if spectrum == "gaussian" else np.exp(-1), abs=0.06)


def test_an_uneven_film_keeps_its_mean_and_has_the_relief_and_the_density_that_are_asked_for():
    atoms, uneven = film(**UNEVEN)
    assert len(atoms) == round(CELL_A**2 * THICKNESS_A * DENSITY)
    n = len(uneven.relief_a)
    at = np.minimum((atoms[:, :2] / CELL_A * n).astype(int), n - 1)
    assert (atoms[:, 2] >= uneven.deepest_a - uneven.relief_a[at[:, 0], at[:, 1]]).all()
    m = uneven.columns
    columns = np.minimum((atoms[:, :2] / CELL_A * m).astype(int), m - 1)
    counts = np.zeros((m, m))
    np.add.at(counts, (columns[:, 0], columns[:, 1]), 1)
    expected = uneven.atoms(THICKNESS_A)
    assert np.corrcoef(counts.ravel(), expected.ravel())[0, 1] > 0.9
    slope = np.polyfit(expected.ravel(), counts.ravel() / counts.mean(), 1)[0]
    assert slope == pytest.approx(1, abs=0.1)


def test_no_two_atoms_of_an_uneven_film_are_closer_than_the_least_distance():
    atoms, _ = film(**UNEVEN)
    assert not cKDTree(atoms, boxsize=(CELL_A, CELL_A, 0)).query_pairs(1.4 - 1e-9)


def low_frequency_power(atoms):
    """Power of the projected film below 2 /nm, by all of it up to 5 /nm."""
    n = 256
    image = np.histogram2d(atoms[:, 0], atoms[:, 1], bins=n, range=[[0, CELL_A]] * 2)[0]
    k = np.fft.fftfreq(n, CELL_A / n)
    k2 = k[:, None] ** 2 + k[None] ** 2
    power = np.abs(np.fft.fft2(image - image.mean())) ** 2
    return power[k2 < 0.2**2].sum() / power[k2 < 0.5**2].sum()


def test_long_range_fluctuations_raise_the_power_at_low_frequencies():
    plain, uneven = low_frequency_power(film()[0]), low_frequency_power(film(**UNEVEN)[0])
    assert uneven > 2 * plain


def test_an_even_film_takes_no_random_number():
    rng = np.random.default_rng(1)
    assert unevenness(Fluctuations(), 30.0, CELL_A, rng) is None
    assert rng.random() == np.random.default_rng(1).random()
    np.testing.assert_array_equal(structure()[0].positions_a, structure(fluctuations={})[0].positions_a)


def test_particles_rest_on_the_even_face_of_an_uneven_film():
    made, most, _ = structure(fluctuations={"thickness_rms_a": 5})
    film_atoms = made.positions_a[made.particle == SUBSTRATE]
    lowest = min(p.center_a[2] - p.radius_a for p in made.particles)
    assert film_atoms[:, 2].max() <= lowest + 1e-3
    assert film_atoms[:, 2].min() >= 0
    assert most.height_a >= np.ptp(made.positions_a[:, 2])


@pytest.mark.parametrize("side", ["both", "particles", "back"])
def test_contamination_covers_film_and_particles_and_keeps_clear_of_them(side):
    layer = {"thickness_min_a": 6, "thickness_max_a": 6, "side": side, "element": "Si"}
    made, most, campaign = structure(contamination=layer)
    plain, _, _ = structure()
    grown = made.numbers == 14
    assert grown.sum() > 100
    assert (made.particle[grown] == SUBSTRATE).all()
    assert len(made.numbers) <= most.atoms
    atoms, others = made.positions_a[grown], made.positions_a[~grown]
    assert len(others) == len(plain.numbers)
    cell = campaign.simulation.cell_a
    apart = cKDTree(np.mod(others, [cell, cell, 1e9]), boxsize=(cell, cell, 0)).query(
        np.mod(atoms, [cell, cell, 1e9])
    )[0]
    assert apart.min() >= campaign.placement.clearance_a - 1e-4
    # nothing grows farther from a surface than the layer is thick, but for the gaps between a surface's atoms
    assert apart.max() < 6 + 3
    film_atoms = others[made.particle[~grown] == SUBSTRATE]
    below = (atoms[:, 2] < film_atoms[:, 2].min()).any()
    above = (atoms[:, 2] > film_atoms[:, 2].max()).any()
    assert (below, above) == (side in ("both", "back"), side in ("both", "particles"))
    assert most.height_a >= np.ptp(made.positions_a[:, 2])


@settings(max_examples=15)
@given(st.floats(0, 6), st.floats(0, 0.15), st.floats(0, 12), st.integers(0, 1000))
def test_structures_stay_within_their_bounds(thickness_rms_a, density_rms, grown_a, index):
    made, most, _ = structure(
        index,
        fluctuations={"thickness_rms_a": thickness_rms_a, "density_rms": density_rms},
        contamination={"thickness_max_a": grown_a},
    )
    assert len(made.numbers) <= most.atoms
    assert made.positions_a[:, 2].min() >= 0
    assert np.ptp(made.positions_a[:, 2]) <= most.height_a


@pytest.mark.parametrize(
    ("substrate", "words"),
    [
        ({"fluctuations": {"thickness_rms_a": 9}}, "would tear holes into a film of thickness_min_a = 20"),
        (
            {"fluctuations": {"density_rms": 0.2}},
            "at three times fluctuations.density_rms = 0.2, with min_distance_a",
        ),
        ({"fluctuations": {"density_rms": -0.2}}, "substrate.fluctuations.density_rms = -0.2"),
        ({"fluctuations": {"spectrum": "white"}}, "substrate.fluctuations.spectrum"),
        ({"contamination": {"thickness_min_a": 2, "thickness_max_a": 1}}, "swap them"),
        ({"contamination": {"element": "Xx"}}, "contamination.element"),
        ({"contamination": {"thickness_max_a": 2, "min_distance_a": 2.9}}, "impracticable"),
    ],
)
def test_films_that_cannot_be_are_refused(substrate, words):
    with pytest.raises(CampaignError, match=re.escape(words)):
        structure(**substrate)
