import numpy as np
import pytest

from hrtem_assets.waves.agreement import INDEPENDENT, SAME_ALGORITHM, Agreement, agreement
from hrtem_assets_tests.waves.atoms import reference_atoms

SAMPLING_A = 0.2
PERFECT = Agreement(correlation=1.0, rms_phase_rad=0.0, slope=1.0, relative_difference=0.0)


@pytest.fixture(scope="module")
def wave():
    return reference_atoms("Si")[1]["abtem_finite"]


def test_a_wave_agrees_perfectly_with_itself(wave):
    found = agreement(wave, wave, SAMPLING_A)
    assert found.correlation == pytest.approx(1)
    assert found.slope == pytest.approx(1)
    assert found.rms_phase_rad < 1e-12
    assert found.relative_difference == 0
    assert not SAME_ALGORITHM.broken(found)


def test_the_slope_is_the_strength_of_the_scattered_wave(wave):
    found = agreement(wave.mean() + 0.9 * (wave - wave.mean()), wave, SAMPLING_A)
    assert found.slope == pytest.approx(0.9, abs=1e-6)
    assert found.correlation == pytest.approx(1)


def test_a_constant_phase_shows_in_the_rms_phase_alone(wave):
    found = agreement(wave * np.exp(0.01j), wave, SAMPLING_A)
    assert found.rms_phase_rad == pytest.approx(0.01, rel=1e-4)
    assert found.correlation == pytest.approx(1)
    assert found.slope == pytest.approx(1)


def test_what_lies_beyond_the_band_limit_shows_in_the_relative_difference_alone(wave):
    y = np.arange(len(wave))
    ripple = 0.01 * np.exp(2j * np.pi * 75 * y / len(wave))[:, None]  # 75 / 32 Å = 2.34 /Å
    found = agreement(wave + ripple, wave, SAMPLING_A)
    assert found.correlation == pytest.approx(1)
    assert found.rms_phase_rad < 1e-6
    assert found.relative_difference == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize("mistake", [np.conj, np.transpose, np.flipud, lambda w: np.roll(w, 1, 0)])
def test_common_mistakes_of_sign_and_orientation_break_the_bounds(wave, mistake):
    found = agreement(mistake(wave), wave, SAMPLING_A)
    assert len(INDEPENDENT.broken(found)) >= 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"correlation": 0.9994}, "correlation 0.999400 < 0.9995"),
        ({"rms_phase_rad": 0.0051}, "rms phase difference 0.0051 rad > 0.005 rad"),
        ({"slope": 1.021}, "slope 1.02100"),
        ({"slope": 0.979}, "slope 0.97900"),
        ({"relative_difference": 0.03}, "relative difference 0.03 > 0.02"),
    ],
)
def test_each_bound_is_reported_in_words(change, words):
    (found,) = INDEPENDENT.broken(Agreement(**{**vars(PERFECT), **change}))
    assert words in found


def test_a_nan_breaks_every_bound():
    assert len(INDEPENDENT.broken(Agreement(*[float("nan")] * 4))) == 4


def test_waves_of_different_grids_and_plane_waves_are_refused(wave):
    with pytest.raises(ValueError, match="one grid"):
        agreement(wave[:-1], wave, SAMPLING_A)
    with pytest.raises(ValueError, match="give it atoms"):
        agreement(wave, np.ones_like(wave), SAMPLING_A)
