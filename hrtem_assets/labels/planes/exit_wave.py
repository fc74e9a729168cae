"""The wave at the exit plane."""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.labels.plane import LabelPlane, LabelSource


class ExitWave(LabelPlane):
    """The elastic exit wave, for networks that retrieve waves."""

    name = "exit_wave"
    definition = (
        "mean over frozen phonons of the exit wave of particles and substrate; the incident amplitude is 1, and an "
        "atom advances the phase"
    )
    dtype = "complex64"
    stored_part = 0.45

    def make(self, source: LabelSource) -> NDArray[np.complex64]:
        return source.read_waves("full").mean(axis=0).astype(np.complex64)
