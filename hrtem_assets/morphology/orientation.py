"""What every rule of orientation is, and the rotations that they share."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.exact import length, product
from hrtem_assets.imaging.distributions import Drawable

DOWN = np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What a particle is laid on.

    Attributes:
        down: unit vector towards the support's face, in the structure's frame: -z, or -x at an edge.
        support: crystal of the support and its rotation into the structure's frame; None if it is amorphous or absent.
    """

    down: NDArray[np.float64]
    support: tuple[Crystal, NDArray[np.float64]] | None = None


class Orientation(Drawable, ABC):
    """How particles lie; settings that are distributions are drawn for each."""

    name: ClassVar[str]
    orientation: str
    rests: ClassVar[bool] = False
    """Whether a chosen plane of the particle faces the support."""
    needs_crystal: ClassVar[bool] = False
    """Whether the support must be crystalline."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls.name = cls.model_fields["orientation"].default

    @abstractmethod
    def rotation(
        self,
        crystal: Crystal,
        contact: NDArray[np.float64] | None,
        around: Surroundings,
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        """From the particle's frame to the structure's, float64 (3, 3).

        Args:
            crystal: of the particle.
            contact: outward normal of the face that lies on the support, in the particle's frame; None if it has none.
            around: what it is laid on.
            rng: random numbers.
        """

    def refusal(self, crystal: Crystal, contact: NDArray[np.float64] | None) -> str | None:
        """Why particles cannot lie so, beginning with the setting; None if they can.

        Args:
            crystal: of the particle.
            contact: outward normal of the face that the shape has for the support; None if it has none, or need not
                rest.
        """
        if contact is not None and not self.rests:
            return (
                f"orientation {self.name} would turn the face that lies on the support away from it; use orientation "
                f"resting or epitaxy"
            )
        return None

    def support_refusal(self, support: Crystal, normal: NDArray[np.float64]) -> str | None:
        """Why particles cannot lie so on a crystalline support, beginning with the setting; None if they can.

        Args:
            support: its crystal.
            normal: outward normal of its face, in its crystal's frame.
        """
        return None


def uniform_quaternion(rng: np.random.Generator) -> NDArray[np.float64]:
    """A rotation uniform over SO(3), as a unit quaternion (x, y, z, w) with w >= 0, float64 (4,)."""
    quaternion = rng.normal(size=4)
    # no product of vectors by a library: the last bit of its sum depends on the processor
    return quaternion / np.copysign(np.sqrt(np.square(quaternion).sum()), quaternion[3])


def frame(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Right-handed axes as columns: the first along a vector, the second nearest to another, float64 (3, 3)."""
    one = first / length(first)
    two = second - (product(second, one)) * one
    two /= length(two)
    return np.stack([one, two, np.cross(one, two)], axis=1)


def any_across(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """A unit vector across an axis, always the same."""
    other = np.eye(3)[np.abs(axis).argmin()]
    across = other - (product(other, axis)) * axis
    return np.asarray(across / length(across))


def about(axis: NDArray[np.float64], angle_deg: float) -> NDArray[np.float64]:
    """The rotation about a unit vector, float64 (3, 3)."""
    return np.asarray(Rotation.from_rotvec(math.radians(angle_deg) * axis).as_matrix())


def tilt(angle_deg: float, axis: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The rotation by an angle about a random axis across another, float64 (3, 3)."""
    across = any_across(axis)
    turned = product(about(axis, float(rng.uniform(0.0, 360.0))), across)
    return about(turned, angle_deg)
