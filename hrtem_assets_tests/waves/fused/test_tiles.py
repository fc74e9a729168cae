import numba
import numpy as np

from hrtem_assets.waves.fused.memory import aligned, aligned_zeros
from hrtem_assets.waves.fused.simd import LANES, ROW
from hrtem_assets.waves.fused.tiles import add_strip, exponentials, gather_tile, scatter_tile


@numba.njit
def gather(wave, first, slots, block):
    gather_tile(wave, first, slots, 0, block)


@numba.njit
def scatter(block, slots, wave, first):
    scatter_tile(block, slots, 0, wave, first)


@numba.njit
def exponentials_of(phases, count, factor, block):
    exponentials(phases, count, factor, block)


@numba.njit
def strip(phases, first, count, stencil, start, width, x, y):
    add_strip(phases, first, count, stencil, start, width, x, y)


def test_a_tile_is_transposed_into_the_slots_of_its_columns_and_back():
    rng = np.random.default_rng(0)
    wave = aligned(rng.normal(size=(3 * LANES, 2, LANES)))
    slots = rng.permutation(2 * LANES)[:LANES]
    block = aligned_zeros(2 * LANES * ROW)
    gather(wave, LANES, slots, block)
    tile = wave.reshape(3 * LANES, 2, LANES)[LANES : 2 * LANES]
    np.testing.assert_array_equal(block.reshape(-1, 2, LANES)[slots], tile.transpose(2, 1, 0))
    back = aligned_zeros(wave.size)
    scatter(block, slots, back, LANES)
    np.testing.assert_array_equal(back.reshape(3 * LANES, 2, LANES)[LANES : 2 * LANES], tile)


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
