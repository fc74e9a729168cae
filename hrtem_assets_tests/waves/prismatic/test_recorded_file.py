"""A small file that the real Prismatic 2.0 wrote, read back."""

import numpy as np
import pytest

from hrtem_assets.waves.agreement import INDEPENDENT, agreement
from hrtem_assets.waves.engines.abtem import AbtemEngine
from hrtem_assets.waves.engines.prismatic import PrismaticEngine
from hrtem_assets.waves.prismatic.bridge import read_wave
from hrtem_assets.waves.prismatic.environment import VARIABLE
from hrtem_assets_tests.waves.prismatic.interpreters import (
    RECORDED,
    RECORDED_ATOMS,
    RECORDED_SIMULATION,
    stand_in,
)


def test_the_reader_finds_the_wave_with_x_first_on_half_the_grid():
    wave = read_wave(str(RECORDED))
    assert wave.shape == (64, 80)
    assert wave.dtype == np.complex64
    assert np.abs(wave).mean() == pytest.approx(1, abs=1e-3)


def test_the_recorded_wave_is_the_wave_of_its_atoms_by_abtem(tmp_path, monkeypatch):
    # replayed through the whole engine: orientation, sign and exit plane are as in the other engines
    replay = stand_in(tmp_path / "env", f"import shutil; shutil.copy({str(RECORDED)!r}, self.filenameOutput)")
    monkeypatch.setenv(VARIABLE, str(replay))
    found = PrismaticEngine().exit_waves(RECORDED_ATOMS, RECORDED_SIMULATION)
    expected = AbtemEngine().exit_waves(RECORDED_ATOMS, RECORDED_SIMULATION)
    assert found.full.shape == found.vacuum.shape == (1, 80, 64)
    np.testing.assert_array_equal(found.full, found.vacuum)
    assert not INDEPENDENT.broken(agreement(found.full[0], expected.full[0], 0.2))


def test_a_file_of_another_mode_is_told_apart(tmp_path):
    import h5py

    path = tmp_path / "stem.h5"
    with h5py.File(path, "w") as file:
        file["4DSTEM_simulation/data/realslices/annular_detector_depth0000/data"] = np.zeros((2, 2))
    with pytest.raises(KeyError, match="no HRTEM simulation was run"):
        read_wave(str(path))
