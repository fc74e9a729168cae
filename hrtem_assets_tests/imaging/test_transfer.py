"""The transfer function against analysis, abTEM and naive references."""

import abtem
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.campaign import Optics
from hrtem_assets.campaign.settings import Aberrations
from hrtem_assets.imaging.transfer import focal_spread_sigma_a, intensity, spectra
from hrtem_assets.waves.electrons import wavelength_a

SAMPLING_A = 0.2
PERFECT = Optics(focal_spread_a=0.0)


def random_waves(seed=0, phonons=2, shape=(48, 60), strength=0.1):
    """Waves of amplitude about 1 with power at all frequencies."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(2, phonons, *shape)) * strength
    return (1 + noise[0] + 1j * noise[1]).astype(np.complex64)


def band_limited(waves, cutoff_per_a):
    """The waves without spatial frequencies beyond a cut-off."""
    ky, kx = (np.fft.fftfreq(n, SAMPLING_A) for n in waves.shape[-2:])
    return np.fft.ifft2(np.fft.fft2(waves) * (np.hypot(ky[:, None], kx) < cutoff_per_a)).astype(np.complex64)


def weak_atom(n=64, sigma_v=0.01, width_a=0.6):
    """A weak phase object: a Gaussian potential in the middle."""
    x = (np.arange(n) - n // 2) * SAMPLING_A
    r2 = x[:, None] ** 2 + x[None] ** 2
    return np.exp(1j * sigma_v * np.exp(-r2 / (2 * width_a**2))).astype(np.complex64)[None]


def image(waves, defocus_a, optics=PERFECT):
    return intensity(spectra(waves, SAMPLING_A, 300.0, optics), defocus_a)


def test_an_atom_is_dark_in_underfocus_and_bright_in_overfocus():
    middle = (32, 32)
    assert image(weak_atom(), +200.0)[middle] < 0.999
    assert image(weak_atom(), -200.0)[middle] > 1.001
    assert image(weak_atom(), 0.0)[middle] == pytest.approx(1.0, abs=1e-6)


def test_a_weak_phase_object_shows_the_contrast_transfer_sine():
    waves = weak_atom(sigma_v=1e-3)
    phase = np.angle(waves[0].astype(complex))
    k = np.fft.fftfreq(64, SAMPLING_A)
    chi = np.pi * wavelength_a(300.0) * 300.0 * (k[:, None] ** 2 + k[None] ** 2)
    expected = 1 - 2 * np.fft.ifft2(np.fft.fft2(phase) * np.sin(chi)).real
    np.testing.assert_allclose(image(waves, 300.0), expected, atol=3e-6)


def test_defocus_undoes_free_propagation_from_the_specimen_to_the_exit_plane():
    waves = random_waves(shape=(64, 64))
    k = np.fft.fftfreq(64, SAMPLING_A)
    k2 = k[:, None] ** 2 + k[None] ** 2
    propagated = np.fft.ifft2(np.fft.fft2(waves) * np.exp(-1j * np.pi * wavelength_a(300.0) * 35.0 * k2))
    expected = np.mean(np.abs(waves) ** 2, axis=0)
    np.testing.assert_allclose(image(propagated.astype(np.complex64), 35.0), expected, atol=2e-6)


@pytest.mark.parametrize(
    ("aberrations", "coefficients"),
    [
        ({}, {}),
        ({"c30_um": 5.0}, {"C30": 5e4}),
        ({"c50_mm": 0.5, "c30_um": -13.0}, {"C50": 5e6, "C30": -1.3e5}),
        ({"c12_nm": 4.0, "phi12_rad": 0.4}, {"C12": 40.0, "phi12": 0.4}),
        (
            {"c21_nm": 60.0, "phi21_rad": -0.7, "c23_nm": 45.0, "phi23_rad": 0.3},
            {"C21": 600.0, "phi21": -0.7, "C23": 450.0, "phi23": 0.3},
        ),
    ],
)
def test_images_agree_with_abtems_contrast_transfer_function(aberrations, coefficients):
    waves = random_waves()
    optics = Optics(focal_spread_a=25.0, aperture_mrad=30.0, aberrations=Aberrations(**aberrations))
    ours = image(waves, 120.0, optics)
    ctf = abtem.CTF(
        energy=300e3,
        defocus=120.0,
        focal_spread=25.0,
        semiangle_cutoff=30.0,
        soft=False,
        aberration_coefficients=coefficients or None,
    )
    theirs = [
        abtem.Waves(np.ascontiguousarray(wave.T), energy=300e3, sampling=SAMPLING_A)
        .apply_ctf(ctf)
        .intensity()
        .array
        for wave in waves
    ]
    np.testing.assert_allclose(ours, np.mean(theirs, axis=0).T, atol=5e-6)


def test_intensities_not_waves_are_averaged_over_phonons():
    waves = random_waves(phonons=3)
    k2 = np.fft.fftfreq(48, SAMPLING_A)[:, None] ** 2 + np.fft.fftfreq(60, SAMPLING_A)[None] ** 2
    transfer = np.exp(1j * np.pi * wavelength_a(300.0) * 77.0 * k2)
    naive = np.mean(np.abs(np.fft.ifft2(np.fft.fft2(waves.astype(complex)) * transfer)) ** 2, axis=0)
    np.testing.assert_allclose(image(waves, 77.0), naive, atol=3e-6)


@given(defocus_a=st.floats(-400, 400), cs_um=st.floats(-100, 100))
def test_without_envelope_and_aperture_no_intensity_is_lost(defocus_a, cs_um):
    waves = random_waves(phonons=1)
    optics = Optics(focal_spread_a=0.0, aberrations=Aberrations(c30_um=cs_um))
    assert image(waves, defocus_a, optics).mean(dtype=float) == pytest.approx(
        np.mean(np.abs(waves) ** 2, dtype=float), rel=1e-5
    )


def test_the_two_focal_spread_conventions_differ_by_the_square_root_of_two():
    assert focal_spread_sigma_a(Optics(focal_spread_a=10.0)) == pytest.approx(10 / np.sqrt(2))
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


def test_an_aperture_removes_everything_beyond_its_angle():
    waves = random_waves(phonons=1)
    cut = spectra(waves, SAMPLING_A, 300.0, Optics(aperture_mrad=10.0)).values[0]
    k2 = np.fft.fftfreq(48, SAMPLING_A)[:, None] ** 2 + np.fft.fftfreq(60, SAMPLING_A)[None] ** 2
    beyond = np.sqrt(k2) * wavelength_a(300.0) > 0.010
    assert beyond.any()
    assert not cut[beyond].any()
    assert np.abs(cut[~beyond]).min() > 0
