"""The device engine against the processor's and abTEM: the same tests on an emulated and on a real device."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from hrtem_assets.backend.memory import DeviceMemoryError
from hrtem_assets.campaign import Simulation
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.waves.cuda import multislice
from hrtem_assets.waves.cuda.engine import CudaEngine
from hrtem_assets.waves.cuda.schedule import runs
from hrtem_assets.waves.engines.abtem import AbtemEngine
from hrtem_assets.waves.engines.fused import FusedEngine
from hrtem_assets.waves.phonons import configurations
from hrtem_assets.waves.registry import engine
from hrtem_assets_tests.backend.emulation import EmulatedBackend
from hrtem_assets_tests.waves.atoms import (
    agreement,
    reference_atoms,
    reference_simulation,
    relative_difference,
    small_campaign,
)
from hrtem_assets_tests.waves.engines.test_fused import on_axis_silver, random_atoms, settings

EXACT, FAST = 1e-5, 1.5e-3
CELL = (16.0, 16.0, 12.0)


def phonons(configurations, cell=CELL, seed=0, **changes):
    """Random atoms in several configurations."""
    atoms = random_atoms(cell, seed=seed, **changes)
    positions = [
        random_atoms(cell, seed=100 * seed + s, **changes).positions_a for s in range(configurations)
    ]
    return replace(atoms, positions_a=np.concatenate(positions))


def differences(backend, atoms, simulation, reference=None):
    """Largest relative difference from another engine's waves, full and vacuum."""
    made = CudaEngine(backend).exit_waves(atoms, simulation)
    other = (reference or FusedEngine()).exit_waves(atoms, simulation)
    assert made.full.dtype == np.complex64
    assert made.full.shape == other.full.shape
    return max(relative_difference(getattr(made, n), getattr(other, n)) for n in ("full", "vacuum"))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_several_phonons_give_the_processors_waves(backend, mode):
    assert differences(backend, phonons(3), settings(fused_mode=mode)) < EXACT


@pytest.mark.slow
@pytest.mark.parametrize("lattice", ["CdSe", "Co3O4"])
def test_lattices_on_their_substrates_give_abtems_waves(backend, lattice):
    campaign = small_campaign(frozen_phonons=1, slice_thickness_a=2.0)
    substrate = campaign.substrate.model_copy(update={"thickness_min_a": 6.0, "thickness_max_a": 6.0})
    campaign = campaign.model_copy(update={"substrate": substrate})
    specimen = campaign.specimen(f"{lattice}-medium")
    atoms = configurations(build_structure(campaign, specimen, 0), campaign, specimen, 0)
    assert differences(backend, atoms, campaign.simulation, AbtemEngine()) < EXACT
    fast = campaign.simulation.model_copy(update={"fused_mode": "fast"})
    assert 1e-6 < differences(backend, atoms, fast, AbtemEngine()) < FAST


@pytest.mark.parametrize("lattice", ["Fe"])
def test_reference_waves_agree_as_well_as_on_the_processor(backend, lattice):
    atoms, references = reference_atoms(lattice)
    wave = CudaEngine(backend).exit_waves(atoms, reference_simulation()).full[0]
    assert agreement(wave, references["abtem_infinite"])[1] < 2e-6


@pytest.mark.parametrize("thickness", [0.5, 8.0])
def test_any_slice_thickness_and_element_will_do(backend, thickness):
    atoms = random_atoms((16.0, 16.0, 16.0), numbers=(1, 6, 79, 92))
    assert (
        differences(backend, atoms, settings(slice_thickness_a=thickness, parametrization="kirkland")) < EXACT
    )


@pytest.mark.slow
def test_rounding_does_not_add_up_over_many_slices(backend):
    """The factors of hundreds of transforms are each rounded the same way."""
    atoms = random_atoms((16.0, 16.0, 30.0), count=600, heights=np.arange(0.05, 30, 0.1))
    # 1,200 transforms in succession: cuFFT's own rounding comes to 1.1e-5
    limit = EXACT if isinstance(backend, EmulatedBackend) else 2 * EXACT
    assert differences(backend, atoms, settings(slice_thickness_a=0.1)) < limit


