"""Images on a device against those of the processor: the same tests on an emulated and on a real device."""

import numpy as np
import pytest

from hrtem_assets.backend.processor import PROCESSOR_BACKEND
from hrtem_assets.campaign import Calibration, Optics
from hrtem_assets.imaging.effect import Exposure
from hrtem_assets.imaging.effects import USUAL
from hrtem_assets.imaging.effects.shot_noise import ShotNoise
from hrtem_assets.imaging.exposing import expose, stored_counts
from hrtem_assets.imaging.focal_series import FocalSeries
from hrtem_assets.imaging.focus import find_zero_defocus
from hrtem_assets.imaging.intensity import spectra_of
from hrtem_assets.labels.phase_label import phase_label
from hrtem_assets.waves.electrons import wavelength_a
from hrtem_assets_tests.waves.atoms import reference_atoms

SAMPLING_A, WAVELENGTH_A = 0.2, wavelength_a(300.0)


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
    own, device = (
        FocalSeries.of(waves, SAMPLING_A, WAVELENGTH_A, optics, where) for where in (None, backend)
    )
    for defocus_a in (-37.3, 0.0, 100.0):
        image = backend.to_host(device.intensity(defocus_a))
        assert image.dtype == np.float32
        np.testing.assert_allclose(image, own.intensity(defocus_a), rtol=1e-5, atol=2e-6)
        for where in (PROCESSOR_BACKEND, backend):
            exposure = Exposure(optics, WAVELENGTH_A, SAMPLING_A, defocus_a, backend=where)
            image = where.to_host(expose(spectra_of(waves, where), USUAL[:2], exposure)[0])
            assert image.dtype == np.float32
            np.testing.assert_allclose(image, own.intensity(defocus_a), rtol=1e-5, atol=3e-6)


def test_waves_that_are_on_the_device_stay_there_and_are_not_changed(backend, waves):
    there = backend.xp.asarray(waves)
    image = FocalSeries.of(there, SAMPLING_A, WAVELENGTH_A, Optics(), backend).intensity(50.0)
    assert type(image) is type(there)
    np.testing.assert_array_equal(backend.to_host(there), waves)


def test_zero_defocus_is_that_of_the_processor(backend, waves):
    own, device = (
        find_zero_defocus(
            FocalSeries.of(waves, SAMPLING_A, WAVELENGTH_A, Optics(), where), (5.0, 27.0), Calibration()
        )
        for where in (None, backend)
    )
    assert device.zero_a == own.zero_a
    np.testing.assert_array_equal(device.defocus_a, own.defocus_a)
    np.testing.assert_allclose(device.variance, own.variance, rtol=1e-4)


@pytest.mark.parametrize("dose_e_per_a2", [30.0, 400.0, 2600.0])
def test_equal_intensities_and_seeds_give_equal_counts(backend, dose_e_per_a2):
    image = np.random.default_rng(3).gamma(4.0, 0.25, (120, 90)).astype(np.float32)
    image[0, :5] = [0.0, 1e-30, 1.0, 1 / 32, 3.0]
    counts = []
    for where in (PROCESSOR_BACKEND, backend):
        exposure = Exposure(Optics(), WAVELENGTH_A, SAMPLING_A, 0.0, dose_e_per_a2, 7, where)
        there = where.xp.asarray(image)
        made, _ = ShotNoise().apply(there, exposure, exposure.generator("shot_noise"))
        assert type(made) is type(there)
        counts.append(stored_counts(made, exposure))
    np.testing.assert_array_equal(counts[0], counts[1])


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
