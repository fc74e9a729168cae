"""The detector as microscopists measure one: edge, flat images, photon transfer."""

import re

import numpy as np
import pytest

from hrtem_assets.campaign import CampaignError
from hrtem_assets.imaging.cameras import CAMERAS
from hrtem_assets.imaging.detector import Detector, Transfer
from hrtem_assets.imaging.detector_transfer import signal_transfer
from hrtem_assets.imaging.effect import Exposure
from hrtem_assets.imaging.effects import acting
from hrtem_assets.imaging.exposing import expose, stored_counts
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets_tests.small import small_campaign

PIXEL_A = 0.2
MTF = {"c1": 1.0, "c2": 0.1, "c3": 0.3, "c4": 2.2}


def exposure_of(detector, electrons=100.0, seed=1):
    """One with an expected number of electrons per pixel."""
    microscope = Microscope(detector=Detector.model_validate(detector))
    return Exposure(microscope, 0.02, PIXEL_A, dose_e_per_a2=electrons / PIXEL_A**2, seed=seed)


def detected(intensity, detector, electrons=100.0, seed=1, without=()):
    """An image of an intensity, and what its effects record."""
    exposure = exposure_of(detector, electrons, seed)
    effects = [e for e in acting(exposure.microscope) if e.takes != "waves" and e.name not in without]
    return expose(intensity.astype(np.float32), effects, exposure)


def flat(n=256):
    return np.ones((n, n), np.float32)


def noise_power(images, mean):
    """Power spectrum by q in Nyquist (32 rings), times the pixels: a white image of variance v gives v."""
    power = np.mean([np.abs(np.fft.fft2(image - mean)) ** 2 / image.size for image in images], axis=0)
    k = np.fft.fftfreq(images[0].shape[0]) * 2
    q = np.hypot(k[:, None], k)
    rings = np.arange(1, 32) / 32
    return rings, np.array([power[(q > r - 1 / 64) & (q < r + 1 / 64)].mean() for r in rings])


def mtf_of(q, settings=MTF):
    return signal_transfer(np.asarray(q), Detector(mtf=Transfer(**settings)))


def test_the_edge_of_a_slit_gives_the_mtf():
    edge = np.zeros((256, 256), np.float32)
    edge[:, 64:192] = 1.0
    image, _ = detected(edge, {"mtf": MTF, "output": "float32"}, electrons=1e6, without={"shot_noise"})
    q = np.fft.rfftfreq(256) * 2
    odd = np.arange(1, 128, 2)
    measured = (np.fft.rfft(image.mean(axis=0))[odd] / np.fft.rfft(edge.mean(axis=0))[odd]).real
    np.testing.assert_allclose(measured, mtf_of(q[odd]), atol=1e-3)
    assert mtf_of(0.0) == 1.0


@pytest.mark.parametrize(
    ("detector", "expected"),
    [
        ({"mtf": MTF}, lambda q: mtf_of(q)),
        ({"mtf": MTF, "ntf": {**MTF, "c3": 0.6}}, lambda q: mtf_of(q, {**MTF, "c3": 0.6})),
    ],
)
def test_the_noise_of_flat_images_is_filtered_by_the_ntf(detector, expected):
    images = [detected(flat(), {**detector, "output": "float32"}, seed=seed)[0] for seed in range(12)]
    q, power = noise_power(images, 100.0)
    np.testing.assert_allclose(power / 100.0, expected(q) ** 2, rtol=0.08)
    assert np.mean(images) == pytest.approx(100.0, rel=1e-3)


@pytest.mark.parametrize("half", [0.13, 0.2, 0.45])
def test_the_dqe_is_as_asked_at_zero_and_at_half_nyquist(half):
    detector = {"mtf": MTF, "dqe_zero": 0.7, "dqe_half_nyquist": half, "output": "float32"}
    images = [detected(flat(), detector, seed=seed)[0] for seed in range(16)]
    q, power = noise_power(images, 100.0)
    # signal transfer squared times the noise of an ideal counter, by the noise there is
    wave = 1 + 0.1 * np.cos(2 * np.pi * 64 * np.arange(256) / 256)[None].repeat(256, 0)
    signal = detected(wave, detector, without={"shot_noise"})[0]
    transferred = 2 * np.abs(np.fft.fft(signal[0])[64]) / 256 / 0.1
    assert transferred == pytest.approx(float(mtf_of(0.5)), abs=1e-3)
    dqe = mtf_of(q) ** 2 * 100.0 / power
    assert dqe[15] == pytest.approx(half, rel=0.08)
    assert dqe[0] == pytest.approx(0.7, rel=0.12)


