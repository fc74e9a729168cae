from dataclasses import replace

import numpy as np
import pytest

from hrtem_assets.campaign import Simulation
from hrtem_assets.waves.engine import Atoms
from hrtem_assets.waves.engines.abtem import AbtemEngine
from hrtem_assets_tests.waves.atoms import agreement, reference_atoms, reference_simulation

# documented agreement of independent calculations: correlation and rms phase in rad
AGREEMENT = {
    "prismatic": (0.99966, 0.0022),
    "abtem_infinite": (0.999999, 1e-5),
    "abtem_finite": (0.99973, 0.0020),
}


def some_atoms(positions, numbers, cell=(16.0, 16.0, 4.0), particle_atoms=0):
    array = np.array(positions, float).reshape(1, -1, 3)
    return Atoms(array, np.array(numbers, np.uint8), particle_atoms, cell)


def waves(atoms, **settings):
    return AbtemEngine().exit_waves(atoms, Simulation.model_validate({"cell_a": 16.0} | settings))


@pytest.mark.parametrize("name", AGREEMENT)
def test_cdse_agrees_with_independent_calculations_as_documented(name):
    atoms, references = reference_atoms("CdSe")
    wave = AbtemEngine().exit_waves(atoms, reference_simulation()).full[0]
    correlation, phase = agreement(wave, references[name])
    assert correlation > AGREEMENT[name][0] - 1e-5
    assert phase < AGREEMENT[name][1] * 1.05


def test_the_finite_projection_is_available():
    atoms, references = reference_atoms("CdSe")
    wave = AbtemEngine().exit_waves(atoms, reference_simulation(projection="finite")).full[0]
    assert agreement(wave, references["abtem_finite"])[1] < 1e-5


def test_an_empty_cell_leaves_the_incident_wave():
    result = waves(some_atoms([], []))
    for wave in (result.full, result.vacuum):
        assert wave.shape == (1, 80, 80)
        np.testing.assert_allclose(wave, 1, atol=1e-6)


def test_an_atom_appears_at_its_row_and_column():
    wave = waves(some_atoms([4.0, 10.0, 2.0], [79]), output_sampling_a=0.1).full[0]
    brightest = np.unravel_index(np.argmax(np.abs(np.angle(wave))), wave.shape)
    assert [int(i) for i in brightest] == [100, 40]


def test_a_thin_light_atom_shifts_the_phase_by_sigma_times_its_projected_potential():
    """Weak phase: the band-limited exit phase is sigma V, but for abTEM's sharpening by 1 % at 2.5 /Å."""
    from abtem.core.energy import energy2sigma
    from abtem.parametrizations import LobatoParametrization

    wave = waves(
        some_atoms([8.0, 8.0, 0.0005], [3], (16.0, 16.0, 0.1)),
        slice_thickness_a=0.1,
        output_sampling_a=0.1,
        beam_energy_kev=3000.0,
    ).full[0]
    k = np.fft.fftfreq(160, 0.1)
    k2 = k[:, None] ** 2 + k**2
    factor = LobatoParametrization().projected_scattering_factor("Li")(k2)  # type: ignore[misc]
    kept = np.sqrt(k2) < 2.5
    # the factor is the Fourier transform of the projected potential; the series has weight 1 / area
    potential = np.fft.fftshift(np.fft.ifft2(factor * kept).real) / 0.1**2
    phase = np.angle(np.fft.ifft2(np.fft.fft2(wave) * kept))
    expected = energy2sigma(3e6) * potential
    assert np.abs(expected).max() > 0.005
    np.testing.assert_allclose(phase, expected, atol=0.003 * expected.max())


def test_the_wave_keeps_its_norm_but_for_what_the_antialias_aperture_stops():
    """Free of scattering beyond 3.33 /Å nothing is lost; a light atom scatters little that far."""
    atoms = some_atoms([8.0, 8.0, 2.0], [6])
    norm = np.mean(np.abs(waves(atoms, output_sampling_a=0.1).full[0]) ** 2)
    assert 1 - 1e-4 < norm <= 1 + 1e-6


def test_the_full_and_the_vacuum_wave_share_the_displaced_particles():
    atoms, _ = reference_atoms("Si")
    half = replace(atoms, particle_atoms=100)
    result = AbtemEngine().exit_waves(half, reference_simulation())
    alone = Atoms(atoms.positions_a[:, :100], atoms.numbers[:100], 100, atoms.cell_a)
    np.testing.assert_allclose(
        result.vacuum, AbtemEngine().exit_waves(alone, reference_simulation()).full, atol=1e-5
    )


def test_the_versions_that_decide_the_numbers_are_named():
    assert AbtemEngine().versions()["abtem"] == "1.0.11"
