import numpy as np
import pytest

from hrtem_assets.campaign import Simulation
from hrtem_assets.waves.cell import grid_points, place_in_cell, slice_count
from hrtem_assets_tests.waves.atoms import CELL_A, small_structure


def simulation(**changes):
    return Simulation.model_validate({"cell_a": CELL_A, "vacuum_a": 3.0} | changes)


@pytest.mark.parametrize("entry", ["substrate", "particles"])
@pytest.mark.parametrize("thickness", [0.7, 1.0, 2.0])
def test_atoms_keep_the_vacuum_from_both_ends_of_a_whole_number_of_slices(entry, thickness):
    settings = simulation(beam_entry=entry, slice_thickness_a=thickness)
    positions, cell, _ = place_in_cell(small_structure(), settings)
    assert cell[2] / thickness == pytest.approx(round(cell[2] / thickness), abs=1e-9)
    assert positions[:, 2].min() == pytest.approx(3.0)
    assert 3.0 - 2e-3 <= cell[2] - positions[:, 2].max() < 3.0 + thickness


def test_the_beam_meets_the_substrate_first_unless_told_otherwise():
    structure = small_structure()
    for entry, substrate_first in (("substrate", True), ("particles", False)):
        z = place_in_cell(structure, simulation(beam_entry=entry))[0][:, 2]
        particles, substrate = z[: structure.particle_atoms], z[structure.particle_atoms :]
        assert bool(substrate.max() < particles.min()) is substrate_first


def test_the_other_beam_entry_reflects_z_alone():
    structure = small_structure()
    (a, cell_a, _), (b, cell_b, _) = (
        place_in_cell(structure, simulation(beam_entry=e)) for e in ("substrate", "particles")
    )
    assert cell_a == cell_b
    np.testing.assert_array_equal(a[:, :2], b[:, :2])
    np.testing.assert_allclose(a[:, 2] + b[:, 2], a[0, 2] + b[0, 2], atol=1e-9)


@pytest.mark.parametrize(("entry", "sign"), [("substrate", 1), ("particles", -1)])
def test_the_exit_plane_is_where_the_far_end_of_the_cell_lies_in_the_structure(entry, sign):
    structure = small_structure()
    positions, cell, exit_plane = place_in_cell(structure, simulation(beam_entry=entry))
    before_exit = sign * (exit_plane - structure.positions_a[:, 2].astype(float))
    np.testing.assert_allclose(before_exit, cell[2] - positions[:, 2], atol=1e-9)


def test_sides_that_are_no_whole_number_of_pixels_or_slices_are_refused_with_a_repair():
    assert grid_points((12.0, 8.0, 1.0), 0.1) == (120, 80)
    with pytest.raises(ValueError, match=r"cell side y = 8\.05 .* change the cell"):
        grid_points((12.0, 8.05, 1.0), 0.1)
    assert slice_count((1.0, 1.0, 9.9), 1.1) == 9
    with pytest.raises(ValueError, match=r"change it to 11 Å"):
        slice_count((1.0, 1.0, 10.5), 1.0)