def test_noise_that_rises_as_the_signal_falls_does_not_rise_without_end():
    mtf = {"table": [[0, 1], [0.5, 0.3], [1, 0]]}
    detector = {"mtf": mtf, "dqe_half_nyquist": 0.02, "output": "float32"}
    image = detected(flat(), detector)[0]
    assert np.isfinite(image).all()
    assert image.std() < 10 * np.sqrt(100.0)


@pytest.mark.parametrize("detector", [{}, {"frames": 40}, {"dqe_zero": 0.5}])
def test_what_rings_below_nothing_counts_no_electron(detector):
    image = np.zeros((32, 32))
    image[0, 0], image[0, 1:] = 0.01, -0.001
    assert detected(image, detector)[0][0, 1:].sum() == 0


def test_gain_and_readout_noise_follow_from_the_photon_transfer_curve():
    detector = {"gain": 6.0, "readout_e": 4.0, "offset": 200.0, "output": "uint32"}
    means, variances = [], []
    for electrons in (20, 50, 100, 200, 400):
        pair = [detected(flat(), detector, electrons, seed)[0] for seed in (1, 2)]
        means.append(np.mean(pair) - 200.0)
        variances.append(np.var(pair[0] - pair[1]) / 2)
    gain, at_zero = np.polyfit(means, variances, 1)
    assert gain == pytest.approx(6.0, rel=0.02)
    assert np.sqrt(at_zero) / 6.0 == pytest.approx(4.0, rel=0.1)


def test_counting_loses_electrons_that_arrive_together():
    image, _ = detected(flat(), {"frames": 50}, electrons=20.0)
    probability = 1 - np.exp(-20 / 50)
    assert image.mean() == pytest.approx(50 * probability, rel=0.005)
    assert image.var() == pytest.approx(50 * probability * (1 - probability), rel=0.02)


def test_dark_current_is_poisson_and_binning_adds_it_up():
    image, _ = detected(flat(), {"dark_e": 3.0, "binning": 4}, electrons=5.0)
    assert image.shape == (64, 64)
    assert image.mean() == pytest.approx(16 * 8.0, rel=0.01)
    assert image.var() == pytest.approx(16 * 8.0, rel=0.1)


def test_x_rays_come_at_their_rate_and_height():
    counts, heights = [], []
    for seed in range(20):
        image, record = detected(flat(), {"x_rays_per_mpx": 300.0, "x_ray_e": 5000.0}, seed=seed)
        counts.append(record["x_rays"])
        heights += (image[image > 300] - 100).tolist()
    assert np.mean(counts) == pytest.approx(300 * 0.065536, rel=0.2)
    assert np.mean(heights) == pytest.approx(5000, rel=0.2)


@pytest.mark.parametrize("setting", [{"dead_pixels_per_mpx": 500.0}, {"gain_error": 0.3}])
def test_faults_of_a_detector_are_in_every_image_of_it_and_in_no_other(setting):
    def fault(seed, serial=0):
        image = detected(1e4 * flat(), {**setting, "serial": serial}, seed=seed, without={"shot_noise"})[0]
        return image == 0 if "dead" in next(iter(setting)) else np.asarray(image / image.mean())

    np.testing.assert_array_equal(fault(1), fault(2))
    assert (fault(1) != fault(1, serial=1)).any()
    if "dead_pixels_per_mpx" in setting:
        assert 15 <= fault(1).sum() <= 55
    else:
        assert fault(1).std() == pytest.approx(0.3, rel=0.02)


def test_saturation_is_counted_and_more_than_the_type_holds_is_an_error():
    bright = flat(64)
    bright[:8] = 10.0
    image, record = detected(bright, {"saturation": 200.0, "output": "uint8"})
    assert record["clipped_pixels"] == 8 * 64
    exposure = exposure_of({"saturation": 200.0, "output": "uint8"})
    assert stored_counts(image, exposure).dtype == np.uint8
    assert stored_counts(image, exposure).max() == 200
    image, _ = detected(bright, {"gain": 4.0, "output": "uint8"})
    with pytest.raises(
        OverflowError, match=r"detector.gain = 4 gives \d+ counts in one pixel; counts are kept in 8"
    ):
        stored_counts(image, exposure_of({"gain": 4.0, "output": "uint8"}))


