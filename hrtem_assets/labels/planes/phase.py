"""The phase of the particles' own wave."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.labels.plane import LabelPlane, LabelSource


class Phase(LabelPlane):
    """The phase that the source's mask is cut from, before threshold and smoothing."""

    name = "phase"
    definition = "phase of the phonon-mean exit wave of the particles in vacuum; beyond half a turn it wraps"
    dtype = "float32"
    units = "rad"
    stored_part = 0.9

    def make(self, source: LabelSource) -> NDArray[np.float32]:
        return np.angle(source.vacuum_waves.mean(axis=0)).astype(np.float32)

    def on_image(self, plane: NDArray[Any], regrid: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[Any]:
        # no phase lies between those on both sides of a wrap
        same = regrid(plane)
        return plane if same is plane else np.angle(regrid(np.exp(1j * plane))).astype(np.float32)
