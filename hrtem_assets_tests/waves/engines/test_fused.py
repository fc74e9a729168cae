from dataclasses import replace

import numpy as np
import pytest

from hrtem_assets.campaign import Simulation
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.waves.engine import Atoms
from hrtem_assets.waves.engines.abtem import AbtemEngine
from hrtem_assets.waves.engines.fused import FusedEngine
from hrtem_assets.waves.fused.multislice import Multislice
from hrtem_assets.waves.phonons import configurations
from hrtem_assets_tests.waves.atoms import (
    REFERENCE_LATTICES,
    agreement,
    reference_atoms,
    reference_simulation,
    relative_difference,
    small_campaign,
)

EXACT, FAST = 1e-5, 1.5e-3
LATTICES = ("ZnS", "CdSe", "Cu", "Ag", "C", "Si", "Fe3O4", "Co3O4", "Fe")
# documented agreement of independent calculations with abTEM's infinite projections: correlation, rms phase
PRISMATIC = {
    "CdSe": (0.99966, 0.0022),
    "Cu": (0.99965, 0.0028),
    "Si": (0.99984, 0.0010),
    "Fe3O4": (0.99978, 0.0018),
    "Fe": (0.99980, 0.0024),
}
FINITE = {
    "CdSe": (0.99973, 0.0020),
    "Cu": (0.99976, 0.0025),
    "Si": (0.99989, 0.0009),
    "Fe3O4": (0.99985, 0.0016),
    "Fe": (0.99986, 0.0024),
}


def differences(atoms: Atoms, simulation: Simulation, threads: int = 1) -> tuple[float, float]:
    """Relative difference of the fused engine's waves from abTEM's, full and vacuum."""
    fused = FusedEngine(threads).exit_waves(atoms, simulation)
    reference = AbtemEngine().exit_waves(atoms, simulation)
    assert fused.full.dtype == np.complex64
    assert fused.full.shape == reference.full.shape
    return (
        relative_difference(fused.full, reference.full),
        relative_difference(fused.vacuum, reference.vacuum),
    )


def settings(**changes) -> Simulation:
    return Simulation.model_validate({"cell_a": 16.0} | changes)


def random_atoms(cell, count=40, particle_atoms=15, seed=0, heights=None, numbers=(6, 34, 48)):
    rng = np.random.default_rng(seed)
    positions = rng.uniform(0, cell, (1, count, 3))
    if heights is not None:
        positions[..., 2] = np.resize(heights, count)
    return Atoms(positions, rng.choice(numbers, count).astype(np.uint8), particle_atoms, cell)


def on_axis_silver(cell=(16.0, 24.0, 24.0)):
    """Columns of atoms at rest, exactly over each other and exactly on grid points."""
    unit = np.array([[0, 0, 0], [2, 2, 0], [2, 0, 2], [0, 2, 2]], float)
    shifts = np.stack(np.meshgrid(*(np.arange(0, side, 4.0) for side in cell), indexing="ij"), -1)
    positions = (shifts.reshape(-1, 1, 3) + unit).reshape(1, -1, 3)
    return Atoms(positions, np.full(positions.shape[1], 47, np.uint8), positions.shape[1], cell)


@pytest.mark.parametrize("lattice", LATTICES)
def test_every_lattice_on_its_substrate_gives_abtems_waves(lattice):
    campaign = small_campaign(frozen_phonons=1, slice_thickness_a=2.0)
    substrate = campaign.substrate.model_copy(update={"thickness_min_a": 6.0, "thickness_max_a": 6.0})
    campaign = campaign.model_copy(update={"substrate": substrate})
    specimen = campaign.specimen(f"{lattice}-medium")
    structure = build_structure(campaign, specimen, 0)
    atoms = configurations(structure, campaign, specimen, 0)
    assert max(differences(atoms, campaign.simulation)) < EXACT
    fast = campaign.simulation.model_copy(update={"fused_mode": "fast"})
    full, vacuum = differences(atoms, fast)
    assert 1e-6 < full < FAST
    assert vacuum < FAST


@pytest.mark.parametrize("lattice", REFERENCE_LATTICES)
def test_reference_waves_agree_as_well_as_documented(lattice):
    atoms, references = reference_atoms(lattice)
    wave = FusedEngine().exit_waves(atoms, reference_simulation()).full[0]
    assert relative_difference(wave, references["abtem_infinite"]) < 3e-3  # another rule at Nyquist
    assert agreement(wave, references["abtem_infinite"])[1] < 2e-6
    for name, documented in (("prismatic", PRISMATIC), ("abtem_finite", FINITE)):
        correlation, phase = agreement(wave, references[name])
        assert correlation > documented[lattice][0] - 1e-5
        assert phase < documented[lattice][1] + 5e-5


@pytest.mark.parametrize("parametrization", ["lobato", "kirkland"])
@pytest.mark.parametrize("thickness", [0.5, 2.0, 8.0])
def test_any_slice_thickness_and_parametrization_will_do(parametrization, thickness):
    atoms = random_atoms((16.0, 16.0, 16.0), numbers=(1, 6, 79, 92))
    assert (
        max(differences(atoms, settings(parametrization=parametrization, slice_thickness_a=thickness)))
        < EXACT
    )


