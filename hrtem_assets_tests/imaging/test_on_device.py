"""Images on a device against those of the processor: the same tests on an emulated and on a real device."""

import numpy as np
import pytest

from hrtem_assets.backend.processor import PROCESSOR_BACKEND
from hrtem_assets.campaign import Calibration, Optics
from hrtem_assets.imaging.effect import Exposure
from hrtem_assets.imaging.effects import acting
from hrtem_assets.imaging.effects.shot_noise import ShotNoise
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.exposing import expose, stored_counts
from hrtem_assets.imaging.focal_series import FocalSeries
from hrtem_assets.imaging.focus import find_zero_defocus
from hrtem_assets.imaging.intensity import spectra_of
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.labels.phase_label import phase_label
from hrtem_assets_tests.imaging.waves import USUAL
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
            exposure = Exposure(Microscope(optics=optics), WAVELENGTH_A, SAMPLING_A, defocus_a, backend=where)
            image = where.to_host(expose(spectra_of(waves, where), USUAL[:2], exposure)[0])
            assert image.dtype == np.float32
            np.testing.assert_allclose(image, own.intensity(defocus_a), rtol=1e-5, atol=3e-6)


MICROSCOPES = {
    "lens": {
        "optics": {
            "aperture_mrad": 25.0,
            "aperture_edge_mrad": 2.0,
            "aperture_shift_mrad": 1.0,
            "tilt_mrad": 2.0,
            "convergence_mrad": 0.3,
            "aberrations": {"c30_um": 15.0, "c12_nm": 3.0, "c45_um": 40.0, "c56_mm": 2.0},
        }
    },
    "sums": {
        "optics": {
            "convergence_mrad": 0.3,
            "source_points": 3,
            "quadrature_points": 3,
            "spatial_coherence": "quadrature",
            "temporal_coherence": "quadrature",
        }
    },
    "stage and pixels": {
        "stage": {"vibration_a": 0.3, "vibration_minor_a": 0.1, "drift_a": 0.4, "drift_azimuth_rad": 1.0},
        "frame": {"sampling_a": 0.27, "size_px": 60},
    },
    "detector": {
        "detector": {"camera": "ccd", "binning": 2, "x_rays_per_mpx": 500, "dead_pixels_per_mpx": 500}
    },
    "counting": {"detector": {"camera": "direct_counting", "output": "float32"}},
}


@pytest.mark.parametrize("name", MICROSCOPES)
def test_a_microscope_is_that_of_the_processor(backend, waves, name):
    microscope = Microscope.model_validate(MICROSCOPES[name])
    side_px = microscope.frame.size_px or waves.shape[-1]
    images = []
    for where in (PROCESSOR_BACKEND, backend):
        # noise would amplify a last bit: so many electrons that it is small
        exposure = Exposure(microscope, WAVELENGTH_A, SAMPLING_A, 120.0, 4e4, 7, where, side_px)
        image, record = expose(spectra_of(waves, where), acting(microscope), exposure)
        images.append((on_host(image, where), record))
    (own, told), (there, also) = images
    assert told == also
    assert own.shape == there.shape
    step = max(1.0, 1e-5 * own.max())
    assert np.mean(abs(own - there) > step) < 0.01


def on_host(image, where):
    return np.asarray(where.to_host(image), np.float64)


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
        exposure = Exposure(Microscope(), WAVELENGTH_A, SAMPLING_A, 0.0, dose_e_per_a2, 7, where)
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
