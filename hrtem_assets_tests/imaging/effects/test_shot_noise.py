"""Electron counts follow Poisson statistics at the dose asked for."""

import numpy as np
import pytest
from scipy import stats

from hrtem_assets.imaging.effect import Exposure
from hrtem_assets.imaging.effects.shot_noise import ROWS, ShotNoise
from hrtem_assets.imaging.exposing import stored_counts
from hrtem_assets.imaging.microscope import Microscope


def counted(intensity, dose_e_per_a2, seed):
    exposure = Exposure(Microscope(), 0.02, 0.2, dose_e_per_a2=dose_e_per_a2, seed=seed)
    image, record = ShotNoise().apply(intensity, exposure, exposure.generator("shot_noise"))
    assert record == {}
    return stored_counts(image, exposure)


@pytest.mark.parametrize("dose_e_per_a2", [1.0, 30.0, 75.0, 400.0, 600.0, 20_000.0])
def test_mean_and_variance_are_those_of_a_poisson_distribution(dose_e_per_a2):
    counts = counted(np.ones((500, 500), np.float32), dose_e_per_a2, 3).astype(float)
    expected = dose_e_per_a2 * 0.04
    assert counts.mean() == pytest.approx(expected, abs=5 * np.sqrt(expected / counts.size))
    spread = np.sqrt((expected + 2 * expected**2) / counts.size)
    assert counts.var() == pytest.approx(expected, abs=5 * spread)


def test_counts_are_distributed_as_poisson_says():
    counts = counted(np.full((400, 400), 0.5, np.float32), 400.0, 8)
    drawn = np.bincount(counts.ravel(), minlength=30)[:30]
    expected = stats.poisson.pmf(np.arange(30), 8.0) * counts.size
    likely = expected > 10
    chi2 = ((drawn - expected) ** 2 / expected)[likely].sum()
    assert stats.chi2.sf(chi2, likely.sum()) > 1e-4


def test_counts_follow_the_intensity_pixel_by_pixel():
    intensity = np.linspace(0, 3, 64, dtype=np.float32)[None].repeat(4000, axis=0)
    counts = counted(intensity, 400.0, 1)
    np.testing.assert_allclose(counts.mean(axis=0), 16 * intensity[0], atol=0.6)
    assert not counts[:, 0].any()


def test_neighbouring_pixels_are_independent_whichever_generator_drew_them():
    counts = counted(np.ones((600, 600), np.float32), 400.0, 4).astype(float)
    pairs = ((counts[:, 1:], counts[:, :-1]), (counts[1:], counts[:-1]), (counts[ROWS:], counts[:-ROWS]))
    for a, b in pairs:
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.008


def test_the_same_seed_gives_the_same_counts_and_another_one_others():
    one, two, other = (counted(np.ones((32, 32), np.float32), 400.0, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, two)
    assert one.dtype == np.uint16
    assert (one != other).mean() > 0.5


def test_one_intensity_changes_counts_of_its_own_rows_at_most():
    intensity = np.ones((4 * ROWS, 32), np.float32)
    before = counted(intensity, 100.0, 7)
    intensity[ROWS, 0] = 1.5
    changed = (counted(intensity, 100.0, 7) != before).any(axis=1)
    assert changed[ROWS : 2 * ROWS].any()
    assert not np.delete(changed, np.s_[ROWS : 2 * ROWS]).any()


@pytest.mark.parametrize("bad", [-0.5, np.nan, np.inf])
def test_impossible_intensities_are_refused(bad):
    image = np.ones((8, 8), np.float32)
    image[3, 3] = bad
    with pytest.raises(ValueError, match="lam"):
        counted(image, 100.0, 0)


def test_a_dose_beyond_sixteen_bits_is_refused_rather_than_wrapped():
    with pytest.raises(OverflowError, match="dose_e_per_a2 = 2000000"):
        counted(np.ones((8, 8), np.float32), 2_000_000, 0)
