import numpy as np
import pytest

from hrtem_assets.waves.resampling import fourier_crop


def plane_waves(shape: tuple[int, int], highest: int) -> np.ndarray:
    """A sum of plane waves with whole frequencies up to `highest` along each axis, at the grid's points."""
    rng = np.random.default_rng(0)
    y, x = (np.arange(n) / n for n in shape)
    wave = np.zeros(shape, np.complex128)
    for m in range(-highest, highest + 1):
        for n in range(-highest, highest + 1):
            wave += (rng.normal() + 1j * rng.normal()) * np.exp(2j * np.pi * (m * y[:, None] + n * x))
    return wave


@pytest.mark.parametrize("new", [(20, 18), (21, 15), (20, 15)])
def test_band_limited_waves_are_sampled_exactly(new):
    old = (40, 36)
    result = fourier_crop(plane_waves(old, 7).astype(np.complex64), new)
    expected = plane_waves(new, 7)
    np.testing.assert_allclose(result, expected, atol=2e-6 * np.abs(expected).max())


def test_a_wave_at_the_new_nyquist_frequency_is_sampled_exactly_from_either_side():
    for frequency in (-5, 5):
        wave = np.exp(2j * np.pi * frequency * np.arange(20) / 20).astype(np.complex64)
        result = fourier_crop(np.broadcast_to(wave, (20, 20)), (10, 10))
        np.testing.assert_allclose(result, np.broadcast_to((-1.0) ** np.arange(10), (10, 10)), atol=1e-6)


def test_mirroring_and_resampling_commute():
    rng = np.random.default_rng(0)
    wave = (rng.normal(size=(24, 30)) + 1j * rng.normal(size=(24, 30))).astype(np.complex64)

    def mirrored(w):
        return np.roll(w[::-1, ::-1], (1, 1), (0, 1))

    np.testing.assert_allclose(
        fourier_crop(mirrored(wave), (12, 10)), mirrored(fourier_crop(wave, (12, 10))), atol=1e-6
    )


def test_vacuum_stays_one_on_every_leading_axis():
    np.testing.assert_allclose(fourier_crop(np.ones((2, 3, 16, 20), np.complex64), (8, 10)), 1, atol=1e-6)


def test_the_same_grid_gives_an_equal_copy():
    wave = np.ones((4, 4), np.complex64)
    result = fourier_crop(wave, (4, 4))
    assert np.array_equal(result, wave)
    assert result is not wave


def test_a_finer_grid_is_refused():
    with pytest.raises(ValueError, match="finer"):
        fourier_crop(np.ones((4, 4), np.complex64), (4, 6))
