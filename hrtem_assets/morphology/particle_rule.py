"""How particles of a lattice are made: shapes, what is inside, and how they lie."""

from functools import lru_cache
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.imaging.distributions import Drawable, Drawn, drawn, support
from hrtem_assets.morphology.bodies import circumradius, inradius, most_cells, of_unit_size, reach
from hrtem_assets.morphology.defects import AnyDefect
from hrtem_assets.morphology.orientations import AnyOrientation
from hrtem_assets.morphology.orientations.uniform import UniformOrientation
from hrtem_assets.morphology.shape import Shape
from hrtem_assets.morphology.shapes import AnyShape
from hrtem_assets.morphology.shapes.sphere import Sphere

# of a particle's height
MOST_CUT = 0.7


class ParticleRule(Drawable):
    """How particles are made; by default, spheres of perfect crystal in any orientation."""

    shapes: tuple[AnyShape, ...] = Field(
        (Sphere(),),
        min_length=1,
        max_length=20,
        description="one of them is drawn for each particle, by their weights",
    )
    contact_cut: Drawn = drawn(
        0.0,
        "1",
        "part of the particle's height that is cut off where it lies on its support, a flat contact; 0 leaves it whole",
        ge=0.0,
        le=MOST_CUT,
    )
    inside: tuple[AnyDefect, ...] = Field(
        (), max_length=20, description="defects, in the order in which they act"
    )
    orientation: AnyOrientation = Field(UniformOrientation(), description="how particles lie")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [defect.name for defect in self.inside]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"inside: {name} appears twice; remove one")
        return self

    @property
    def added_elements(self) -> tuple[str, ...]:
        """Elements that defects bring into the crystal."""
        return tuple(dict.fromkeys(e for defect in self.inside for e in defect.added_elements))

    def shape(self, rng: np.random.Generator) -> int:
        """The index of the shape of one particle.

        Args:
            rng: random numbers.
        """
        weights = np.array([shape.weight for shape in self.shapes])
        return int(rng.choice(len(weights), p=weights / weights.sum()))

    def check(self, crystal: Crystal) -> None:
        """Refuse what a crystal cannot have.

        Raises:
            ValueError: names the setting, the value and the repair.
        """
        for number, shape in enumerate(self.shapes):
            where = f"shapes.{number}"
            try:
                bodies = list(shape.extreme_bodies(crystal))
            except ValueError as error:
                raise ValueError(
                    f"{where}.{error}" if _names_a_field(shape, error) else f"{where}: {error}"
                ) from None
            # the cone stands on its base only where it is told to rest
            contact = shape.contact_normal(crystal) if shape.needs_rest or self.orientation.rests else None
            if fault := self.orientation.refusal(crystal, contact):
                raise ValueError(f"{fault} ({where} is {shape.name})")
            if shape.needs_rest and support(self.contact_cut)[1]:
                raise ValueError(f"contact_cut: {where} has a contact face of its own; set it to 0")
            for defect in self.inside:
                if fault := defect.refusal(crystal, bodies[0]):
                    raise ValueError(f"inside.{defect.name}: {fault}")

    def extent(self, crystal: Crystal, shape: int) -> float:
        """Radius of a sphere about the centre that holds any particle of a shape, by that of the sphere of equal
        volume.

        Args:
            crystal: of the particles.
            shape: index.
        """
        return _extent(self.shapes[shape], crystal, support(self.contact_cut)[1])

    def most_faces(self, crystal: Crystal) -> int:
        """The most faces that a particle's domains have, all together.

        Args:
            crystal: of the particles.
        """
        cuts = sum(defect.cuts for defect in self.inside)
        most = 0
        for shape in self.shapes:
            for body in shape.extreme_bodies(crystal):
                # a cut adds a domain with all faces of the one that it parts
                each = max(len(domain.distances) for domain in body) + 3
                most = max(most, sum(len(domain.distances) + 1 for domain in body) + cuts * each)
        return most

    @property
    def most_extra(self) -> float:
        """Atoms that defects may add, by those that are there."""
        return sum(defect.growth for defect in self.inside)

    def width(self, crystal: Crystal, shape: int) -> float:
        """How far a particle of a shape reaches from the support at most, by the radius of the sphere of equal volume.

        Args:
            crystal: of the particles.
            shape: index.
        """
        extent = self.extent(crystal, shape)
        contact = self.shapes[shape].contact_normal(crystal) if self.shapes[shape].needs_rest else None
        if contact is None:
            return 2 * extent
        return extent + max(reach(body, contact) for body in self.shapes[shape].extreme_bodies(crystal))

    def thinnest(self, crystal: Crystal, shape: int) -> float:
        """Width of the thinnest particle of a shape, over the radius of the sphere of equal volume.

        Args:
            crystal: of the particles.
            shape: index.
        """
        # what is cut for contact keeps its width there, or gets thicker
        whole = min(2 * inradius(body) for body in self.shapes[shape].extreme_bodies(crystal))
        return whole * (1 - support(self.contact_cut)[1])

    @property
    def most_strain(self) -> float:
        """By how much defects may shorten a crystal."""
        return sum(defect.most_strain for defect in self.inside)

    def most_volume(self, crystal: Crystal, radius_a: float, margin_a: float, cuts: int = 0) -> float:
        """An upper bound on the volume within a margin of a particle's domains, Å³.

        Args:
            crystal: of the particles.
            radius_a: of the sphere of equal volume.
            margin_a: Å.
            cuts: planes that part a particle, besides those of its defects.
        """
        cuts += sum(defect.cuts for defect in self.inside)
        most = 0.0
        for number, shape in enumerate(self.shapes):
            outer = self.extent(crystal, number) * radius_a
            for body in shape.extreme_bodies(crystal):
                whole = most_cells(body, margin_a / radius_a) * radius_a**3
                # both sides of each cut
                most = max(most, whole + cuts * 2 * np.pi * (outer + margin_a) ** 2 * margin_a)
        # cut for contact and scaled back, a body has more surface
        grown = 1 / (1 - support(self.contact_cut)[1]) ** 2
        return float(most * grown)


@lru_cache(maxsize=1024)
def _extent(shape: Shape, crystal: Crystal, cut: float) -> float:
    bodies = list(shape.extreme_bodies(crystal))
    whole = max(circumradius(body) for body in bodies)
    if not cut:
        return whole
    if shape.name == Sphere.model_fields["shape"].default:
        # the same whichever way it is cut
        (ball,) = bodies
        (domain,) = of_unit_size([ball[0].cut(np.array([0.0, 0.0, -1.0]), 1 - 2 * cut)])
        return domain.ball
    # a convex body keeps at least this part of its volume
    return whole / (1 - cut)


def _names_a_field(shape: Shape, error: ValueError) -> bool:
    first = str(error).split(maxsplit=1)[0].split(".")[0].rstrip(":")
    return first in type(shape).model_fields
