"""The pixels of the detector: exact Fourier series, and labels that stay under what they label."""

import numpy as np
import pytest

from hrtem_assets.imaging.effect import Exposure
from hrtem_assets.imaging.effects.binning import Binning
from hrtem_assets.imaging.effects.resampling import Resampling
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.imaging.regridding import regridded
from hrtem_assets_tests.imaging.waves import NO_DRAWS

N, STORED_A = 160, 0.2
CELL_A = N * STORED_A

FRAMES = [
    {"sampling_a": 0.3},
    {"sampling_a": 0.1234},
    {"sampling_a": 0.4321, "size_px": 60},
    {"size_px": 100},
    {"sampling_a": 0.15},
]


def microscope(frame, binning=1):
    return Microscope.model_validate({"frame": frame, "detector": {"binning": binning}})


def resampled(image, frame, binning=1):
    """An image, its grid and its pixel."""
    instrument = microscope(frame, binning)
    grid = instrument.frame.image_grid(CELL_A, STORED_A, binning)
    exposure = Exposure(instrument, 0.02, STORED_A, side_px=grid.side_px * binning)
    made = Resampling().apply(image.astype(np.float32), exposure, NO_DRAWS)[0]
    return Binning().apply(made, exposure, NO_DRAWS)[0] / binning**2, grid, exposure.pixel_a * binning


def waves(y, x):
    """A function of few frequencies of the cell."""
    phase = 2 * np.pi / CELL_A
    return 1 + 0.3 * np.cos(phase * (5 * x + 3 * y) + 0.4) + 0.2 * np.sin(phase * (7 * y - 11 * x))


@pytest.mark.parametrize("frame", FRAMES, ids=str)
def test_a_function_of_few_frequencies_is_met_exactly_at_every_pixel(frame):
    stored = np.arange(N) * STORED_A
    image, grid, pixel_a = resampled(waves(stored[:, None], stored[None]), frame)
    at = grid.start_a(pixel_a) + np.arange(grid.side_px) * pixel_a
    np.testing.assert_allclose(image, waves(at[:, None], at[None]), atol=5e-6)


def test_frequencies_beyond_the_pixels_are_left_out_and_not_folded_back():
    x = np.arange(N) * STORED_A
    fine = np.cos(2 * np.pi * 70 * x / CELL_A)[None].repeat(N, 0)
    image, _, _ = resampled(fine, {"sampling_a": 0.32})
    assert abs(image).max() < 1e-5


def test_the_pixels_of_the_waves_are_left_as_they_are():
    image = np.random.default_rng(1).normal(size=(N, N)).astype(np.float32)
    np.testing.assert_array_equal(resampled(image, {"sampling_a": STORED_A})[0], image)
    assert not Resampling().acts(Microscope())


def spot(y_a, x_a, width_a=2.0):
    x = np.arange(N) * STORED_A
    return np.exp(-((x[:, None] - y_a) ** 2 + (x[None] - x_a) ** 2) / (2 * width_a**2))


def centre(image):
    at = np.arange(len(image))
    return np.array([(image * at[:, None]).sum(), (image * at[None]).sum()]) / image.sum()


@pytest.mark.parametrize("binning", [1, 2, 3])
@pytest.mark.parametrize("frame", [*FRAMES, {}], ids=str)
def test_labels_stay_under_what_they_label(frame, binning):
    frame = {**frame, "size_px": frame["size_px"] // binning * binning} if "size_px" in frame else frame
    instrument = microscope(frame, binning)
    instrument.frame.check(CELL_A, STORED_A, binning)
    particle = spot(15.3, 16.4)
    image, grid, pixel_a = resampled(particle, frame, binning)
    soft = regridded(particle.astype(np.float32), STORED_A, grid, pixel_a, binning)
    assert image.shape == soft.shape == (grid.side_px, grid.side_px)
    assert abs(centre(image) - centre(soft)).max() < 0.05
    steps = regridded(np.rint(255 * particle).astype(np.uint8), STORED_A, grid, pixel_a, binning)
    assert steps.dtype == np.uint8
    assert abs(steps.astype(float) - 255.0 * soft.astype(float)).max() < 1.1
    # the mask is the inside of the particle in the image too
    mask = regridded(particle > 0.5, STORED_A, grid, pixel_a, binning)
    assert mask.dtype == bool
    assert (mask != (image > 0.5)).mean() < 0.02
    assert abs(centre(mask.astype(float)) - centre(image > 0.5)).max() < 0.2


def test_classes_are_taken_from_the_nearest_pixel_and_never_mixed():
    classes = np.random.default_rng(1).choice(np.array([3, 200, 70000], np.uint32), (N, N))
    grid = microscope({"sampling_a": 0.33}).frame.image_grid(CELL_A, STORED_A, 1)
    taken = regridded(classes, STORED_A, grid, 0.33, 1)
    assert taken.dtype == np.uint32
    assert set(np.unique(taken)) == {3, 200, 70000}
