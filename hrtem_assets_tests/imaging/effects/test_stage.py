"""Vibration and drift as the blurs that they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.imaging.effect import Exposure
from hrtem_assets.imaging.effects.drift import Drift
from hrtem_assets.imaging.effects.vibration import Vibration
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.imaging.stage import Stage
from hrtem_assets_tests.imaging.waves import NO_DRAWS

N, PIXEL_A = 128, 0.2


def point():
    image = np.zeros((N, N), np.float32)
    image[N // 2, N // 2] = 1.0
    return image


def moved(effect, **stage):
    exposure = Exposure(Microscope(stage=Stage(**stage)), 0.02, PIXEL_A)
    return effect.apply(point(), exposure, NO_DRAWS)[0]


def moments(image):
    """Covariance of a spot, Å²: xx, yy, xy."""
    x = (np.arange(N) - N // 2) * PIXEL_A
    return [(image * m).sum() / image.sum() for m in (x[None] ** 2, x[:, None] ** 2, x[None] * x[:, None])]


@given(st.floats(0.2, 1.2), st.floats(0.2, 1.2), st.floats(-7, 7))
def test_vibration_is_a_gaussian_of_two_axes(major_a, minor_a, azimuth):
    image = moved(Vibration(), vibration_a=major_a, vibration_minor_a=minor_a, vibration_azimuth_rad=azimuth)
    cos, sin = np.cos(azimuth), np.sin(azimuth)
    expected = [
        (major_a * cos) ** 2 + (minor_a * sin) ** 2,
        (major_a * sin) ** 2 + (minor_a * cos) ** 2,
        (major_a**2 - minor_a**2) * sin * cos,
    ]
    np.testing.assert_allclose(moments(image), expected, rtol=1e-3, atol=1e-3)
    assert image.sum() == pytest.approx(1.0, abs=1e-5)


def test_vibration_without_a_second_axis_is_the_same_in_every_direction():
    image = moved(Vibration(), vibration_a=0.5)
    x = (np.arange(N) - N // 2) * PIXEL_A
    expected = np.exp(-(x[None] ** 2 + x[:, None] ** 2) / (2 * 0.5**2))
    np.testing.assert_allclose(image / image.max(), expected, atol=1e-5)


def test_drift_spreads_a_point_evenly_along_its_way_and_keeps_its_place():
    image = moved(Drift(), drift_a=5.0, drift_azimuth_rad=0.0)
    xx, yy, xy = moments(image)
    assert xx == pytest.approx(5.0**2 / 12, rel=0.02)
    assert (yy, xy) == pytest.approx((0, 0), abs=1e-3)
    spectrum = np.fft.fft(image.sum(axis=0)) * np.exp(2j * np.pi * np.arange(N) / 2)
    np.testing.assert_allclose(spectrum.real, np.sinc(np.fft.fftfreq(N, PIXEL_A) * 5.0), atol=1e-4)


def test_a_steady_stage_does_nothing():
    for effect in (Vibration(), Drift()):
        assert not effect.acts(Microscope())
        np.testing.assert_allclose(moved(effect), point(), atol=1e-6)
