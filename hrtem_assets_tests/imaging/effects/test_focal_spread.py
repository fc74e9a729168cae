"""The focal spread against its formula and dense sums over foci."""

import numpy as np
import pytest

from hrtem_assets.campaign import Optics
from hrtem_assets.imaging.effect import Exposure
from hrtem_assets.imaging.effects.focal_spread import FocalSpread
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets_tests.imaging.waves import (
    NO_DRAWS,
    SAMPLING_A,
    band_limited,
    image,
    random_waves,
    weak_atom,
)


def test_the_two_focal_spread_conventions_differ_by_the_square_root_of_two():
    assert Optics(focal_spread_a=10.0).focal_spread_sigma_a == pytest.approx(10 / np.sqrt(2))
    sigma = Optics(focal_spread_a=10 / np.sqrt(2), focal_spread_convention="sigma")
    waves = random_waves()
    np.testing.assert_allclose(image(waves, 50.0, sigma), image(waves, 50.0, Optics()), atol=1e-6)


def test_the_quadrature_is_the_incoherent_sum_over_a_gaussian_of_foci():
    waves = band_limited(random_waves(phonons=1), 2.0)
    optics = Optics(focal_spread_a=10.0, temporal_coherence="quadrature")
    foci = np.linspace(-40, 40, 161)
    weights = np.exp(-((foci / 10.0) ** 2))
    naive = sum(w * image(waves, 40.0 + f) for w, f in zip(weights / weights.sum(), foci, strict=True))
    np.testing.assert_allclose(image(waves, 40.0, optics), naive, atol=2e-5)


def test_envelope_and_quadrature_agree_where_scattering_is_weak():
    envelope, quadrature = (
        image(weak_atom(sigma_v=1e-3), 100.0, Optics(focal_spread_a=30.0, temporal_coherence=kind))
        for kind in ("envelope", "quadrature")
    )
    np.testing.assert_allclose(envelope, quadrature, atol=2e-6)
    assert abs(envelope - image(weak_atom(sigma_v=1e-3), 100.0)).max() > 1e-5


def test_the_envelope_is_that_of_the_formula():
    optics = Optics(focal_spread_a=20.0, focal_spread_convention="sigma")
    exposure = Exposure(Microscope(optics=optics), 0.02, SAMPLING_A)
    found = FocalSpread().apply(np.ones((1, 32, 40), np.complex64), exposure, NO_DRAWS)[0][0]
    k2 = np.fft.fftfreq(32, SAMPLING_A)[:, None] ** 2 + np.fft.fftfreq(40, SAMPLING_A) ** 2
    np.testing.assert_allclose(found, np.exp(-((np.pi * 0.02 * 20.0 * k2) ** 2) / 2), atol=1e-6)
