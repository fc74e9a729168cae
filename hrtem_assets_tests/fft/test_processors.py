"""The same bits on processors with wider and narrower vectors."""

import os
import subprocess
import sys

import pytest

from hrtem_assets.fft import LANES

# what a machine with AVX2 and without AVX-512 would see and compile
NARROW = {"NUMBA_CPU_NAME": "haswell", "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"}
PROGRAM = """
import sys
from hashlib import blake2b

import llvmlite.binding
import numpy as np

features = llvmlite.binding.get_host_cpu_features()
if "narrow" in sys.argv:
    for name in features:
        features[name] = features[name] and not name.startswith("avx512")
    llvmlite.binding.get_host_cpu_features = lambda: features

from hrtem_assets.campaign import Optics, Simulation
from hrtem_assets.fft import LANES
from hrtem_assets.imaging.focal_series import FocalSeries
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.waves.engine import Atoms
from hrtem_assets.waves.engines.fused import FusedEngine
from hrtem_assets.fft import LANES

cell_a = (25.6, 19.2, 6.0)
positions_a = np.random.default_rng(1).random((1, 150, 3)) * cell_a
atoms = Atoms(positions_a, np.repeat([34, 48, 6], 50).astype(np.uint8), 100, cell_a)
print(LANES)
waves = FusedEngine().exit_waves(atoms, Simulation(cell_a=25.6))
image = FocalSeries.of(waves.full, 0.2, wavelength_a(300.0), Optics()).intensity(50.0)
print(*(blake2b(part.tobytes()).hexdigest() for part in (waves.full, waves.vacuum, image)))
"""


def digests(*arguments: str, **variables: str) -> list[str]:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    ran = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=True)
    return ran.stdout.split()


@pytest.mark.slow
@pytest.mark.skipif(LANES != 16, reason="this processor has no AVX-512 to compare with")
def test_waves_and_images_are_the_same_bit_for_bit_with_avx2_and_with_avx512(tmp_path):
    wide, narrow = digests(), digests("narrow", **NARROW, NUMBA_CACHE_DIR=str(tmp_path))
    assert (wide[0], narrow[0]) == ("16", "8")
    assert wide[1:] == narrow[1:]
