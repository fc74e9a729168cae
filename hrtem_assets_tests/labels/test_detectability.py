"""The detectability index against the observer that it describes, and what stands in for noise."""

import numpy as np
import pytest

from hrtem_assets.backend.processor import PROCESSOR_BACKEND
from hrtem_assets.imaging.effect import Exposure
from hrtem_assets.imaging.effects import acting
from hrtem_assets.imaging.exposing import before_detector, clean_intensity, expose, stored_counts
from hrtem_assets.imaging.intensity import spectra_of
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.labels.detectability import detectability, film_power

PIXEL_A, N = 0.4, 96
RNG = np.random.default_rng(5)


def perfect(ky, kx):
    return np.ones(np.broadcast_shapes(ky.shape, kx.shape))


def particle(amplitude=0.1):
    y, x = np.mgrid[:N, :N] * PIXEL_A
    inside = (y - 19) ** 2 + (x - 17) ** 2 < 64
    return amplitude * inside * np.cos(2 * np.pi * x / 2.5)


def band_limited(rng, rms=0.1):
    """A film's image, with power below 1/4 Å."""
    k = np.hypot(np.fft.fftfreq(N, PIXEL_A)[:, None], np.fft.fftfreq(N, PIXEL_A))
    values = np.fft.ifft2(np.fft.fft2(rng.normal(size=(N, N))) * (k < 0.25)).real
    return values * rms / values.std()


def test_without_film_it_is_the_signals_energy_in_units_of_shot_noise():
    signal, dose = particle(), 300.0
    (index,) = detectability([signal], np.zeros((N, N)), PIXEL_A, dose, perfect)
    assert index == pytest.approx(np.sqrt((signal**2).sum() * dose * PIXEL_A**2), rel=1e-12)
    (half,) = detectability([signal], np.zeros((N, N)), PIXEL_A, dose, lambda ky, kx: 0.25 * perfect(ky, kx))
    assert half == pytest.approx(index / 2)


def test_a_matched_filter_on_counted_electrons_tells_particles_apart_as_well_as_it_says():
    signal, dose = particle(0.05), 40.0
    electrons = dose * PIXEL_A**2
    (index,) = detectability([signal], np.zeros((N, N)), PIXEL_A, dose, perfect)
    outputs = [
        np.array([(signal * RNG.poisson(electrons * (1 + s)) / electrons).sum() for _ in range(2000)])
        for s in (0 * signal, signal)
    ]
    measured = (outputs[1].mean() - outputs[0].mean()) / np.sqrt((outputs[0].var() + outputs[1].var()) / 2)
    assert measured == pytest.approx(index, rel=0.06)


def test_film_hides_particles_whose_frequencies_it_shares_and_no_others():
    x = np.arange(N) * PIXEL_A
    slow, fast = (0.05 * particle().astype(bool) * np.cos(2 * np.pi * x / period) for period in (6.4, 2.0))
    bare = detectability([slow, fast], np.zeros((N, N)), PIXEL_A, 300.0, perfect)
    hidden = detectability([slow, fast], band_limited(RNG), PIXEL_A, 300.0, perfect)
    assert hidden[0] < 0.4 * bare[0]
    assert hidden[1] > 0.85 * bare[1]


def test_the_power_of_white_noise_is_its_variance_at_every_frequency_and_that_of_a_constant_is_zero():
    power = np.mean([film_power(RNG.normal(scale=2, size=(N, N))) for _ in range(40)], axis=0)
    assert power.shape == (N, N // 2 + 1)
    np.testing.assert_allclose(power[2:40, 2:40], 4, rtol=0.25)
    assert power.mean() == pytest.approx(4, rel=0.02)
    np.testing.assert_allclose(film_power(np.full((N, N), 0.7)), 0, atol=1e-20)


@pytest.mark.slow
def test_the_clean_image_is_the_mean_of_ten_thousand_noisy_draws():
    rng, n = np.random.default_rng(2), 48
    waves = np.exp(1j * 0.4 * rng.random((2, n, n))).astype(np.complex64)
    microscope = Microscope.model_validate(
        {"detector": {"binning": 2}, "optics": {"aberrations": {"c30_um": 20}}}
    )
    total = np.zeros((n // 2, n // 2))
    spectra = spectra_of(waves, PROCESSOR_BACKEND)
    for seed in range(10_000):
        exposure = Exposure(microscope, 0.02, 0.3, 80.0, 200.0, seed, side_px=n)
        effects = acting(microscope)
        lens = before_detector(effects, exposure)
        if not seed:
            arrived, _ = expose(spectra, lens, exposure)
            clean = clean_intensity(arrived, exposure)
        image, _ = expose(arrived, effects[len(lens) :], exposure)
        total += stored_counts(image, exposure)
    electrons = 200.0 * 0.6**2
    sigma = np.sqrt(clean / electrons / 10_000)
    deviation = (total / 10_000 / electrons - clean) / sigma
    assert np.abs(deviation).max() < 4.5
    assert deviation.std() == pytest.approx(1, abs=0.12)
    assert clean.std() > 0.02


def test_the_clean_image_knows_lens_and_stage_but_no_detector():
    microscope = Microscope.model_validate(
        {"stage": {"vibration_a": 0.5}, "detector": {"camera": "ccd", "dqe_half_nyquist": 0.2}}
    )
    exposure = Exposure(microscope, 0.02, 0.3)
    names = [effect.name for effect in before_detector(acting(microscope), exposure)]
    assert names == ["contrast_transfer", "focal_spread", "vibration"]
