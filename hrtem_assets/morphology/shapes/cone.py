"""A cone, its axis along a direction of the crystal."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.imaging.distributions import Drawn, drawn
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.prisms import ROUND_SIDES
from hrtem_assets.morphology.shape import Direction, Shape, round_sides


class Cone(Shape):
    """A cone with a flat base, which lies on the support if the particle rests; its tip points along the axis."""

    shape: Literal["cone"] = "cone"
    axis: Direction = Field((0, 0, 1), description="direction [uvw] from the base to the tip")
    half_angle_deg: Drawn = drawn(25.0, "°", "angle between axis and side", ge=5.0, le=75.0)
    truncation: Drawn = drawn(0.0, "1", "part of the height that is cut off at the tip", ge=0.0, le=0.9)

    def contact_normal(self, crystal: Crystal) -> NDArray[np.float64] | None:
        return -crystal.direction(self.axis) if any(self.axis) else None

    def domains(self, crystal: Crystal, rng: np.random.Generator) -> Sequence[Domain]:
        if not any(self.axis):
            raise ValueError("axis = (0, 0, 0) is no direction; write indices such as [0, 0, 1]")
        axis, angle = crystal.direction(self.axis), math.radians(self.half_angle_deg)
        sides = math.cos(angle) * round_sides(axis, ROUND_SIDES) + math.sin(angle) * axis
        # the tip is at height 1 over the base, the centre of mass at a quarter of it
        normals = np.concatenate([sides, -axis[None]])
        distances = np.append(np.full(len(sides), 0.75 * math.sin(angle)), 0.25)
        domain = Domain(normals, distances)
        return [domain.cut(axis, 0.75 - self.truncation) if self.truncation else domain]
