"""Images on a device against those of the processor: the same tests on an emulated and on a real device."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from hrtem_assets.campaign import Calibration, Optics
from hrtem_assets.imaging.dose import electron_counts
from hrtem_assets.imaging.focus import find_zero_defocus
from hrtem_assets.imaging.labels import phase_label
from hrtem_assets.imaging.on_device import poisson_counts
from hrtem_assets.imaging.poisson import poisson
from hrtem_assets.imaging.transfer import intensity, spectra
from hrtem_assets_tests.device.emulation import EmulatedBackend
from hrtem_assets_tests.waves.atoms import reference_atoms

SAMPLING_A, ENERGY_KEV = 0.2, 300.0


@pytest.fixture(scope="module")
def waves():
    """Two "phonons": exit waves of one particle by two calculations."""
    _, references = reference_atoms("CdSe")
    return np.stack([references[name] for name in ("abtem_infinite", "abtem_finite")]).astype(np.complex64)


@pytest.mark.parametrize(
    "optics",
    [
        Optics(),
        Optics(temporal_coherence="quadrature", focal_spread_a=30.0, quadrature_points=5),
        Optics.model_validate(
            {"aperture_mrad": 20.0, "aberrations": {"c30_um": 10.0, "c12_nm": 3.0, "c21_nm": 40.0}}
        ),
    ],
    ids=["envelope", "quadrature", "aperture and aberrations"],
)
@pytest.mark.parametrize("columns", [160, 90])
def test_images_are_those_of_the_processor(backend, waves, optics, columns):
    waves = np.ascontiguousarray(waves[..., :columns])
    own, device = (spectra(waves, SAMPLING_A, ENERGY_KEV, optics, where) for where in (None, backend))
    for defocus_a in (-37.3, 0.0, 100.0):
        image = backend.to_host(intensity(device, defocus_a))
        assert image.dtype == np.float32
        np.testing.assert_allclose(image, intensity(own, defocus_a), rtol=1e-5, atol=2e-6)


def test_waves_that_are_on_the_device_stay_there_and_are_not_changed(backend, waves):
    there = backend.xp.asarray(waves)
    image = intensity(spectra(there, SAMPLING_A, ENERGY_KEV, Optics(), backend), 50.0)
    assert type(image) is type(there)
    np.testing.assert_array_equal(backend.to_host(there), waves)


def test_zero_defocus_is_that_of_the_processor(backend, waves):
    own, device = (
        find_zero_defocus(spectra(waves, SAMPLING_A, ENERGY_KEV, Optics(), where), (5.0, 27.0), Calibration())
        for where in (None, backend)
    )
    assert device.zero_a == own.zero_a
    np.testing.assert_array_equal(device.defocus_a, own.defocus_a)
    np.testing.assert_allclose(device.variance, own.variance, rtol=1e-4)


@pytest.mark.parametrize("dose_e_per_a2", [30.0, 400.0, 2600.0])
def test_equal_intensities_and_seeds_give_equal_counts(backend, dose_e_per_a2):
    image = np.random.default_rng(3).gamma(4.0, 0.25, (120, 90)).astype(np.float32)
    image[0, :5] = [0.0, 1e-30, 1.0, 1 / 32, 3.0]
    own = electron_counts(image, dose_e_per_a2, SAMPLING_A, np.random.default_rng(7))
    there = backend.xp.asarray(image)
    counts = electron_counts(there, dose_e_per_a2, SAMPLING_A, np.random.default_rng(7), backend)
    assert counts.dtype == np.uint16
    np.testing.assert_array_equal(counts, own)


@pytest.mark.parametrize("largest", [31.999, 32.0, 127.9999, 128.0, 128.01])
def test_means_about_the_ends_of_the_tables_will_do(backend, largest):
    means = np.linspace(0, largest, 64 * 50, dtype=np.float32).reshape(64, 50)
    own = poisson(means, np.random.default_rng(1))
    made = poisson_counts(backend.xp.asarray(means), np.float32(1), np.random.default_rng(1), backend)
    np.testing.assert_array_equal(made, own)


@pytest.mark.parametrize("bad", [-0.5, np.nan, np.inf])
def test_impossible_intensities_are_refused(backend, bad):
    image = np.ones((8, 8), np.float32)
    image[3, 3] = bad
    with pytest.raises(ValueError, match="must be finite, from 0"):
        electron_counts(backend.xp.asarray(image), 100.0, SAMPLING_A, np.random.default_rng(0), backend)


@pytest.mark.parametrize("blur_a", [0.0, 0.3, 1.6, 9.0])
def test_labels_are_those_of_the_processor(backend, waves, blur_a):
    waves = np.ascontiguousarray(waves[:, :, 20:110])
    own, device = (
        phase_label(waves, SAMPLING_A, np.pi / 16, blur_a, 0.1, where) for where in (None, backend)
    )
    assert device.soft.dtype == np.float32
    np.testing.assert_allclose(device.soft, own.soft, atol=1e-6)
    np.testing.assert_array_equal(device.mask, own.mask)
    assert 0.05 < own.mask.mean() < 0.9


def test_the_order_of_threads_does_not_matter(backend, waves):
    """No thread reads what another one writes."""
    other = EmulatedBackend(last_first=True) if isinstance(backend, EmulatedBackend) else backend
    images, labels = [], []
    for device in (backend, other):
        image = intensity(spectra(waves, SAMPLING_A, ENERGY_KEV, Optics(), device), 50.0)
        images.append(electron_counts(image, 400.0, SAMPLING_A, np.random.default_rng(0), device))
        labels.append(phase_label(waves, SAMPLING_A, np.pi / 16, 1.6, 0.1, device).soft)
    np.testing.assert_array_equal(images[0], images[1])
    np.testing.assert_array_equal(labels[0], labels[1])


def test_smoothing_is_scipys_to_the_last_bit_of_most_pixels(backend, waves):
    soft = phase_label(waves, SAMPLING_A, np.pi / 16, 1.6, 0.1, backend).soft
    speckle = (np.abs(np.angle(waves.mean(axis=0))) > np.pi / 16).astype(np.float32)
    same = soft == gaussian_filter(speckle, 8.0, mode="nearest")
    assert same.mean() > 0.999
