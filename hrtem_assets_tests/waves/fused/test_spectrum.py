import numpy as np
import pytest

from hrtem_assets.fft import LANES
from hrtem_assets.waves.fused.spectrum import Spectrum

WAVELENGTH_A = 0.0196875


@pytest.fixture
def spectrum():
    return Spectrum(160, 120, (16.0, 15.0), 1.5, WAVELENGTH_A)


def on_grid(spectrum, table):
    """A table of columns as an array [kx, ky] in numpy's order; zero where there is no column."""
    values = table.reshape(spectrum.column_blocks, spectrum.ny, -1, LANES)
    values = values[:, :, 0] + (1j * values[:, :, 1] if values.shape[2] == 2 else 0)
    grid = np.zeros((spectrum.nx + 1, spectrum.ny), complex)
    columns = np.where(spectrum.slots < spectrum.nx, spectrum.column_kx % spectrum.nx, spectrum.nx)
    for column, kx in enumerate(columns):
        grid[kx, spectrum.y.frequencies] = values[column // LANES, :, column % LANES]
    assert not grid[-1].any()
    return grid[:-1]


@pytest.mark.parametrize("slices", [1, 3])
def test_the_propagator_is_abtems_once_for_every_slice(spectrum, slices):
    from abtem.antialias import antialias_aperture
    from abtem.multislice import _fresnel_propagator_array

    sampling = (0.1, 0.125)
    one = _fresnel_propagator_array(1.5, (160, 120), sampling, 300e3, "cpu")
    one = one * antialias_aperture((160, 120), sampling, np)
    table = on_grid(spectrum, spectrum.propagator(slices)) * spectrum.ny
    np.testing.assert_allclose(table, one.astype(complex) ** slices, atol=2e-5)


def test_the_transmission_filter_is_abtems_aperture(spectrum):
    from abtem.antialias import antialias_aperture

    aperture = antialias_aperture((160, 120), (0.1, 0.125), np)
    table = on_grid(spectrum, spectrum.transmission_filter) * spectrum.nx**2 * spectrum.ny
    np.testing.assert_allclose(table, aperture, atol=2e-5)


def test_columns_and_dropped_positions_share_out_the_row(spectrum):
    kept = spectrum.slots[spectrum.slots < spectrum.nx]
    assert sorted([*kept, *spectrum.dropped]) == list(range(spectrum.nx))
    # the aperture of the coarser pixel: 2/3 of 4 per Å over frequencies of 1/16 per Å
    assert np.abs(spectrum.column_kx).max() == 42
