"""Electron counts follow Poisson statistics at the dose asked for."""

import numpy as np
import pytest
from scipy import stats

from hrtem_assets.imaging.dose import electron_counts


@pytest.mark.parametrize("dose_e_per_a2", [30.0, 75.0, 400.0, 600.0])
def test_mean_and_variance_are_those_of_a_poisson_distribution(dose_e_per_a2):
    counts = electron_counts(
        np.ones((500, 500), np.float32), dose_e_per_a2, 0.2, np.random.default_rng(3)
    ).astype(float)
    expected = dose_e_per_a2 * 0.04
    assert counts.mean() == pytest.approx(expected, abs=5 * np.sqrt(expected / counts.size))
    spread = np.sqrt((expected + 2 * expected**2) / counts.size)
    assert counts.var() == pytest.approx(expected, abs=5 * spread)


def test_counts_are_distributed_as_poisson_says():
    counts = electron_counts(np.full((400, 400), 0.5, np.float32), 400.0, 0.2, np.random.default_rng(8))
    seen = np.bincount(counts.ravel(), minlength=30)[:30]
    expected = stats.poisson.pmf(np.arange(30), 8.0) * counts.size
    likely = expected > 10
    chi2 = ((seen - expected) ** 2 / expected)[likely].sum()
    assert stats.chi2.sf(chi2, likely.sum()) > 1e-4


def test_counts_follow_the_intensity_pixel_by_pixel():
    intensity = np.linspace(0, 3, 64, dtype=np.float32)[None].repeat(4000, axis=0)
    counts = electron_counts(intensity, 400.0, 0.2, np.random.default_rng(1))
    np.testing.assert_allclose(counts.mean(axis=0), 16 * intensity[0], atol=0.6)
    assert not counts[:, 0].any()


def test_the_same_seed_gives_the_same_counts():
    image = np.ones((32, 32), np.float32)
    one, two = (electron_counts(image, 400.0, 0.2, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.dtype == np.uint16


def test_a_dose_beyond_sixteen_bits_is_refused_rather_than_wrapped():
    with pytest.raises(OverflowError, match="dose_e_per_a2 = 2000000"):
        electron_counts(np.ones((8, 8), np.float32), 2_000_000, 0.2, np.random.default_rng(0))
