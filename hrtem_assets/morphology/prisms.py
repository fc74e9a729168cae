"""Rods and platelets: prisms about an axis."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.exact import product
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.shape import round_sides

ROUND_SIDES = 24
"""Sides of what is called round: its width varies by 1 %."""


def prism(
    crystal: Crystal,
    axis: NDArray[np.float64] | None,
    aspect: float,
    sides: Sequence[tuple[int, int, int]],
    ends: Sequence[tuple[int, int, int]],
    field: str = "axis",
) -> Domain:
    """A prism of width 2 about an axis.

    Args:
        crystal: of the particle.
        axis: unit vector; None if its indices are all 0.
        aspect: length over width.
        sides: planes of the sides, of each the family that is parallel to the axis; none for round.
        ends: planes of the ends, of each the whole family; none for flat ones.
        field: the setting that names the axis, for messages.

    Raises:
        ValueError: names the setting.
    """
    if axis is None:
        raise ValueError(f"{field} = (0, 0, 0) names nothing; write indices such as [0, 0, 1]")
    around = []
    for number, plane in enumerate(sides):
        family = crystal.family(plane) if any(plane) else np.empty((0, 3))
        along = family[np.abs(product(family, axis)) < 1e-6]
        if not len(along):
            raise ValueError(
                f"sides.{number} = {plane}: no plane of this family is parallel to the axis; choose one, or remove "
                "`sides` for a round one"
            )
        around.append(along)
    side = np.concatenate(around) if around else round_sides(axis, ROUND_SIDES)
    if ends:
        for number, plane in enumerate(ends):
            if not any(plane):
                raise ValueError(
                    f"ends.{number} = (0, 0, 0) is no plane; write Miller indices such as [1, 0, 1]"
                )
        caps = np.concatenate([crystal.family(plane) for plane in ends])
        slopes = product(caps, axis)
        caps, slopes = caps[np.abs(slopes) > 1e-6], slopes[np.abs(slopes) > 1e-6]
        if not len(caps):
            raise ValueError(
                "ends: none of these planes crosses the axis; choose others, or remove `ends` for flat ones"
            )
        # all meet the axis at the same height
        reaches = aspect * np.abs(slopes)
    else:
        caps, reaches = np.array([axis, -axis]), np.full(2, aspect)
    domain = Domain(np.concatenate([side, caps]), np.concatenate([np.ones(len(side)), reaches]))
    try:
        domain.vertices()
    except ValueError as error:
        raise ValueError(f"{'sides' if sides else 'ends'}: {error}") from None
    return domain
