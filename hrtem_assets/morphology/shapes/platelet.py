"""A thin plate."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.imaging.distributions import Drawn, drawn
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.prisms import prism
from hrtem_assets.morphology.shape import Plane, Shape


class Platelet(Shape):
    """A plate with a plane of the crystal as its face, round or with facets around it."""

    shape: Literal["platelet"] = "platelet"
    plane: Plane = Field(description="Miller indices of its two faces")
    aspect: Drawn = drawn(0.25, "1", "thickness over width", ge=0.05, le=1.0)
    sides: tuple[Plane, ...] = Field(
        (),
        max_length=10,
        description="planes of the sides, of each the family across the face; round by default",
    )

    def domains(self, crystal: Crystal, rng: np.random.Generator) -> Sequence[Domain]:
        axis = crystal.normal(self.plane) if any(self.plane) else None
        return [prism(crystal, axis, self.aspect, self.sides, (), field="plane")]
