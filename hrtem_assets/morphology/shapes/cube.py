"""A cube of {100}, its corners perhaps cut off by {111}."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.imaging.distributions import Drawn, drawn
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.crystals_of_shapes import need_cubic
from hrtem_assets.morphology.shape import Shape, facets


class Cube(Shape):
    """{100}, and {111} at the corners."""

    shape: Literal["cube"] = "cube"
    truncation: Drawn = drawn(
        0.0, "1", "how much of each corner is cut: 0 is a cube, 1 a cuboctahedron", ge=0.0, le=1.0
    )

    def domains(self, crystal: Crystal, rng: np.random.Generator) -> Sequence[Domain]:
        need_cubic(crystal, self.name)
        corner = (3 - self.truncation) / 3**0.5
        families = [((1, 0, 0), 1.0), *([((1, 1, 1), corner)] if self.truncation else [])]
        return [Domain(*facets(crystal, families, "facets"))]
