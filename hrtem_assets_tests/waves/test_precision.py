import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hrtem_assets.waves.precision import round_mantissa

# far from the ends of the exponent's range, where relative precision is lost by denormal numbers
parts = st.floats(-(2.0**100), 2.0**100, width=32).filter(lambda x: x == 0 or abs(x) > 2.0**-100)
waves = arrays(np.complex64, st.integers(0, 20), elements=st.builds(complex, parts, parts))
bits = st.integers(1, 23)


def as_parts(wave: np.ndarray) -> np.ndarray:
    return wave.view(np.float32).astype(np.float64)


@given(waves, bits)
def test_the_relative_error_is_at_most_half_a_unit_of_the_last_kept_bit(wave, kept):
    exact, rounded = as_parts(wave), as_parts(round_mantissa(wave, kept))
    assert np.all(np.abs(rounded - exact) <= 2.0 ** -(kept + 1) * np.abs(exact))


@given(waves, bits)
def test_dropped_bits_are_zero(wave, kept):
    words = round_mantissa(wave, kept).view(np.uint32)
    assert np.all(words & np.uint32(2 ** (23 - kept) - 1) == 0)


@given(waves, bits)
def test_rounding_twice_is_rounding_once(wave, kept):
    once = round_mantissa(wave, kept)
    assert np.array_equal(round_mantissa(once, kept), once)


@given(waves, bits)
def test_sign_does_not_matter(wave, kept):
    assert np.array_equal(round_mantissa(-wave, kept), -round_mantissa(wave, kept))


@given(waves)
def test_23_bits_change_nothing(wave):
    assert np.array_equal(round_mantissa(wave, 23), wave)


def test_the_input_is_left_alone_and_the_shape_is_kept():
    wave = np.full((2, 3, 4), 1.2345 - 0.9876j, np.complex64)
    before = wave.copy()
    assert round_mantissa(wave, 4).shape == (2, 3, 4)
    assert np.array_equal(wave, before)


def test_infinities_and_nan_pass():
    wave = np.array([complex(np.inf, -np.inf), complex(np.nan, 1.0)], np.complex64)
    rounded = round_mantissa(wave, 5)
    assert rounded[0] == wave[0]
    assert np.isnan(rounded[1].real)
    assert rounded[1].imag == 1.0


@pytest.mark.parametrize("kept", [0, 24])
def test_bits_out_of_range_are_refused_with_the_range(kept):
    with pytest.raises(ValueError, match="between 1 and 23"):
        round_mantissa(np.ones(1, np.complex64), kept)
