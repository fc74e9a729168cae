import numpy as np
import pytest

from hrtem_assets.waves.cell import place_in_cell
from hrtem_assets.waves.exit_waves import simulate
from hrtem_assets.waves.registry import ENGINES, engine
from hrtem_assets_tests.waves.atoms import relative_difference, small_campaign, small_structure


def test_one_call_gives_both_waves_on_the_output_grid_and_the_exit_plane():
    campaign, structure = small_campaign(), small_structure()
    waves, exit_plane = simulate(campaign, campaign.specimen("CdSe-medium"), structure, 0)
    assert waves.full.shape == waves.vacuum.shape == (2, 160, 160)
    assert waves.full.dtype == waves.vacuum.dtype == np.complex64
    assert exit_plane == place_in_cell(structure, campaign.simulation)[2]
    assert relative_difference(waves.full, waves.vacuum) > 1e-2  # the substrate is seen


def test_a_structure_simulated_alone_equals_itself_in_a_series():
    campaign, structure = small_campaign(frozen_phonons=1), small_structure()
    specimen = campaign.specimen("CdSe-medium")
    first, other, again = (simulate(campaign, specimen, structure, i)[0].full for i in (3, 4, 3))
    np.testing.assert_array_equal(again, first)
    assert relative_difference(other, first) > 1e-2


def test_an_unknown_engine_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="abtem"):
        engine("teapot")
    assert all(engine(name).name == name for name in ENGINES)
