"""Electrons and scattering factors are abTEM's, and abTEM is not loaded for them."""

import subprocess
import sys

import abtem
import numpy as np
import pytest
from abtem.core.energy import energy2sigma, energy2wavelength
from abtem.parametrizations import validate_parametrization
from ase.data import chemical_symbols
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.imaging.electrons import interaction_parameter, scattering_factors, wavelength_a

# 0 and up to beyond the frequencies of a grid of 0.05 Å
K2 = np.concatenate([[0.0], np.random.default_rng(1).uniform(0, 200, 500)])


def of_abtem(number, parametrization, precision):
    with abtem.config.set({"precision": precision}):
        tabulated = validate_parametrization(parametrization)
        factor = tabulated.projected_scattering_factor(chemical_symbols[number])
    return factor(K2.astype(precision))  # type: ignore[misc]


def test_the_wavelength_at_300_kev_is_1_97_pm():
    assert wavelength_a(300.0) == pytest.approx(0.0196875, abs=5e-8)
    assert wavelength_a(80.0) == pytest.approx(0.0417571, abs=2e-7)


@given(st.floats(10, 3000))
def test_wavelength_and_interaction_parameter_are_those_of_abtem(energy_kev):
    assert wavelength_a(energy_kev) == pytest.approx(energy2wavelength(energy_kev * 1e3), rel=1e-15)
    assert interaction_parameter(energy_kev) == pytest.approx(energy2sigma(energy_kev * 1e3), rel=1e-15)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_lobato_scattering_factors_are_those_of_abtem_bit_for_bit_for_every_element(precision):
    for number in range(1, 104):
        theirs = of_abtem(number, "lobato", precision)
        ours = scattering_factors(number, "lobato", K2.astype(precision))
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs, err_msg=chemical_symbols[number])


@pytest.mark.parametrize(("precision", "apart"), [("float32", 1.2e-7), ("float64", 1e-15)])
def test_kirkland_scattering_factors_are_those_of_abtem_to_the_last_bit_for_every_element(precision, apart):
    for number in range(1, 104):
        theirs = of_abtem(number, "kirkland", precision)
        ours = scattering_factors(number, "kirkland", K2.astype(precision))
        np.testing.assert_allclose(ours, theirs, rtol=apart, err_msg=chemical_symbols[number])
        # the mean potential, which nothing may shift
        assert ours[0] == theirs[0]


@pytest.mark.parametrize("number", [0, 104, 110, 500])
def test_an_unknown_element_is_refused_with_the_known_ones(number):
    with pytest.raises(ValueError, match=f"atomic number {number}; use elements from H"):
        scattering_factors(number, "lobato", K2)


def test_the_fused_engine_does_without_loading_abtem():
    code = (
        "import sys\n"
        "from hrtem_assets.waves.engines.fused import FusedEngine\n"
        "from hrtem_assets_tests.waves.atoms import reference_atoms, reference_simulation\n"
        "waves = FusedEngine().exit_waves(reference_atoms('Si')[0], reference_simulation())\n"
        "assert abs(waves.full).std() > 0.01\n"
        "assert 'abtem' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
