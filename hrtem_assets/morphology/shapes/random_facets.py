"""A polyhedron each of whose facets is as far out as chance has it."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.imaging.distributions import Distribution, Drawn, Uniform, drawn, support
from hrtem_assets.morphology.bodies import Domain, of_unit_size
from hrtem_assets.morphology.shape import Plane, Shape, facets


class RandomFacets(Shape):
    """Facets of some families, the distance of each drawn by itself: irregular particles, as of J. Madsen et al.,
    Adv. Theory Simul. 1 (2018) 1800037.
    """

    shape: Literal["random_facets"] = "random_facets"
    draws_faces: ClassVar[bool] = True
    planes: tuple[Plane, ...] = Field(
        ((1, 0, 0), (1, 1, 1)), min_length=1, max_length=20, description="families of facets"
    )
    distance: Drawn = drawn(
        Uniform(uniform=(1.0, 1.2)),
        "1",
        "of a facet from the centre, against those of the others",
        ge=0.2,
        le=5.0,
    )

    def drawn(self, draw, prefix=""):  # type: ignore[no-untyped-def]
        # each facet draws its own
        return self

    def domains(self, crystal: Crystal, rng: np.random.Generator) -> Sequence[Domain]:
        distance = self.distance
        normals, distances = facets(crystal, [(plane, 1.0) for plane in self.planes], "planes")
        if isinstance(distance, Distribution):
            distances = np.array([distance.draw(rng) for _ in distances])
        domain = Domain(normals, distances)
        try:
            domain.vertices()
        except ValueError as error:
            raise ValueError(f"planes: {error}") from None
        return [domain]

    def extreme_bodies(self, crystal: Crystal) -> Iterator[tuple[Domain, ...]]:
        low, high = support(self.distance)
        normals, _ = facets(crystal, [(plane, 1.0) for plane in self.planes], "planes")
        try:
            even = of_unit_size([Domain(normals, np.ones(len(normals)))])
        except ValueError as error:
            raise ValueError(f"planes: {error}") from None
        # the volume is at least that with all facets at the low end, and no corner lies beyond the high one's
        yield tuple(domain.scaled(high / low) for domain in even)
        # nor is any facet nearer than the low end's, of a volume that is at most that of the high one's
        if low < high:
            yield tuple(domain.scaled(low / high) for domain in even)
