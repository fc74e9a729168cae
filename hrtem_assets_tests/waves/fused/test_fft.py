import numba
import numpy as np
import pytest

from hrtem_assets.waves.fused.fft import (
    Fft,
    fft_of,
    filtered,
    forward_inner,
    forward_outer,
    inverse_inner,
    inverse_outer,
)
from hrtem_assets.waves.fused.memory import aligned
from hrtem_assets.waves.fused.plan import plan
from hrtem_assets.waves.fused.simd import LANES, ROW

# every radix first, last and in between; odd sizes; the sizes of the published grids
SIZES = (16, 21, 30, 36, 49, 100, 160, 210, 320, 343, 640, 1280)


@numba.njit
def forward(fft: Fft, block: np.ndarray, first: int) -> None:
    forward_outer(fft, block, first)
    forward_inner(fft, block, first)


@numba.njit
def inverse(fft: Fft, block: np.ndarray, first: int) -> None:
    inverse_inner(fft, block, first)
    inverse_outer(fft, block, first)


@numba.njit
def convolve(fft: Fft, block: np.ndarray, first: int, factors: np.ndarray, first_factor: int) -> None:
    filtered(fft, block, first, factors, first_factor)


def random_columns(size: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(size, LANES)) + 1j * rng.normal(size=(size, LANES))


def as_block(columns: np.ndarray) -> np.ndarray:
    return aligned(np.stack([columns.real, columns.imag], axis=1))


def as_columns(block: np.ndarray) -> np.ndarray:
    parts = block.reshape(-1, 2, LANES).astype(float)
    return parts[:, 0] + 1j * parts[:, 1]


def close(actual: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.abs(actual - expected).max() < 3e-6 * np.sqrt(np.mean(np.abs(expected) ** 2)))


@pytest.mark.parametrize("size", SIZES)
def test_a_transform_is_numpys_in_the_order_of_the_plan(size):
    p, columns = plan(size), random_columns(size)
    block = as_block(columns)
    forward(fft_of(p), block, 0)
    assert sorted(p.frequencies) == list(range(size))
    assert close(as_columns(block), np.fft.fft(columns, axis=0)[p.frequencies])


@pytest.mark.parametrize("size", SIZES)
def test_the_inverse_transform_undoes_it_but_for_the_size(size):
    p, columns = plan(size), random_columns(size)
    block = as_block(columns)
    forward(fft_of(p), block, 0)
    inverse(fft_of(p), block, 0)
    assert close(as_columns(block), size * columns)


@pytest.mark.parametrize("size", SIZES)
def test_a_filter_multiplies_the_spectrum_whether_its_factors_are_complex_or_real(size):
    p, columns, factors = plan(size), random_columns(size), random_columns(size, 1)
    for kind in (factors, factors.real):
        block = as_block(columns)
        table = as_block(kind).reshape(1, -1) if np.iscomplexobj(kind) else aligned(kind)
        convolve(fft_of(p), block, 0, table, 0)
        by_frequency = kind[np.argsort(p.frequencies)]
        assert close(
            as_columns(block), size * np.fft.ifft(np.fft.fft(columns, axis=0) * by_frequency, axis=0)
        )


def test_only_the_rows_asked_for_are_touched():
    p, columns = plan(30), random_columns(60)
    block = as_block(columns)
    forward(fft_of(p), block, 20)
    assert np.array_equal(block[: 20 * ROW], as_block(columns)[: 20 * ROW])
    assert np.array_equal(block[50 * ROW :], as_block(columns)[50 * ROW :])
    assert close(as_columns(block)[20:50], np.fft.fft(columns[20:50], axis=0)[p.frequencies])


@pytest.mark.parametrize("size", [15, 22, 1281])
def test_sizes_with_other_prime_factors_or_too_few_points_are_refused_with_a_repair(size):
    with pytest.raises(ValueError, match=f"{size} pixels .* use engine abtem"):
        plan(size)