@pytest.mark.parametrize(
    ("cell", "output"),
    [
        pytest.param((16.0, 24.0, 8.0), 0.2, id="pixels a multiple of the bins"),
        pytest.param((21.0, 10.0, 8.0), 0.2, id="pixels no multiple of the bins"),
        pytest.param((10.5, 18.9, 8.0), 0.1, id="odd numbers of pixels"),
        pytest.param((3.2, 2.4, 8.0), 0.2, id="stencils as large as the cell"),
    ],
)
def test_any_rectangular_cell_will_do(backend, cell, output):
    assert differences(backend, random_atoms(cell), settings(output_sampling_a=output)) < EXACT


def test_atoms_on_axis_and_on_grid_points_and_on_slice_boundaries_will_do(backend):
    assert differences(backend, on_axis_silver(), settings()) < EXACT


def test_atoms_at_the_edges_of_the_cell_reach_across_them(backend):
    atoms = random_atoms((16.0, 16.0, 4.0), count=4)
    atoms.positions_a[0, :, :2] = [[0.0, 0.0], [15.99999999, 15.99999999], [15.95, 8.0], [8.0, 0.04]]
    assert differences(backend, atoms, settings()) < EXACT


@pytest.mark.parametrize("heights", [(6.5, 7.5), (0.5, 5.5, 11.5), (0.5, 1.5), (9.5, 11.5), (0.5, 1.0, 11.0)])
@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_slices_without_atoms_only_propagate(backend, heights, mode):
    atoms = random_atoms(CELL, count=30, heights=heights, numbers=(29,))
    assert differences(backend, atoms, settings(fused_mode=mode)) < EXACT


def test_slices_that_are_empty_in_some_phonons_only_will_do(backend):
    atoms = phonons(3, count=12)
    atoms.positions_a[0, :, 2] = 1.5
    atoms.positions_a[1, :, 2] = 7.5
    assert differences(backend, atoms, settings()) < EXACT


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_slices_of_particle_and_substrate_atoms_together_will_do(backend, mode):
    atoms = random_atoms((16.0, 16.0, 6.0), count=60, particle_atoms=30)
    assert differences(backend, atoms, settings(fused_mode=mode)) < EXACT


@pytest.mark.parametrize("particle_atoms", [0, 40])
def test_a_substrate_alone_and_particles_alone_will_do(backend, particle_atoms):
    atoms = random_atoms((16.0, 16.0, 6.0), particle_atoms=particle_atoms)
    assert differences(backend, atoms, settings()) < EXACT


def test_an_empty_cell_leaves_the_incident_wave(backend):
    made = CudaEngine(backend).exit_waves(random_atoms(CELL, count=0, particle_atoms=0), settings())
    assert np.all(made.full == 1)
    assert np.all(made.vacuum == 1)


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_structures_computed_together_are_those_computed_alone(backend, mode):
    """Of different depths, numbers of atoms and elements; one has no atoms, one no particles."""
    heights = ((0.5, 4.5, 5.5), None, (2.5, 3.5), None)
    structures = [
        phonons(
            2, (16.0, 24.0, depth), seed, heights=h, count=count, particle_atoms=particles, numbers=numbers
        )
        for seed, (depth, h, count, particles, numbers) in enumerate(
            zip(
                (6.0, 12.0, 8.0, 7.0),
                heights,
                (40, 25, 0, 30),
                (10, 5, 0, 0),
                ((6, 48), (14,), (6,), (8, 26)),
                strict=True,
            )
        )
    ]
    simulation = settings(fused_mode=mode)
    device = CudaEngine(backend)
    for atoms, together in zip(structures, device.exit_waves_of(structures, simulation), strict=True):
        alone = FusedEngine().exit_waves(atoms, simulation)
        for name in ("full", "vacuum"):
            assert relative_difference(backend.to_host(getattr(together, name)), getattr(alone, name)) < EXACT


