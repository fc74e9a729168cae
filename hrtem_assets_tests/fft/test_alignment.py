import numpy as np
import pytest

from hrtem_assets.fft import LANES, aligned, aligned_zeros, from_block, to_block


@pytest.mark.parametrize("size", [1, 7, 16, 1001])
def test_arrays_begin_on_a_cache_line_whatever_their_size(size):
    for array in (aligned_zeros(size), aligned(np.arange(float(size)))):
        assert array.ctypes.data % 64 == 0
        assert array.dtype == np.float32
        assert array.shape == (size,)


def test_a_block_holds_real_parts_then_imaginary_parts_of_each_row_and_gives_the_values_back():
    values = np.arange(3 * LANES).reshape(3, LANES) * (1 + 2j)
    block = to_block(values)
    np.testing.assert_array_equal(block[2 * LANES : 3 * LANES], values[1].real)
    np.testing.assert_array_equal(block[3 * LANES : 4 * LANES], values[1].imag)
    np.testing.assert_array_equal(from_block(block), values)


def test_rows_of_another_length_are_refused():
    with pytest.raises(ValueError, match=f"rows of 3 values cannot be a block; pad them to {LANES}"):
        to_block(np.zeros((5, 3), complex))
