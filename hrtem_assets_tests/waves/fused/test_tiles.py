import numba
import numpy as np

from hrtem_assets.fft import LANES, ROW, aligned, aligned_zeros
from hrtem_assets.waves.fused.tiles import add_strip, exponentials


@numba.njit
def exponentials_of(phases, count, factor, block):
    exponentials(phases, count, factor, block)


@numba.njit
def strip(phases, first, count, stencil, start, width, x, y):
    add_strip(phases, first, count, stencil, start, width, x, y)


def test_exponentials_are_those_of_doubles_over_many_turns():
    phases = aligned(np.linspace(-20, 20, 64 * LANES))
    block = aligned_zeros(64 * ROW)
    exponentials_of(phases, 64, 0.5, block)
    parts = block.reshape(64, 2, LANES).astype(float)
    expected = 0.5 * np.exp(1j * phases.astype(float)).reshape(64, LANES)
    np.testing.assert_allclose(parts[:, 0] + 1j * parts[:, 1], expected, atol=4e-7)


def test_no_phase_is_exactly_no_change():
    block = aligned_zeros(4 * ROW)
    exponentials_of(aligned_zeros(4 * LANES), 4, 1.0, block)
    assert np.all(block.reshape(4, 2, LANES) == np.array([1.0, 0.0])[:, None])


def test_a_strip_is_the_bilinear_interpolation_of_its_stencil():
    rng = np.random.default_rng(0)
    width, x, y = 3 * LANES, np.float32(0.3), np.float32(0.8)
    stencil = rng.normal(size=(7, width)).astype(np.float32)
    phases = aligned(rng.normal(size=(9, LANES)))
    before = phases.reshape(9, LANES).copy()
    strip(phases, 2, 5, stencil.ravel(), 2 * width + 10, width, x, y)
    columns = slice(10, 10 + LANES), slice(9, 9 + LANES)
    along_y = (1 - y) * stencil[:, columns[0]] + y * stencil[:, columns[1]]
    expected = (1 - x) * along_y[2:7] + x * along_y[1:6]
    added = phases.reshape(9, LANES) - before
    np.testing.assert_allclose(added[2:7], expected, atol=1e-6)
    assert not added[:2].any()
    assert not added[7:].any()
