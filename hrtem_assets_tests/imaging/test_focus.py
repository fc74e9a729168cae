"""Zero defocus on real exit waves, against both grids in full and in double precision."""

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_assets.campaign import Calibration, Optics, load_campaign
from hrtem_assets.imaging import focus
from hrtem_assets.imaging.effect import frequencies
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.focal_series import FocalSeries
from hrtem_assets.imaging.focus import CalibrationError, find_zero_defocus, literal_zero_defocus
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.waves.cell import place_in_cell
from hrtem_assets.waves.phonons import configurations
from hrtem_assets.waves.precision import round_mantissa
from hrtem_assets.waves.registry import engine

EXIT_PLANE_A = 32.0
LATTICES = ["CdSe", "Cu", "Si", "Fe3O4", "Fe"]


@pytest.fixture(scope="module")
def reference():
    with np.load(Path(__file__).parents[1] / "data" / "reference_waves.npz") as data:
        return {key: data[key] for key in data.files}


def case(reference, lattice):
    """Images of a particle's wave, and the depths of its atoms before the exit plane."""
    wave = np.ascontiguousarray(reference[f"{lattice}/abtem_infinite"].T)[None].astype(np.complex64)
    depths = EXIT_PLANE_A - reference[f"{lattice}/positions"][:, 2]
    return FocalSeries.of(wave, 0.2, wavelength_a(300.0), Optics()), depths


def curve(values) -> Any:
    """Variances by the fine step, in place of spectra: a grid search sees nothing else."""
    return SimpleNamespace(values=dict(enumerate(values)))


@pytest.fixture
def on_curves(monkeypatch):
    """Search curves that are given outright."""

    def variance(self, index):
        return self.series.values[index]

    for name in ("_Variances", "_PreciseVariances"):
        monkeypatch.setattr(getattr(focus, name), "evaluated", variance)


@pytest.mark.parametrize("lattice", LATTICES)
def test_the_search_gives_the_same_tenth_of_an_angstrom_as_the_literal_grids(reference, lattice):
    waves, depths = case(reference, lattice)
    fast, literal = (
        search(waves, (depths.min(), depths.max()), Calibration())
        for search in (find_zero_defocus, literal_zero_defocus)
    )
    assert fast.zero_a == literal.zero_a
    np.testing.assert_array_equal(fast.defocus_a, literal.defocus_a)
    np.testing.assert_allclose(fast.variance, literal.variance, rtol=1e-6)


def test_images_in_double_precision_are_those_of_a_plain_fourier_transform(reference):
    waves, _ = case(reference, "CdSe")
    k2 = sum(k**2 for k in frequencies(waves.spectra.shape, waves.sampling_a))
    propagated = waves.spectra[0] * np.exp(1j * np.pi * waves.wavelength_a * 17.3 * k2)
    np.testing.assert_allclose(waves.precise_intensity(17.3), abs(np.fft.ifft2(propagated)) ** 2, rtol=1e-12)
    np.testing.assert_allclose(waves.intensity(17.3), waves.precise_intensity(17.3), rtol=0, atol=2e-6)


def test_images_in_double_precision_sum_over_foci_as_the_others_do(reference):
    wave = np.ascontiguousarray(reference["Cu/abtem_infinite"].T)[None].astype(np.complex64)
    waves = FocalSeries.of(
        wave, 0.2, wavelength_a(300.0), Optics(temporal_coherence="quadrature", quadrature_points=3)
    )
    np.testing.assert_allclose(waves.intensity(9.0), waves.precise_intensity(9.0), rtol=0, atol=2e-6)


@pytest.mark.slow
def test_of_two_minima_alike_the_lower_is_found_where_a_search_in_one_bracket_finds_the_other():
    """Fe-large 2 of the published campaign: minima at 23 and 52 Å, 0.02 % apart."""
    campaign = load_campaign("paper")
    specimen = campaign.specimen("Fe-large")
    structure = build_structure(campaign, specimen, 2)
    atoms, particles = configurations(structure, campaign, specimen, 2), structure.particle_atoms
    # without a substrate there is one wave to compute, of atoms that count as substrate
    alone = replace(
        atoms,
        positions_a=np.ascontiguousarray(atoms.positions_a[:, :particles]),
        numbers=atoms.numbers[:particles],
        particle_atoms=0,
    )
    waves = round_mantissa(engine("fused").exit_waves(alone, campaign.simulation).full, 10)
    depths = place_in_cell(structure, campaign.simulation)[2] - structure.positions_a[:particles, 2]
    found = find_zero_defocus(
        FocalSeries.of(waves, 0.2, wavelength_a(300.0), campaign.optics),
        (depths.min(), depths.max()),
        campaign.calibration,
    )
    assert found.zero_a == 22.8
    assert found.second_minimum_a == 52
    assert found.minimum_ratio == pytest.approx(1.00021, abs=1e-5)


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
    coarse = np.arange(math.floor(depths.min() - 5), math.ceil(depths.max() + 5) + 1)
    fine = found.zero_a + np.arange(-5, 6) * 0.1
    assert set(coarse.round(6)) | set(fine.round(6)) <= set(found.defocus_a.round(6))


