"""A rod along a direction of the crystal."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.imaging.distributions import Drawn, drawn
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.prisms import prism
from hrtem_assets.morphology.shape import Direction, Plane, Shape


class Rod(Shape):
    """A prism along an axis, round or with facets, its ends flat or pointed."""

    shape: Literal["rod"] = "rod"
    axis: Direction = Field(description="direction [uvw] of its length")
    aspect: Drawn = drawn(3.0, "1", "length over width", ge=1.0, le=20.0)
    sides: tuple[Plane, ...] = Field(
        (),
        max_length=10,
        description="planes of the sides, of each the family that holds the axis; round by default",
    )
    ends: tuple[Plane, ...] = Field(
        (),
        max_length=10,
        description="planes of the ends, of each the whole family; flat across the axis by default",
    )

    def domains(self, crystal: Crystal, rng: np.random.Generator) -> Sequence[Domain]:
        return [
            prism(
                crystal,
                crystal.direction(self.axis) if any(self.axis) else None,
                self.aspect,
                self.sides,
                self.ends,
            )
        ]