@pytest.mark.parametrize(
    ("cell", "output"),
    [
        pytest.param((16.0, 24.0, 8.0), 0.2, id="rows a multiple of the lanes"),
        pytest.param((21.0, 10.0, 8.0), 0.2, id="rows no multiple of the lanes"),
        pytest.param((10.5, 18.9, 8.0), 0.1, id="odd numbers of pixels"),
    ],
)
def test_any_rectangular_cell_will_do(cell, output):
    assert max(differences(random_atoms(cell), settings(output_sampling_a=output))) < EXACT


def test_atoms_on_axis_and_on_grid_points_and_on_slice_boundaries_will_do():
    assert max(differences(on_axis_silver(), settings())) < EXACT


def test_atoms_at_the_edges_of_the_cell_reach_across_them():
    atoms = random_atoms((16.0, 16.0, 4.0), count=4)
    atoms.positions_a[0, :, :2] = [[0.0, 0.0], [15.99999999, 15.99999999], [15.95, 8.0], [8.0, 0.04]]
    assert max(differences(atoms, settings())) < EXACT


@pytest.mark.parametrize(
    "heights",
    [
        pytest.param((6.5, 7.5), id="before and after"),
        pytest.param((0.5, 5.5, 11.5), id="inside"),
        pytest.param((0.5, 1.5, 2.5), id="after"),
        pytest.param((9.5, 11.5), id="before"),
        pytest.param((0.5, 1.0, 11.0), id="atoms on boundaries"),
    ],
)
@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_slices_without_atoms_only_propagate(heights, mode):
    """Between the slices of a particle as well, where a scale factor once went wrong."""
    atoms = random_atoms((16.0, 16.0, 12.0), count=30, heights=heights, numbers=(29,))
    limit = EXACT if mode == "exact" else FAST
    assert max(differences(atoms, settings(fused_mode=mode))) < limit


def test_slices_of_particle_and_substrate_atoms_together_will_do():
    atoms = random_atoms((16.0, 16.0, 6.0), count=60, particle_atoms=30)
    assert max(differences(atoms, settings())) < EXACT


@pytest.mark.parametrize("particle_atoms", [0, 40])
def test_a_substrate_alone_and_particles_alone_will_do(particle_atoms):
    atoms = random_atoms((16.0, 16.0, 6.0), particle_atoms=particle_atoms)
    result = FusedEngine().exit_waves(atoms, settings())
    assert max(differences(atoms, settings())) < EXACT
    if particle_atoms:
        np.testing.assert_array_equal(result.full, result.vacuum)
    else:
        np.testing.assert_allclose(result.vacuum, 1, atol=1e-6)


def test_an_empty_cell_leaves_the_incident_wave():
    empty = random_atoms((16.0, 16.0, 4.0), count=0, particle_atoms=0)
    result = FusedEngine().exit_waves(empty, settings())
    assert np.all(result.full == 1)
    assert np.all(result.vacuum == 1)


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_the_waves_are_the_same_bit_for_bit_for_any_number_of_threads(mode):
    atoms = random_atoms((16.0, 16.0, 12.0))
    phonons = np.concatenate([random_atoms((16.0, 16.0, 12.0), seed=s).positions_a for s in range(5)])
    atoms = replace(atoms, positions_a=phonons)
    one, two, again = (FusedEngine(n).exit_waves(atoms, settings(fused_mode=mode)) for n in (1, 2, 1))
    for other in (two, again):
        np.testing.assert_array_equal(one.full, other.full)
        np.testing.assert_array_equal(one.vacuum, other.vacuum)


def test_a_phonon_does_not_depend_on_those_before_it():
    atoms = random_atoms((16.0, 16.0, 12.0))
    twice = replace(atoms, positions_a=np.concatenate([atoms.positions_a[:, ::-1], atoms.positions_a]))
    alone, second = (FusedEngine().exit_waves(a, settings()) for a in (atoms, twice))
    np.testing.assert_array_equal(alone.full[0], second.full[1])


def test_finite_projections_are_refused_with_a_repair():
    with pytest.raises(ValueError, match=r"projection = 'finite'.*simulation\.engine to abtem"):
        FusedEngine().exit_waves(
            random_atoms((16.0, 16.0, 4.0)), Simulation(cell_a=16.0, engine="abtem", projection="finite")
        )


def test_no_threads_are_refused():
    with pytest.raises(ValueError, match="threads = 0"):
        FusedEngine(0)


def test_a_failure_in_one_configuration_ends_the_run_instead_of_hanging_it(monkeypatch):
    def fail(*_):
        raise MemoryError("no room")

    monkeypatch.setattr(Multislice, "exit_waves", fail)
    atoms = random_atoms((16.0, 16.0, 4.0))
    phonons = replace(atoms, positions_a=np.repeat(atoms.positions_a, 4, axis=0))
    with pytest.raises(MemoryError, match="no room"):
        FusedEngine(2).exit_waves(phonons, settings())
