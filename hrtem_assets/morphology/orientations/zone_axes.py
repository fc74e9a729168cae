"""Seen along chosen zone axes, or nearly so."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.exact import product
from hrtem_assets.imaging.distributions import Drawn, Uniform, drawn
from hrtem_assets.morphology.orientation import Orientation, Surroundings, about, any_across, frame, tilt
from hrtem_assets.morphology.shape import Direction


class ZoneAxes(Orientation):
    """One of some zone axes along the beam, tilted by an angle in any direction, and spun about the beam."""

    orientation: Literal["zone_axes"] = "zone_axes"
    axes: tuple[Direction, ...] = Field(
        min_length=1,
        max_length=100,
        description="directions [uvw] along the beam, one of them for each particle",
    )
    tilt_deg: Drawn = drawn(0.0, "°", "angle between zone axis and beam", ge=0.0, le=90.0)
    spin_deg: Drawn = drawn(
        Uniform(uniform=(0.0, 360.0)),
        "°",
        "rotation about the beam, from `x_axis` along x",
        ge=-360.0,
        le=360.0,
    )
    x_axis: Direction | None = Field(
        None, description="direction [uvw] that lies along x, or nearest to it, at spin 0; any by default"
    )

    def refusal(self, crystal: Crystal, contact: NDArray[np.float64] | None) -> str | None:
        for number, axis in enumerate(self.axes):
            if not any(axis):
                return (
                    f"orientation.axes.{number} = (0, 0, 0) is no direction; write indices such as [1, 1, 0]"
                )
            if self.x_axis is not None:
                if not any(self.x_axis):
                    return "orientation.x_axis = (0, 0, 0) is no direction; write indices such as [0, 0, 1]"
                if abs(product(crystal.direction(axis), crystal.direction(self.x_axis))) > 0.999:
                    return f"orientation.x_axis = {self.x_axis} lies along the beam with axes.{number}; choose another"
        return super().refusal(crystal, contact)

    def rotation(
        self,
        crystal: Crystal,
        contact: NDArray[np.float64] | None,
        around: Surroundings,
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        settled = self.drawn(lambda _, of: of.draw(rng))
        along = crystal.direction(self.axes[int(rng.integers(len(self.axes)))])
        beam, x = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])
        across = crystal.direction(self.x_axis) if self.x_axis else any_across(along)
        turn = product(frame(beam, x), frame(along, across).T)
        return product(tilt(settled.tilt_deg, beam, rng), about(beam, settled.spin_deg), turn)
