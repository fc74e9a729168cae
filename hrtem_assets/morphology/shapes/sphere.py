"""A ball."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.shape import Shape


class Sphere(Shape):
    """All atoms within a radius."""

    shape: Literal["sphere"] = "sphere"

    def domains(self, crystal: Crystal, rng: np.random.Generator) -> Sequence[Domain]:
        return [Domain(np.empty((0, 3)), np.empty(0), ball=1.0)]
