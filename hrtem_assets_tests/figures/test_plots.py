"""Plots: the minimum is marked where it is, and bad input is refused."""

import numpy as np
import pytest

from hrtem_assets.figures import dose_histogram, variance_curve

VERMILLION = np.array([0xD5, 0x5E, 0x00])
BLUE = np.array([0x00, 0x72, 0xB2])


def near(image, colour):
    return np.abs(np.asarray(image).astype(int) - colour).max(axis=-1) < 40


def curve(zero_a, shuffle=False):
    defocus_a = np.arange(-50, 51, 1.0)
    if shuffle:
        np.random.default_rng(0).shuffle(defocus_a)
    return variance_curve(defocus_a, 0.004 + 1e-6 * (defocus_a - zero_a) ** 2, zero_a)


@pytest.mark.parametrize("zero_a", [-30.0, 0.0, 27.6])
def test_the_marked_zero_stands_at_the_lowest_point_of_the_curve(zero_a):
    image = curve(zero_a)
    line_x = near(image, VERMILLION).sum(axis=0).argmax()
    points = np.argwhere(near(image, BLUE))
    lowest = points[points[:, 0] >= points[:, 0].max() - 4]
    assert lowest[:, 1].mean() == pytest.approx(line_x, abs=4)


def test_the_order_of_the_defoci_does_not_matter():
    assert np.array_equal(np.asarray(curve(10.0)), np.asarray(curve(10.0, shuffle=True)))


def test_one_point_alone_can_be_drawn():
    assert variance_curve(np.array([3.0]), np.array([0.1]), 3.0).size == (512, 384)


@pytest.mark.parametrize("width_px", [256, 512, 700])
def test_plots_are_as_wide_as_asked(width_px):
    assert variance_curve(np.arange(3.0), np.ones(3), 1.0, width_px).width == width_px
    assert dose_histogram(np.array([1, 2, 3]), width_px).width == width_px


def test_unequal_and_non_finite_curves_are_refused():
    with pytest.raises(ValueError, match="give one variance for each defocus"):
        variance_curve(np.arange(3.0), np.ones(4), 1.0)
    with pytest.raises(ValueError, match="holds NaN or infinity"):
        variance_curve(np.arange(3.0), np.array([1, np.nan, 1]), 1.0)


def peaks_px(counts):
    """Height above the bottom of the highest bar and of the highest point of the Poisson curve."""
    # the legend stands to the right
    pixels = np.asarray(dose_histogram(counts))[:, :330]
    bars, line = near(pixels, 0.75 * BLUE + 0.25 * 255), near(pixels, VERMILLION)
    return tuple(384 - np.flatnonzero(ink.any(axis=1)).min() for ink in (bars, line))


def test_poisson_counts_reach_as_high_as_the_poisson_curve_and_contrast_makes_them_lower():
    rng = np.random.default_rng(0)
    bar, curve_top = peaks_px(rng.poisson(20, 400_000))
    # the marker of the curve's highest point stands half its size above the bar
    assert 0 <= curve_top - bar <= 8
    bar, curve_top = peaks_px(rng.poisson(rng.normal(20, 4, 400_000).clip(0)))
    assert curve_top - bar > 40


def test_an_image_without_electrons_can_be_drawn():
    assert dose_histogram(np.zeros((8, 8), np.uint16)).size == (512, 384)


@pytest.mark.parametrize("bad", [np.ones(3), np.array([-1, 2]), np.array([], np.uint16)])
def test_only_whole_numbers_of_electrons_are_counted(bad):
    with pytest.raises(ValueError, match="give whole, non-negative electron counts"):
        dose_histogram(bad)


def test_plots_leave_no_global_figures_behind():
    from matplotlib._pylab_helpers import Gcf

    curve(0.0)
    assert Gcf.get_num_fig_managers() == 0
