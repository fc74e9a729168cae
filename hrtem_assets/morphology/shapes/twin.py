"""Two mirrored halves of a Wulff shape."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.crystals_of_shapes import need_stacking
from hrtem_assets.morphology.multiple_twins import mirrored_halves
from hrtem_assets.morphology.shape import Facet, Shape, facets


class Twin(Shape):
    """Two halves of a Wulff shape, one turned by 180 degrees about the normal of the close-packed plane that they
    share. For several twins in a particle see the defect `twins`.
    """

    shape: Literal["twin"] = "twin"
    centred: ClassVar[bool] = True
    facets: tuple[Facet, ...] = Field(
        (Facet(plane=(1, 1, 1), energy=1.0), Facet(plane=(1, 0, 0), energy=1.15)),
        min_length=1,
        max_length=20,
        description="families of facets and their surface energies",
    )

    def domains(self, crystal: Crystal, rng: np.random.Generator) -> Sequence[Domain]:
        plane = need_stacking(crystal, f"shape {self.name}")
        normals, distances = facets(crystal, [(f.plane, f.energy) for f in self.facets], "facets")
        return mirrored_halves(Domain(normals, distances), crystal.normal(plane))
