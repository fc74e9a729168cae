"""The envelope of the illumination's convergence against abTEM, its formula and the sum over source points."""

import abtem
import numpy as np
import pytest
from abtem.transfer import SpatialEnvelope

from hrtem_assets.imaging.effects.spatial_coherence import SpatialCoherence, source_points
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.optics import Aberrations, Optics
from hrtem_assets_tests.imaging.waves import (
    NO_DRAWS,
    PERFECT,
    SAMPLING_A,
    exposure_of,
    image,
    random_waves,
    weak_atom,
)

WAVELENGTH_A = wavelength_a(300.0)


def optics(**changes):
    return PERFECT.model_copy(update=changes)


def envelope_of(settings, defocus_a, shape=(48, 60)):
    ones = np.ones((1, *shape), np.complex64)
    return SpatialCoherence().apply(ones, exposure_of(settings, defocus_a), NO_DRAWS)[0][0]


@pytest.mark.parametrize(
    ("aberrations", "coefficients"),
    [
        ({}, {}),
        ({"c30_um": 1200.0}, {"C30": 1.2e7}),
        ({"c30_um": -15.0, "c12_nm": 5.0, "phi12_rad": 0.4}, {"C30": -1.5e5, "C12": 50.0, "phi12": 0.4}),
        ({"c50_mm": 5.0, "c23_nm": 100.0}, {"C50": 5e7, "C23": 1000.0}),
    ],
)
def test_the_envelope_is_that_of_abtem(aberrations, coefficients):
    settings = optics(convergence_mrad=0.3, aberrations=Aberrations(**aberrations))
    coherence = SpatialEnvelope(0.3, energy=300e3, defocus=400.0, aberration_coefficients=coefficients)
    ky, kx = np.fft.fftfreq(48, SAMPLING_A)[:, None], np.fft.fftfreq(60, SAMPLING_A)[None]
    with abtem.config.set({"precision": "float64"}):
        theirs = coherence._evaluate_from_angular_grid(WAVELENGTH_A * np.hypot(ky, kx), np.arctan2(ky, kx))
    np.testing.assert_allclose(envelope_of(settings, 400.0), theirs, atol=1e-6)
    assert 0.01 < theirs.mean() < 0.99


def test_an_uncorrected_lens_is_damped_as_the_textbook_says():
    cs_a, defocus_a, sigma = 1.2e7, 600.0, 0.2e-3
    settings = optics(
        convergence_mrad=0.2, convergence_convention="sigma", aberrations=Aberrations(c30_um=cs_a / 1e4)
    )
    k = np.hypot(np.fft.fftfreq(48, SAMPLING_A)[:, None], np.fft.fftfreq(60, SAMPLING_A)[None])
    slope = cs_a * WAVELENGTH_A**3 * k**3 - defocus_a * WAVELENGTH_A * k
    expected = np.exp(-2 * (np.pi * sigma / WAVELENGTH_A) ** 2 * slope**2)
    np.testing.assert_allclose(envelope_of(settings, defocus_a), expected, atol=1e-6)


@pytest.mark.parametrize("defocus_a", [-400.0, 300.0])
@pytest.mark.parametrize("tilt_mrad", [0.0, 4.0])
def test_envelope_and_source_points_agree_where_scattering_is_weak(defocus_a, tilt_mrad):
    waves, aberrations = weak_atom(sigma_v=1e-3), Aberrations(c30_um=15.0, c21_nm=60.0, phi21_rad=0.4)
    settings = optics(
        convergence_mrad=0.5,
        aberrations=aberrations,
        tilt_mrad=tilt_mrad,
        tilt_azimuth_rad=0.8,
        source_points=9,
    )
    envelope = image(waves, defocus_a, settings)
    summed = image(waves, defocus_a, settings.model_copy(update={"spatial_coherence": "quadrature"}))
    effect = abs(
        envelope - image(waves, defocus_a, settings.model_copy(update={"convergence_mrad": 0.0}))
    ).max()
    assert effect > 5e-6
    assert abs(envelope - summed).max() < 0.03 * effect + 1e-6


def test_source_points_are_the_incoherent_sum_of_tilted_images():
    waves = random_waves(phonons=2)
    settings = optics(
        convergence_mrad=0.4,
        spatial_coherence="quadrature",
        source_points=3,
        aberrations=Aberrations(c30_um=10.0),
    )
    ky, kx = np.fft.fftfreq(48, SAMPLING_A)[:, None], np.fft.fftfreq(60, SAMPLING_A)[None]

    def chi(y, x):
        k2 = y**2 + x**2
        return np.pi * WAVELENGTH_A * k2 * (0.5e5 * 2 * WAVELENGTH_A**2 * k2 / 2 - 150.0)

    expected = 0
    for (y, x), weight in zip(*source_points(settings, WAVELENGTH_A), strict=True):
        spectra = np.fft.fft2(waves.astype(complex)) * np.exp(-1j * chi(ky + y, kx + x))
        expected = expected + weight * (np.abs(np.fft.ifft2(spectra)) ** 2).mean(axis=0)
    np.testing.assert_allclose(image(waves, 150.0, settings), expected, atol=5e-6)


def test_sums_over_source_points_and_over_foci_go_together():
    waves = weak_atom(sigma_v=1e-3)
    settings = Optics(focal_spread_a=30.0, convergence_mrad=0.3, aberrations=Aberrations(c30_um=15.0))
    both = {"temporal_coherence": "quadrature", "spatial_coherence": "quadrature"}
    np.testing.assert_allclose(
        image(waves, 200.0, settings), image(waves, 200.0, settings.model_copy(update=both)), atol=3e-6
    )