@pytest.mark.parametrize("output", ["uint8", "uint16", "uint32", "float32"])
def test_counts_are_stored_as_the_type_that_is_asked_for(output):
    settings = {"readout_e": 1.0, "offset": 10.0, "output": output}
    image, _ = detected(flat(32), settings)
    stored = stored_counts(image, exposure_of(settings))
    assert stored.dtype == output
    assert stored.mean() == pytest.approx(110.0, rel=0.01)
    assert (stored == np.rint(stored)).all() == (output != "float32")


@pytest.mark.parametrize("camera", [name for name in CAMERAS if name != "ideal"])
def test_cameras_are_detectors_whose_mean_is_their_gain(camera):
    detector = Detector.model_validate({"camera": camera, "x_rays_per_mpx": 0.0})
    detector.check()
    image, _ = detected(flat(), detector.model_dump(exclude_unset=True), electrons=20.0)
    dark = detector.dark_e * detector.gain + detector.offset
    assert image.mean() == pytest.approx(20.0 * detector.gain + dark, rel=0.05)
    assert detector.dqe_half_nyquist is not None
    assert detector.dqe_half_nyquist < detector.dqe_zero


def test_what_is_set_beside_a_camera_replaces_its_value():
    detector = Detector.model_validate({"camera": "ccd", "gain": 2.0})
    assert (detector.gain, detector.readout_e) == (2.0, CAMERAS["ccd"]["readout_e"])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("0 1\n0.5 abc\n", "line 2"),
        ("0 1\n1 0.2 3\n", "line 2"),
        ("0 1\n0.5 0.5\n", "ends at 0.5 of Nyquist"),
        ("0.1 1\n1 0.5\n", "ascend from 0"),
        ("0 1\n1 -0.5\n", "must be 0 or more"),
        ("", "two rows or more"),
    ],
)
def test_tables_that_are_no_transfer_function_are_refused(tmp_path, rows, words):
    file = tmp_path / "mtf.txt"
    file.write_text(rows)
    with pytest.raises(CampaignError, match=re.escape(words)):
        small_campaign(detector={"mtf": {"file": str(file)}})


@pytest.mark.parametrize(
    ("detector", "words"),
    [
        ({"mtf": {"file": "nowhere.csv"}}, "no file 'nowhere.csv'"),
        ({"mtf": {"file": "a", "c1": 1}}, "file: give it alone, without c1"),
        ({"mtf": MTF, "ntf": MTF, "dqe_half_nyquist": 0.5}, "ntf and dqe_half_nyquist both say"),
        ({"mtf": MTF, "dqe_zero": 0.3, "dqe_half_nyquist": 0.5}, "it must lie from 0.05"),
        (
            {"mtf": MTF, "dqe_zero": 0.3, "dqe_half_nyquist": {"uniform": [0.1, 0.5]}},
            "dqe_half_nyquist = 0.5",
        ),
        (
            {"mtf": {**MTF, "c3": {"uniform": [0.05, 0.5]}}, "dqe_zero": 0.3, "dqe_half_nyquist": 0.1},
            "cannot be had",
        ),
        (
            {"mtf": {"table": [[0, 1], [0.5, 0], [1, 0]]}, "dqe_half_nyquist": 0.1},
            "the mtf is 0 at half Nyquist",
        ),
        ({"mtf": MTF, "ntf": {**MTF, "c3": 0.2}}, "no more electrons can count than arrive"),
        ({"mtf": MTF, "dqe_zero": 0.9, "dqe_half_nyquist": 0.01}, "cannot be had with dqe_zero = 0.9"),
        ({"dqe_half_nyquist": 0.5}, "cannot be had"),
        ({"camera": "polaroid"}, "detector.camera"),
        ({"output": "uint64"}, "detector.output"),
        ({"saturation": 300, "output": "uint8"}, "more than output uint8 holds (255)"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(detector, words):
    with pytest.raises(CampaignError, match=re.escape(words)):
        small_campaign(detector=detector)


def test_an_ideal_detector_has_no_effect_but_shot_noise():
    assert [e.name for e in acting(Microscope()) if e.takes != "waves"] == ["shot_noise"]


def test_means_lie_where_the_effects_say():
    everything = {
        "camera": "ccd",
        "binning": 2,
        "gain_error": 0.05,
        "dead_pixels_per_mpx": 100.0,
        "x_rays_per_mpx": 50.0,
    }
    exposure = exposure_of(everything, electrons=50.0)
    image, _ = detected(flat(), everything, electrons=50.0)
    least, most = 1.0, 1.0
    for effect in acting(exposure.microscope):
        least, most = effect.mean_bounds(least, most, exposure)
    assert least <= image.mean() <= most
    assert len([e for e in acting(exposure.microscope) if e.takes == "counts"]) == 8
