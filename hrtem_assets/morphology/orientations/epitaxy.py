"""Grown on a crystalline support."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hrtem_assets.base.model import YesNo
from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.exact import product
from hrtem_assets.imaging.distributions import Drawn, drawn
from hrtem_assets.morphology.orientation import Orientation, Surroundings, about, frame, tilt
from hrtem_assets.morphology.shape import Direction, Plane

_ALIKE = 0.9999
# the cosine of 88 degrees: a slab is strained a little to fit its cell
_IN_FACE = 0.035


class Epitaxy(Orientation):
    """A plane of the particle lies on the support's face, and a direction in it along one of the support: for platinum
    on ceria, plane [1, 1, 1] and direction [1, -1, 0] along [1, -1, 0].
    """

    orientation: Literal["epitaxy"] = "epitaxy"
    rests: ClassVar[bool] = True
    needs_crystal: ClassVar[bool] = True
    plane: Plane = Field(description="plane (hkl) of the particle that faces the support")
    direction: Direction = Field(description="direction [uvw] of the particle in that plane")
    along: Direction = Field(
        description="direction [uvw] of the support, in its face, that it is parallel to"
    )
    both_senses: YesNo = Field(
        True, description="whether half of the particles are turned by 180° about the face's normal"
    )
    tilt_deg: Drawn = drawn(0.0, "°", "angle between the two normals", ge=0.0, le=30.0)
    spin_deg: Drawn = drawn(0.0, "°", "deviation about the face's normal", ge=-180.0, le=180.0)

    def refusal(self, crystal: Crystal, contact: NDArray[np.float64] | None) -> str | None:
        for name in ("plane", "direction", "along"):
            if not any(getattr(self, name)):
                return f"orientation.{name} = (0, 0, 0) names nothing; write indices such as [1, 1, 0]"
        h, k, m = self.plane
        u, v, w = self.direction
        if h * u + k * v + m * w:
            return (
                f"orientation.direction = {self.direction} does not lie in plane = {self.plane}: hu + kv + lw must "
                "be 0; choose one that does"
            )
        if contact is not None and product(contact, crystal.normal(self.plane)) < _ALIKE:
            return (
                f"orientation.plane = {self.plane} is not the face that the shape has for the support; name the "
                "same plane in both"
            )
        return super().refusal(crystal, contact)

    def support_refusal(self, support: Crystal, normal: NDArray[np.float64]) -> str | None:
        if abs(product(support.direction(self.along), normal)) > _IN_FACE:
            return (
                f"orientation.along = {self.along} does not lie in the support's face; choose a direction at right "
                "angles to its normal, or another zone_axis or edge_plane"
            )
        return None

    def rotation(
        self,
        crystal: Crystal,
        contact: NDArray[np.float64] | None,
        around: Surroundings,
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        assert around.support is not None
        settled = self.drawn(lambda _, of: of.draw(rng))
        support, turned = around.support
        grown = frame(crystal.normal(self.plane), crystal.direction(self.direction))
        turn = product(frame(around.down, product(turned, support.direction(self.along))), grown.T)
        half = 180.0 if self.both_senses and rng.integers(2) else 0.0
        return product(
            tilt(settled.tilt_deg, around.down, rng),
            about(around.down, settled.spin_deg + half),
            turn,
        )
