"""What every particle shape is."""

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Annotated, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from hrtem_assets.base.model import Model, Whole, quantity
from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.exact import length, product
from hrtem_assets.imaging.distributions import Distribution, Drawable
from hrtem_assets.morphology.bodies import Domain, of_unit_size

Index = Annotated[Whole, Field(ge=-9, le=9)]


def _plane(value: Any) -> Any:
    """(hkl) of what may be written (hkil)."""
    if isinstance(value, list | tuple) and len(value) == 4 and all(isinstance(i, int) for i in value):
        h, k, i, m = value
        if h + k + i:
            raise ValueError(f"({h} {k} {i} {m}) is no plane: of four indices (hkil), h + k + i must be 0")
        return h, k, m
    return value


def _direction(value: Any) -> Any:
    """[uvw] of what may be written [UVTW]."""
    if isinstance(value, list | tuple) and len(value) == 4 and all(isinstance(i, int) for i in value):
        u, v, t, w = value
        if u + v + t:
            raise ValueError(
                f"[{u} {v} {t} {w}] is no direction: of four indices [UVTW], U + V + T must be 0"
            )
        three = (u - t, v - t, w)
        return tuple(i // max(1, math.gcd(*three)) for i in three)
    return value


Plane = Annotated[tuple[Index, Index, Index], BeforeValidator(_plane)]
"""Miller indices (hkl), or (hkil) of a hexagonal crystal."""
Direction = Annotated[tuple[Index, Index, Index], BeforeValidator(_direction)]
"""Indices [uvw], or [UVTW] of a hexagonal crystal."""

# values of each distribution at which a shape's extents are looked up
_STEPS = 5
S = TypeVar("S", bound="Shape")


class Facet(Model):
    """A family of facets by the energy of its surface: the farther out, the higher that is."""

    plane: Plane = Field(description="Miller indices of one of the family")
    energy: float = quantity(..., "1", "surface energy, against those of the others", gt=0.0, le=1000.0)


class Shape(Drawable, ABC):
    """A shape of particles; settings that are distributions are drawn for each particle."""

    name: ClassVar[str]
    shape: str
    weight: float = quantity(1.0, "1", "how often, against the other shapes of the list", gt=0.0, le=1e6)
    centred: ClassVar[bool] = False
    """Whether an atom lies at the centre; else the centre is anywhere in the unit cell."""
    draws_faces: ClassVar[bool] = False
    """Whether faces are drawn, beyond settings that are distributions."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls.name = cls.model_fields["shape"].default

    @abstractmethod
    def domains(self, crystal: Crystal, rng: np.random.Generator) -> Sequence[Domain]:
        """The body in any scale, in the frame of its first domain's crystal.

        Args:
            crystal: of the particle.
            rng: random numbers.

        Raises:
            ValueError: if the crystal has no such shape; the message begins with the setting.
        """

    @property
    def needs_rest(self) -> bool:
        """Whether it makes sense only with its contact face on the support."""
        return False

    def contact_normal(self, crystal: Crystal) -> NDArray[np.float64] | None:
        """Outward unit normal of the face that lies on the support; None if there is none."""
        return None

    def body(self, crystal: Crystal, rng: np.random.Generator) -> tuple[Domain, ...]:
        """A particle's body, of the volume of a sphere of radius 1, with all that is drawn.

        Args:
            crystal: of the particle.
            rng: random numbers.
        """
        settled = self.drawn(lambda _, of: of.draw(rng))
        if self.draws_faces:
            return of_unit_size(settled.domains(crystal, rng))
        return _settled(settled, crystal)

    def extremes(self: S) -> Iterator[S]:
        """The shape at values over the ranges of all that is drawn."""
        paths = self.distributions()
        values = [np.linspace(*of.support, _STEPS).tolist() for of, _ in paths.values()]

        def chosen(among: dict[str, float]) -> Any:
            def draw(path: str, of: Distribution) -> float:
                return among[path]

            return draw

        for combination in itertools.product(*values):
            yield self.drawn(chosen(dict(zip(paths, combination, strict=True))))

    def extreme_bodies(self, crystal: Crystal) -> Iterator[tuple[Domain, ...]]:
        """Bodies of unit size between which all others lie.

        Args:
            crystal: of the particle.

        Raises:
            ValueError: if the crystal has no such shape; the message begins with the setting.
        """
        for settled in self.extremes():
            yield _settled(settled, crystal)


@lru_cache(maxsize=512)
def _settled(shape: Shape, crystal: Crystal) -> tuple[Domain, ...]:
    """The body of a shape of which nothing is left to draw."""
    return of_unit_size(shape.domains(crystal, np.random.default_rng(0)))


def facets(
    crystal: Crystal, families: Sequence[tuple[tuple[int, int, int], float]], field: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Normals and distances of the facets of some families.

    Args:
        crystal: whose point group makes a family of one facet.
        families: Miller indices and distance of each.
        field: the setting that names them, for messages.

    Returns:
        normals, float64 (N, 3), and distances, float64 (N,).

    Raises:
        ValueError: if a plane is (0, 0, 0), or two entries are of one family.
    """
    normals: list[NDArray[np.float64]] = []
    distances: list[NDArray[np.float64]] = []
    for number, (plane, distance) in enumerate(families):
        if not any(plane):
            raise ValueError(
                f"{field}.{number}.plane = (0, 0, 0) is no plane; write Miller indices such as [1, 1, 1]"
            )
        family = crystal.family(plane)
        for earlier, known in enumerate(normals):
            if (product(known, family[0]) > 1 - 1e-6).any():
                raise ValueError(
                    f"{field}.{number}.plane = {plane} is of the same family as {field}.{earlier}.plane; remove one"
                )
        normals.append(family)
        distances.append(np.full(len(family), distance))
    return np.concatenate(normals), np.concatenate(distances)


def round_sides(axis: NDArray[np.float64], sides: int) -> NDArray[np.float64]:
    """Unit vectors around an axis, float64 (sides, 3): the faces of a prism that is nearly round.

    Args:
        axis: unit vector.
        sides: how many.
    """
    other = np.eye(3)[np.abs(axis).argmin()]
    first = np.cross(axis, other)
    first /= length(first)
    second = np.cross(axis, first)
    turns = [2 * math.pi * k / sides for k in range(sides)]
    return np.array([math.cos(turn) * first + math.sin(turn) * second for turn in turns])
