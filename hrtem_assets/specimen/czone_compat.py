"""The one door to Construction Zone: what it needs to import, to keep quiet and to take chosen stacking faults.

Importing this module takes about a second; modules that are imported at start-up import it inside functions.
"""

import contextlib
import io
import types
from typing import Any

import numpy as np
import pymatgen
import pymatgen.core

for _name in ("Composition", "Element", "Lattice", "Molecule", "Site", "Species", "Structure"):
    # czone imports these from the place where pymatgen kept them before 2022
    if not hasattr(pymatgen, _name):
        setattr(pymatgen, _name, getattr(pymatgen.core, _name))

with contextlib.redirect_stdout(io.StringIO()):
    from czone.generator import AmorphousGenerator, Generator
    from czone.prefab import prefab as _prefab
    from czone.scene import Scene
    from czone.transform import Rotation, Translation
    from czone.volume import BaseVolume, MultiVolume, Plane, Sphere, Volume, makeRectPrism
    from czone.volume import volume as _volume
    from czone.volume.algebraic import snap_plane_near_point

# `Volume.populate_atoms` prints three lines; this name shadows the builtin within that module alone
_volume.print = lambda *_args, **_kwargs: None

__all__ = [
    "AmorphousGenerator",
    "BaseVolume",
    "Generator",
    "MultiVolume",
    "Plane",
    "Rotation",
    "Scene",
    "Sphere",
    "Translation",
    "Volume",
    "crystal_axes_as_columns",
    "makeRectPrism",
    "wurtzite_faults",
]


def crystal_axes_as_columns(generator: Generator) -> None:
    """Mend the bases of a newly built generator, which uses pymatgen's row vectors as columns.

    Without it hexagonal crystals get three neighbours instead of four; cubic ones are unaffected.
    """
    generator.voxel.bases = generator.voxel.bases.T


def wurtzite_faults(volume: Volume, generator: Generator, planes: list[int]) -> MultiVolume:
    """A wurtzite volume with I1 stacking faults on chosen planes, by czone's `wurtziteStackingFault`.

    The prefab draws its planes by `get_N_splits`, which takes no seed from it and can loop forever; it is
    run here with that one function exchanged for the choice already made.

    Args:
        volume: bounded by one sphere, whose centre lies within one unit cell of the origin.
        generator: wurtzite crystal in its standard orientation, with its origin at 0.
        planes: ascending heights of the fault planes in units of c/2.
    """
    sphere = next(o for o in volume.alg_objects if isinstance(o, Sphere))
    bottom = snap_plane_near_point(
        np.array([0.0, 0.0, -sphere.radius]), generator, (0, 0, 2), mode="floor"
    ).point[2]
    half_c = generator.lattice.c / 2
    indices = [plane - round(bottom / half_c) for plane in planes]

    def chosen_splits(_n: int, _min_separation: int, _planes: int) -> list[int]:
        return list(indices)

    original: Any = _prefab.wurtziteStackingFault.build_object
    build = types.FunctionType(
        original.__code__, {**vars(_prefab), "get_N_splits": chosen_splits}, "build_object", (False,)
    )
    return build(_prefab.wurtziteStackingFault(generator=generator, volume=volume, N=len(planes)))
