"""Twenty twins around a point."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.crystals_of_shapes import need_fcc
from hrtem_assets.morphology.multiple_twins import icosahedron
from hrtem_assets.morphology.shape import Shape


class Icosahedron(Shape):
    """Twenty tetrahedra around a point that share {111}, strained to close their gaps (A. L. Mackay, Acta Cryst. 15
    (1962) 916). A fivefold axis is [110] of the first domain.
    """

    shape: Literal["icosahedron"] = "icosahedron"
    centred: ClassVar[bool] = True

    def domains(self, crystal: Crystal, rng: np.random.Generator) -> Sequence[Domain]:
        need_fcc(crystal, self.name)
        return icosahedron(crystal)
