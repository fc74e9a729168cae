"""A tetrahedron of {111}, its corners perhaps cut off."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.imaging.distributions import Drawn, drawn
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.crystals_of_shapes import need_cubic
from hrtem_assets.morphology.shape import Shape

_FACES: tuple[tuple[int, int, int], ...] = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))


class Tetrahedron(Shape):
    """Four of the eight {111}, and the other four at the corners."""

    shape: Literal["tetrahedron"] = "tetrahedron"
    truncation: Drawn = drawn(
        0.0, "1", "how much of each corner is cut: 0 is a tetrahedron, 1 an octahedron", ge=0.0, le=1.0
    )

    def domains(self, crystal: Crystal, rng: np.random.Generator) -> Sequence[Domain]:
        need_cubic(crystal, self.name)
        normals = np.array([crystal.normal(plane) for plane in _FACES])
        distances = np.ones(4)
        if self.truncation:
            normals = np.concatenate([normals, -normals])
            distances = np.append(distances, np.full(4, 3 - 2 * self.truncation))
        return [Domain(normals, distances)]
