import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.waves.prismatic.inputs import atoms_file, parameters
from hrtem_assets_tests.waves.prismatic.interpreters import RECORDED_ATOMS, RECORDED_SIMULATION

CELL_A = (12.8, 16.0, 8.0)


def test_the_file_holds_comment_cell_atoms_and_end_with_the_beam_from_the_far_side():
    text = atoms_file(np.array([[1.5, 2.5, 0.5], [3.0, 4.0, 8.0]]), np.array([79, 6], np.uint8), CELL_A)
    comment, cell, first, second, end, nothing = text.split("\n")
    assert comment
    assert cell.split() == ["12.80000000", "16.00000000", "8.00000000"]
    assert first.split() == ["79", "1.50000000", "2.50000000", "7.50000000", "1", "0"]
    assert second.split() == ["6", "3.00000000", "4.00000000", "0.00000000", "1", "0"]
    assert (end, nothing) == ("-1", "")


def one_atom(number=6, z=1.0):
    return np.array([[1.0, 1.0, z]]), np.array([number], np.uint8), CELL_A


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (one_atom(number=0), "atomic number 0 must be between 1 and 103"),
        (one_atom(number=104), "atomic number 104 must be between 1 and 103"),
        (one_atom(z=-0.1), "z = -0.1 Å, outside the cell"),
        (one_atom(z=8.1), "between 0 and 8.0 Å"),
        (one_atom(z=float("nan")), "NaN or infinity"),
        ((np.empty((0, 3)), np.empty(0, np.uint8), CELL_A), "at least one atom"),
        ((np.ones((2, 3)), np.ones(1, np.uint8), CELL_A), "one position"),
    ],
)
def test_what_would_end_prismatic_or_yield_nan_is_refused_beforehand(arguments, words):
    with pytest.raises(ValueError, match=words):
        atoms_file(*arguments)


def test_every_configuration_is_run_without_thermal_effects_in_three_dimensions_and_on_our_grid():
    made = parameters(RECORDED_ATOMS.cell_a, RECORDED_SIMULATION)
    assert made["algorithm"] == "hrtem"
    assert made["potential3D"] is True
    assert made["numFP"] == 1
    assert made["includeThermalEffects"] is False
    assert made["includeOccupancy"] is False
    assert made["realspacePixelSizeX"] == made["realspacePixelSizeY"] == 0.1
    assert made["zSampling"] == 18
    assert made["sliceThickness"] == 2.0
    assert made["probeDefocus"] == 4.0
    assert made["potBound"] == 5.0
    assert made["numThreads"] == 1


def test_a_cell_that_is_no_multiple_of_four_pixels_is_refused():
    with pytest.raises(ValueError, match=r"side y = 162 pixels .* multiple of 4"):
        parameters((12.8, 16.2, 8.0), RECORDED_SIMULATION)


def test_settings_that_prismatic_cannot_follow_are_refused():
    with pytest.raises(ValueError, match="Kirkland"):
        parameters(CELL_A, RECORDED_SIMULATION.model_copy(update={"parametrization": "lobato"}))


@given(st.floats(0.4, 4.0), st.integers(1, 400))
def test_prismatic_finds_as_many_slices_as_we_do(thickness_a, slices):
    simulation = RECORDED_SIMULATION.model_copy(update={"slice_thickness_a": thickness_a})
    depth_a = slices * thickness_a
    thickness = np.float32(parameters((12.8, 16.0, depth_a), simulation)["sliceThickness"])
    # as Prismatic counts them
    assert np.ceil(np.float32(depth_a) / thickness) == slices
    assert thickness == pytest.approx(thickness_a, rel=1e-6)
