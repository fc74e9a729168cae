"""Zero defocus on real exit waves, against the literal two-stage grid."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.campaign import Calibration, Optics
from hrtem_assets.imaging.focus import (
    CalibrationError,
    _unimodal_argmin,
    find_zero_defocus,
    literal_zero_defocus,
)
from hrtem_assets.imaging.transfer import spectra

EXIT_PLANE_A = 32.0
LATTICES = ["CdSe", "Cu", "Si", "Fe3O4", "Fe"]


@pytest.fixture(scope="module")
def reference():
    with np.load(Path(__file__).parents[1] / "data" / "reference_waves.npz") as data:
        return {key: data[key] for key in data.files}


def case(reference, lattice):
    """Spectra of a particle's wave, and the depths of its atoms before the exit plane."""
    wave = np.ascontiguousarray(reference[f"{lattice}/abtem_infinite"].T)[None].astype(np.complex64)
    depths = EXIT_PLANE_A - reference[f"{lattice}/positions"][:, 2]
    return spectra(wave, 0.2, 300.0, Optics()), depths


@pytest.mark.parametrize("lattice", LATTICES)
def test_the_fast_search_gives_the_same_tenth_of_an_angstrom_as_the_literal_grids(reference, lattice):
    waves, depths = case(reference, lattice)
    fast, literal = (
        search(waves, (depths.min(), depths.max()), Calibration())
        for search in (find_zero_defocus, literal_zero_defocus)
    )
    assert fast.zero_a == literal.zero_a
    assert len(fast.defocus_a) < len(literal.defocus_a) / 2


@pytest.mark.parametrize("lattice", LATTICES)
def test_zero_lies_in_the_middle_of_the_particle_because_defocus_is_counted_back_from_the_exit_plane(
    reference, lattice
):
    waves, depths = case(reference, lattice)
    found = find_zero_defocus(waves, (depths.min(), depths.max()), Calibration())
    assert found.zero_a == pytest.approx(depths.mean(), abs=2.0)


def test_the_curve_holds_every_defocus_tried_and_its_minimum_is_the_zero(reference):
    waves, depths = case(reference, "CdSe")
    found = find_zero_defocus(waves, (depths.min(), depths.max()), Calibration())
    assert (np.diff(found.defocus_a) > 0).all()
    assert found.defocus_a[found.variance.argmin()] == found.zero_a
    assert {round(found.zero_a - 0.1, 6), round(found.zero_a + 0.1, 6)} <= set(found.defocus_a.round(6))


def test_a_minimum_at_the_end_of_the_range_is_an_error_that_names_the_range(reference):
    waves, depths = case(reference, "CdSe")
    with pytest.raises(
        CalibrationError, match=r"range searched \(18 to 31 Å .* raise calibration.margin_a = 5"
    ):
        find_zero_defocus(waves, (depths.mean() + 8.0, depths.max()), Calibration())


def test_a_wave_without_particles_has_no_zero():
    waves = spectra(np.ones((1, 64, 64), np.complex64), 0.2, 300.0, Optics())
    with pytest.raises(CalibrationError):
        find_zero_defocus(waves, (10.0, 30.0), Calibration())


@given(
    falls=st.lists(st.floats(0.01, 10), min_size=0, max_size=40),
    rises=st.lists(st.floats(0.01, 10), min_size=0, max_size=40),
    low=st.integers(-50, 50),
)
def test_the_search_finds_the_least_value_of_any_sequence_that_falls_and_then_rises(falls, rises, low):
    values = np.concatenate([[0.0], -np.cumsum(falls), -sum(falls) + np.cumsum(rises)])
    found = _unimodal_argmin(lambda i: values[i - low], low, low + len(values) - 1)
    assert values[found - low] == values.min()