def test_a_minimum_at_the_end_of_the_range_is_an_error_that_names_the_range(reference):
    waves, depths = case(reference, "CdSe")
    with pytest.raises(
        CalibrationError, match=r"range searched \(18 to 31 Å .* raise calibration.margin_a = 5"
    ):
        find_zero_defocus(waves, (depths.mean() + 8.0, depths.max()), Calibration())


def test_a_wave_without_particles_has_no_zero():
    waves = FocalSeries.of(np.ones((1, 64, 64), np.complex64), 0.2, wavelength_a(300.0), Optics())
    with pytest.raises(CalibrationError):
        find_zero_defocus(waves, (10.0, 30.0), Calibration())


def test_equal_variances_of_single_precision_are_decided_in_double(monkeypatch):
    exact = [1 + 1e-9 * (i - 53) ** 2 + 1e-3 * (abs(i - 53) > 4) for i in range(201)]

    def rounded(self, index):
        return float(np.float32(self.series.values[index]))

    monkeypatch.setattr(focus._PreciseVariances, "evaluated", lambda self, i: self.series.values[i])
    monkeypatch.setattr(focus._Variances, "evaluated", rounded)
    found = find_zero_defocus(curve(exact), (5.0, 15.0), Calibration())
    assert found.zero_a == pytest.approx(5.3)


variances = st.lists(st.integers(1, 30), min_size=201, max_size=201)


@given(variances)
@settings(max_examples=50, deadline=None)
def test_on_any_curve_whatever_the_zero_is_the_least_of_the_second_grid_about_the_least_of_the_first(values):
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_Variances", "_PreciseVariances"):
            patch.setattr(getattr(focus, name), "evaluated", lambda self, i: self.series.values[i])
        first = np.array(values[::10])
        best = int(first.argmin())
        if best in (0, 20):
            with pytest.raises(CalibrationError):
                find_zero_defocus(curve(values), (5.0, 15.0), Calibration())
            return
        found = find_zero_defocus(curve(values), (5.0, 15.0), Calibration())
        second = np.array(values[10 * (best - 1) : 10 * (best + 1) + 1])
        assert found.zero_a == pytest.approx(best - 1 + 0.1 * int(second.argmin()))
        if math.isnan(found.minimum_ratio):
            assert math.isnan(found.second_minimum_a)
        else:
            place = round(found.second_minimum_a)
            assert found.minimum_ratio == first[place] / first[best] >= 1
            assert 0 < place < 20
            assert place != best


@pytest.mark.parametrize(
    ("coarse", "second_a", "ratio"),
    [
        ([9, 5, 2, 5, 9, 9, 9], math.nan, math.nan),
        ([9, 5, 2, 5, 4, 6, 9], 4, 2.0),
        ([9, 3, 5, 2, 8, 6, 9], 1, 1.5),
        # a floor of equals is one minimum, and the ends are none
        ([3, 5, 4, 4, 9, 2, 9], 2, 2.0),
        ([3, 9, 2, 9, 9, 9, 3], math.nan, math.nan),
    ],
)
def test_the_second_minimum_is_the_lowest_other_one_of_the_first_grid(on_curves, coarse, second_a, ratio):
    found = find_zero_defocus(curve(np.repeat(coarse, 10).tolist()), (1.0, 5.0), Calibration(margin_a=1.0))
    np.testing.assert_equal((found.second_minimum_a, found.minimum_ratio), (second_a, ratio))


@given(
    st.floats(0, 100),
    st.floats(0, 100),
    st.floats(0, 30),
    st.sampled_from([(1.0, 0.1), (2.0, 2.0), (0.7, 0.1)]),
)
def test_no_search_evaluates_more_images_than_the_settings_say(first_a, diameter_a, margin_a, steps):
    rule = Calibration(margin_a=margin_a, coarse_step_a=steps[0], fine_step_a=steps[1])
    low, high = focus.search_range_a((first_a, first_a + diameter_a), rule)
    assert high - low + 1 + 2 * rule.refinement - 2 <= rule.most_evaluations(diameter_a)
