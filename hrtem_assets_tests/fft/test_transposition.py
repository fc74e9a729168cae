import numba
import numpy as np

from hrtem_assets.fft import LANES, ROW, aligned, aligned_zeros, gather_tile, scatter_tile


@numba.njit
def gather(source, first, slots, block):
    gather_tile(source, first, slots, 0, block)


@numba.njit
def scatter(block, slots, target, first):
    scatter_tile(block, slots, 0, target, first)


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
