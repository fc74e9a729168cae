"""Images through the lens against analysis, abTEM and naive references."""

import abtem
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.campaign import Aberrations, Optics
from hrtem_assets.imaging.effects.contrast_transfer import ContrastTransfer
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets_tests.imaging.waves import (
    NO_DRAWS,
    SAMPLING_A,
    exposure_of,
    image,
    random_waves,
    weak_atom,
)


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


def test_an_aperture_removes_everything_beyond_its_angle():
    waves = random_waves(phonons=1)
    exposure = exposure_of(Optics(aperture_mrad=10.0))
    cut = ContrastTransfer().apply(np.fft.fft2(waves).astype(np.complex64), exposure, NO_DRAWS)[0][0]
    k2 = np.fft.fftfreq(48, SAMPLING_A)[:, None] ** 2 + np.fft.fftfreq(60, SAMPLING_A)[None] ** 2
    beyond = np.sqrt(k2) * wavelength_a(300.0) > 0.010
    assert beyond.any()
    assert not cut[beyond].any()
    assert np.abs(cut[~beyond]).min() > 0


@pytest.mark.parametrize("pixel", [(0, 0), (0, 7), (5, 0), (11, 52), (47, 59), (24, 30)])
def test_each_frequency_gets_the_phase_and_the_aperture_of_the_formula(pixel):
    aberrations = Aberrations(c30_um=3.0, c12_nm=2.0, phi12_rad=0.3, c21_nm=30.0, phi21_rad=-1.0)
    wavelength, shape = wavelength_a(300.0), (48, 60)
    exposure = exposure_of(Optics(aberrations=aberrations, aperture_mrad=40.0), 77.0)
    ones = np.ones((1, *shape), np.complex64)
    found = ContrastTransfer().apply(ones, exposure, NO_DRAWS)[0][0][pixel]
    ky, kx = (np.fft.fftfreq(n, SAMPLING_A)[i] for n, i in zip(shape, pixel, strict=True))
    alpha, phi = wavelength * np.hypot(ky, kx), np.arctan2(ky, kx)
    chi = (2 * np.pi / wavelength) * (
        -(alpha**2) / 2 * 77.0
        + alpha**2 / 2 * 20.0 * np.cos(2 * (phi - 0.3))
        + alpha**3 / 3 * 300.0 * np.cos(phi + 1.0)
        + alpha**4 / 4 * 3e4
    )
    assert found == pytest.approx(np.exp(-1j * chi) * (alpha <= 0.040), abs=1e-6)