def test_a_batch_takes_few_and_long_transforms(monkeypatch):
    device = EmulatedBackend()
    structures = [phonons(2, seed=s, particle_atoms=40) for s in range(2)]
    CudaEngine(device).exit_waves_of(structures, settings())
    # per slice: transmission functions there and back, waves there and back; full and vacuum of both structures at once
    assert max(shape[0] for shape in device.transformed) == 4
    assert len(device.transformed) <= 4 * 12
    monkeypatch.setattr(multislice, "FILLING_PIXELS", 2 * 160 * 160)
    device = EmulatedBackend()
    CudaEngine(device).exit_waves_of(structures, settings())
    wide = [shape[0] for shape in device.transformed if shape[-2:] == (160, 160)]
    assert set(wide) == {1}


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_the_waves_are_the_same_bit_for_bit_in_every_run_and_any_order_of_threads(backend, mode):
    """No thread reads what another one writes."""
    other = EmulatedBackend(last_first=True) if isinstance(backend, EmulatedBackend) else backend
    first, again = (CudaEngine(b).exit_waves(phonons(2), settings(fused_mode=mode)) for b in (backend, other))
    np.testing.assert_array_equal(first.full, again.full)
    np.testing.assert_array_equal(first.vacuum, again.vacuum)


def test_what_is_refused_on_the_processor_is_refused_here(backend):
    device = CudaEngine(backend)
    with pytest.raises(ValueError, match=r"projection = 'finite'.*simulation\.engine to abtem"):
        device.exit_waves(random_atoms(CELL), settings(engine="abtem", projection="finite"))
    with pytest.raises(
        ValueError, match=r"176 points cannot be transformed.*product of 2, 3, 5 and 7; use 175 or 180"
    ):
        device.exit_waves(random_atoms((17.6, 16.0, 4.0)), settings())


def test_structures_of_different_cells_are_refused(backend):
    with pytest.raises(ValueError, match=r"share cell sides and phonons.*split it"):
        CudaEngine(backend).exit_waves_of([random_atoms(CELL), random_atoms((16.0, 24.0, 12.0))], settings())


def test_a_structure_that_does_not_fit_is_refused_with_numbers_and_repairs():
    with pytest.raises(
        DeviceMemoryError,
        match=r"one structure of 160 x 160 pixels and 1 frozen phonons needs 0\.\d+ GB .* may take 0\.10 GB more: "
        r"choose a smaller simulation\.cell_a.*HRTEM_GPU_MEMORY_FRACTION.*device to cpu",
    ):
        CudaEngine(EmulatedBackend(free_bytes=10**8)).exit_waves(random_atoms(CELL), settings())


@pytest.mark.parametrize(("room", "batches"), [(1, [1] * 5), (3, [3, 2]), (9, [5])])
def test_as_many_structures_are_batched_as_fit(room, batches):
    structures = [phonons(2, seed=s) for s in range(5)]
    each, once = multislice.bytes_needed((160, 160), (80, 80), 2, 12, 40)
    device = EmulatedBackend(free_bytes=once + room * each)
    CudaEngine(device).exit_waves_of(structures, settings(fused_mode="fast"))
    # full and vacuum waves of a batch go back to pixels together, in transforms of powers of two
    lengths = [shape[0] for shape in device.transformed if shape[-1] == 80]
    assert lengths == [length for n in batches for _, length in runs(np.ones(2 * n, bool), 16)]


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_a_batch_takes_no_more_memory_than_was_reckoned(mode):
    """All but the work areas of the Fourier transforms, which only a device has."""
    structures = [phonons(4, seed=s, count=150) for s in range(2)]
    made = CudaEngine(EmulatedBackend())
    made.exit_waves_of(structures, settings(fused_mode=mode))
    each, once = multislice.bytes_needed((160, 160), (80, 80), 4, 12, 150)
    work_areas = once - 4 * 160 * 160
    tracemalloc.start()
    try:
        made.exit_waves_of(structures, settings(fused_mode=mode))
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    reckoned = 2 * each + once - work_areas
    assert 0.3 * reckoned < taken < reckoned


def test_a_device_is_given_as_many_structures_as_fill_it():
    filled = CudaEngine(EmulatedBackend())
    assert filled.structures_at_once(Simulation()) == 2  # 8 x 1280 x 1280 pixels each
    assert filled.structures_at_once(settings(frozen_phonons=8)) > 50
    assert FusedEngine().structures_at_once(Simulation()) == 1


def test_the_registry_gives_the_device_to_the_engine_that_can_use_it():
    device = EmulatedBackend()
    assert isinstance(engine("fused", device), CudaEngine)
    assert engine("fused", device).versions() == engine("fused").versions()
    assert isinstance(engine("fused"), FusedEngine)
    assert isinstance(engine("abtem", device), AbtemEngine)
