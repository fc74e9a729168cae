import pytest

from hrtem_assets.campaign import PrismaticFields, Simulation
from hrtem_assets.waves.prismatic import cost

CELL_A = (128.0, 128.0, 100.0)
SIMULATION = Simulation(parametrization="kirkland", slice_thickness_a=2.0)


def test_memory_is_20_bytes_per_grid_point_and_slice_as_measured():
    # 1.82 GB were measured at 1280 x 1280 pixels and 50 slices, 3.39 GB at 99
    assert cost.memory_bytes(CELL_A, SIMULATION) == pytest.approx(1.82e9, rel=0.03)
    thin = SIMULATION.model_copy(update={"slice_thickness_a": 1.0})
    assert cost.memory_bytes((128.0, 128.0, 99.0), thin) == pytest.approx(3.39e9, rel=0.03)


def test_what_does_not_fit_is_refused_with_need_and_repair(monkeypatch):
    monkeypatch.setattr(cost, "available_bytes", lambda: 1_000_000_000)
    with pytest.raises(MemoryError) as caught:
        cost.require_memory(CELL_A, SIMULATION)
    for words in ("1.8 GB", "1280 x 1280 pixels and 50 slices", "1.0 GB are available", "fewer workers"):
        assert words in str(caught.value)


def test_what_fits_is_let_through(monkeypatch):
    monkeypatch.setattr(cost, "available_bytes", lambda: 2_000_000_000)
    cost.require_memory(CELL_A, SIMULATION)


def test_the_machine_has_memory_with_and_without_linux_own_estimate(monkeypatch, tmp_path):
    estimated = cost.available_bytes()
    monkeypatch.setattr(cost, "_MEMINFO", tmp_path / "absent")
    installed = cost.available_bytes()
    assert 1e8 < estimated <= installed < 1e15


def test_time_grows_with_atoms_and_with_the_bound_of_potentials():
    def seconds(atoms, bound_a):
        prismatic = PrismaticFields.of(SIMULATION).prismatic.model_copy(update={"potential_bound_a": bound_a})
        return cost.cpu_seconds(atoms, CELL_A, SIMULATION.model_copy(update={"prismatic": prismatic}))

    assert seconds(2000, 5.0) > 1.5 * seconds(1000, 5.0)
    assert seconds(60_000, 5.0) > 2 * seconds(60_000, 3.0)
