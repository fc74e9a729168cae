import numpy as np
import pytest

from hrtem_assets.waves.fused.stencils import PAD, projected_potential, stencil

SIGMA = 6.5e-4
POINTS, EXTENT_A = (160, 120), (16.0, 15.0)


def on_grid(number, parametrization, error):
    """A stencil laid on the whole grid, its remainder included, in rad."""
    s = stencil(number, parametrization, POINTS, EXTENT_A, SIGMA, error)
    grid = np.zeros(POINTS)
    rows, columns = np.arange(-s.before_x, s.after_x + 1), np.arange(-s.before_y, s.after_y + 1)
    grid[np.ix_(rows, columns)] = s.phases[1:-1, PAD : PAD + len(columns)]
    return grid + s.remainder, s


@pytest.mark.parametrize("parametrization", ["lobato", "kirkland"])
@pytest.mark.parametrize("number", [1, 6, 11, 26, 48, 55, 79, 103])
def test_what_is_cut_off_stays_below_its_bound(number, parametrization):
    error, atoms_per_a2 = 1e-5, 8.0
    grid, _ = on_grid(number, parametrization, error)
    lost = grid - SIGMA * projected_potential(number, parametrization, POINTS, EXTENT_A)
    # what alternates from point to point is beyond every aperture
    k = [np.abs(np.fft.fftfreq(n)) for n in POINTS]
    spectrum = np.fft.fft2(lost) * (np.hypot(k[0][:, None], k[1]) < 1 / 3)
    lost = np.fft.ifft2(spectrum).real
    pixel_a2 = EXTENT_A[0] * EXTENT_A[1] / (POINTS[0] * POINTS[1])
    # atoms spread evenly at that density lose the mean, atoms spread at random the rms, of what one of them loses
    mean = abs(lost.sum()) * pixel_a2 * atoms_per_a2
    rms = np.sqrt((lost**2).sum() * pixel_a2 * atoms_per_a2)
    assert mean < error
    assert rms < error


def test_the_reach_grows_with_the_precision_and_never_beyond_the_grid():
    reaches = [on_grid(6, "lobato", error)[1].before_x for error in (1e-3, 1e-5, 1e-7)]
    assert reaches == sorted(reaches)
    assert reaches[0] < reaches[-1] <= POINTS[0] // 2


def test_a_stencil_that_fills_an_even_grid_counts_no_point_twice():
    _, s = on_grid(55, "lobato", 1e-12)
    assert (s.before_x, s.after_x, s.before_y, s.after_y) == (80, 79, 60, 59)


def test_unequal_pixels_give_a_round_stencil_in_angstrom():
    _, s = on_grid(6, "lobato", 1e-4)
    assert s.before_x * 16.0 / 160 == pytest.approx(s.before_y * 15.0 / 120, abs=0.13)


def test_an_unknown_element_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="atomic number 110"):
        stencil(110, "lobato", POINTS, EXTENT_A, SIGMA, 1e-5)
