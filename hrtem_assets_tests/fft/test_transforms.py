import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hrtem_assets.fft import (
    LANES,
    ROW,
    aligned,
    filtered,
    forward,
    from_block,
    inverse,
    multiplied,
    plan,
    to_block,
)
from hrtem_assets_tests.fft.naive import dft
from hrtem_assets_tests.fft.sizes import fast_sizes

# the published grids, and every radix first, last and in between
SIZES = (16, 21, 30, 36, 49, 100, 160, 210, 320, 343, 640, 1280)


def random_columns(size: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(size, LANES)) + 1j * rng.normal(size=(size, LANES))


def close(actual: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.abs(actual - expected).max() < 3e-6 * np.sqrt(np.mean(np.abs(expected) ** 2)))


@given(size=st.sampled_from(fast_sizes(800)), seed=st.integers(0, 99), sign=st.sampled_from([-1, 1]))
@example(size=1280, seed=0, sign=-1)
@example(size=1280, seed=0, sign=1)
def test_any_product_of_2_3_5_and_7_is_transformed_as_the_definition_says(size, seed, sign):
    columns, order = random_columns(size, seed), plan(size).frequencies
    if sign < 0:
        block = to_block(columns)
        forward(plan(size), block, 0)
        assert close(from_block(block), dft(columns, sign)[order])
    else:
        block = to_block(columns[order])
        inverse(plan(size), block, 0)
        assert close(from_block(block), dft(columns, sign))


@given(sizes=st.lists(st.sampled_from(fast_sizes(120)), min_size=1, max_size=3), rows=st.integers(0, 40))
def test_transforms_of_several_sizes_in_one_block_leave_each_other_and_the_rest_alone(sizes, rows):
    columns = random_columns(sum(sizes) + 2 * rows)
    block, first = to_block(columns), rows
    for size in sizes:
        forward(plan(size), block, first)
        part = from_block(block)[first : first + size]
        assert close(part, dft(columns[first : first + size], -1)[plan(size).frequencies])
        first += size
    untouched = from_block(to_block(columns))
    np.testing.assert_array_equal(from_block(block)[:rows], untouched[:rows])
    np.testing.assert_array_equal(from_block(block)[first:], untouched[first:])


@pytest.mark.parametrize("size", SIZES)
def test_the_inverse_transform_undoes_it_but_for_the_size(size):
    columns = random_columns(size)
    block = to_block(columns)
    forward(plan(size), block, 0)
    inverse(plan(size), block, 0)
    assert close(from_block(block), size * columns)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", [np.array, np.real], ids=["complex factors", "real factors"])
def test_a_filter_multiplies_the_spectrum(size, kind):
    columns, factors, order = random_columns(size), kind(random_columns(size, 1)), plan(size).frequencies
    table = to_block(factors[order]).reshape(1, -1) if np.iscomplexobj(factors) else aligned(factors[order])
    block = to_block(columns)
    filtered(plan(size), block, 0, table, 0)
    assert close(from_block(block), dft(dft(columns, -1) * factors, 1))


@pytest.mark.parametrize("size", SIZES)
def test_a_product_in_space_stands_between_an_inverse_and_a_forward_transform(size):
    spectrum, factors, order = random_columns(size), random_columns(size, 1), plan(size).frequencies
    block = to_block(spectrum[order])
    multiplied(plan(size), block, to_block(factors))
    assert close(from_block(block), dft(dft(spectrum, 1) * factors, -1)[order])


def test_each_lane_is_a_transform_of_its_own_to_the_last_bit():
    columns = random_columns(210)
    together, alone = to_block(columns), to_block(np.where(np.arange(LANES) == 3, columns, 0))
    for block in (together, alone):
        forward(plan(210), block, 0)
    np.testing.assert_array_equal(from_block(together)[:, 3], from_block(alone)[:, 3])
    assert not from_block(alone)[:, 4].any()


def test_rows_from_another_one_on_give_the_same_bits():
    columns = random_columns(100)
    first, later = to_block(columns), to_block(np.concatenate([columns[:7], columns]))
    forward(plan(100), first, 0)
    forward(plan(100), later, 7)
    np.testing.assert_array_equal(first, later[7 * ROW :])
