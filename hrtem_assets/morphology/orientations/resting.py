"""A plane of the particle on the support."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.exact import product
from hrtem_assets.imaging.distributions import Drawn, Uniform, drawn
from hrtem_assets.morphology.orientation import Orientation, Surroundings, about, any_across, frame, tilt
from hrtem_assets.morphology.shape import Direction, Plane


class Resting(Orientation):
    """A plane faces the support, the shape's own contact face or one that is named; spun about its normal."""

    orientation: Literal["resting"] = "resting"
    rests: ClassVar[bool] = True
    plane: Plane | None = Field(
        None, description="plane (hkl) that faces the support; the shape's contact by default"
    )
    tilt_deg: Drawn = drawn(
        0.0, "°", "angle between the plane's normal and that of the support", ge=0.0, le=90.0
    )
    spin_deg: Drawn = drawn(
        Uniform(uniform=(0.0, 360.0)),
        "°",
        "rotation about the support's normal, from `direction` along y",
        ge=-360.0,
        le=360.0,
    )
    direction: Direction | None = Field(
        None, description="direction [uvw] that lies along y, or nearest to it, at spin 0; any by default"
    )

    def refusal(self, crystal: Crystal, contact: NDArray[np.float64] | None) -> str | None:
        if self.plane is None and contact is None:
            return (
                "orientation.plane is missing: the shape has no contact face of its own; name the plane "
                "on the support"
            )
        if self.plane is not None and contact is not None:
            return "orientation.plane: the shape has a contact face of its own; remove it"
        for name, indices in (("plane", self.plane), ("direction", self.direction)):
            if indices is not None and not any(indices):
                return f"orientation.{name} = (0, 0, 0) names nothing; write indices such as [1, 1, 1]"
        return super().refusal(crystal, contact)

    def rotation(
        self,
        crystal: Crystal,
        contact: NDArray[np.float64] | None,
        around: Surroundings,
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        settled = self.drawn(lambda _, of: of.draw(rng))
        normal = crystal.normal(self.plane) if self.plane else contact
        assert normal is not None
        across = any_across(normal)
        if self.direction is not None:
            along = crystal.direction(self.direction)
            across = along if abs(product(along, normal)) < 0.999 else across
        y = np.array([0.0, 1.0, 0.0])
        turn = product(frame(around.down, y), frame(normal, across).T)
        return product(tilt(settled.tilt_deg, around.down, rng), about(around.down, settled.spin_deg), turn)
