"""Interpreters that hold what a test puts into them, and the atoms of the file that Prismatic 2.0 wrote."""

import sys
import sysconfig
import venv
from pathlib import Path

import numpy as np

from hrtem_assets.campaign import Simulation
from hrtem_assets.waves.engine import Atoms

# exit wave of RECORDED_ATOMS under RECORDED_SIMULATION, written by Prismatic 2.0
RECORDED = Path(__file__).parents[2] / "data" / "prismatic_2.0_hrtem.h5"
RECORDED_ATOMS = Atoms(
    positions_a=np.array([[[3.05, 4.1, 2.2], [3.05, 9.93, 5.1], [9.6, 4.1, 6.7], [6.4, 12.27, 3.3]]]),
    numbers=np.array([79, 29, 14, 6], np.uint8),
    particle_atoms=4,
    cell_a=(12.8, 16.0, 8.0),
)
RECORDED_SIMULATION = Simulation(cell_a=32.0, slice_thickness_a=2.0, parametrization="kirkland")

# a package that passes for 2.0; `{go}` is what its simulation does
STAND_IN = """
class Metadata:
    fields = ["potential3D", "zSampling", "saveComplexOutputWave", "minXtilt"]
    def __init__(self, **parameters):
        self.__dict__.update(parameters)
    def go(self, display_run_time):
        print("started", flush=True)
        {go}
"""


def interpreter(folder: Path, modules: dict[str, str], with_ours: bool = False) -> Path:
    """A fresh environment's interpreter.

    Args:
        folder: where the environment is made.
        modules: source text by file name within its packages' folder.
        with_ours: whether it also finds the packages of the running interpreter.
    """
    venv.create(folder, symlinks=True)
    packages = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    for name, text in modules.items():
        path = packages / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if with_ours:
        ours = {sysconfig.get_paths()[kind] for kind in ("purelib", "platlib")}
        (packages / "ours.pth").write_text("\n".join(ours))
    return folder / "bin" / "python"


def stand_in(folder: Path, go: str) -> Path:
    """An interpreter whose `pyprismatic` does `go` (one line of Python) in place of a simulation."""
    modules = {
        "pyprismatic/__init__.py": "from pyprismatic.params import Metadata",
        "pyprismatic/params.py": STAND_IN.format(go=go),
    }
    return interpreter(folder, modules, with_ours=True)
