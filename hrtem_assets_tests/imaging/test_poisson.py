"""The fast Poisson generator against the distribution itself and against numpy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hrtem_assets.imaging.poisson import poisson


@pytest.mark.parametrize("mean", [0.004, 0.03, 0.5, 1.0, 1.2, 15.999, 16.01, 23.97, 63.5, 127.99])
def test_numbers_follow_the_poisson_distribution(mean):
    mean = float(np.float32(mean))
    numbers = poisson(np.full(400_000, mean, np.float32), np.random.default_rng(11))
    top = int(stats.poisson.isf(1e-9, mean)) + 2
    expected = stats.poisson.pmf(np.arange(top), mean) * numbers.size
    seen = np.bincount(numbers, minlength=top)[:top]
    likely = expected > 5
    chi2 = ((seen - expected) ** 2 / expected)[likely].sum()
    assert stats.chi2.sf(chi2, likely.sum()) > 1e-4
    assert numbers.max() < top


def test_means_between_the_steps_of_the_table_are_met_exactly():
    means = np.linspace(0, 40, 200, dtype=np.float32)
    numbers = poisson(np.repeat(means, 20_000), np.random.default_rng(2)).reshape(200, -1)
    error = (numbers.mean(axis=1) - means) / np.sqrt(np.maximum(means, 1e-3) / 20_000)
    assert np.abs(error).max() < 4.5
    assert abs(error.mean()) < 0.35


def test_neighbouring_pixels_are_independent():
    numbers = poisson(np.full((600, 600), 16.0, np.float32), np.random.default_rng(4)).astype(float)
    for a, b in ((numbers[:, 1:], numbers[:, :-1]), (numbers[1:], numbers[:-1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.008


def test_no_electrons_fall_where_the_intensity_is_zero():
    assert not poisson(np.zeros((50, 50), np.float32), np.random.default_rng(0)).any()


def test_great_means_are_left_to_numpy():
    mean = np.full(1000, 500.0, np.float32)
    np.testing.assert_array_equal(
        poisson(mean, np.random.default_rng(1)), np.random.default_rng(1).poisson(mean)
    )


@given(st.lists(st.floats(0, 130, width=32), min_size=1, max_size=30), st.integers(0, 2**32))
def test_any_means_give_numbers_of_their_shape_again_for_the_same_seed(means, seed):
    mean = np.array(means, np.float32)
    one, two = (poisson(mean, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.shape == mean.shape
    assert (one >= 0).all()


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf])
def test_impossible_means_are_refused(bad):
    with pytest.raises(ValueError, match="must be finite, from 0"):
        poisson(np.array([1.0, bad], np.float32), np.random.default_rng(0))
