"""Five twins around an axis."""

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from hrtem_assets.base.model import quantity
from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.crystals_of_shapes import need_fcc
from hrtem_assets.morphology.multiple_twins import check_twin_energy, decahedron
from hrtem_assets.morphology.shape import Shape


class Decahedron(Shape):
    """Five tetrahedra around [110] that share {111}, strained to close the gap of 7.4 degrees; notched (Marks) and cut
    (Ino) as the energies say, by WulffPack. The fivefold axis is [110] of the first domain.
    """

    shape: Literal["decahedron"] = "decahedron"
    centred: ClassVar[bool] = True
    energy_111: float = quantity(
        1.0, "1", "surface energy of {111}, against that of {100}", gt=0.0, le=1000.0
    )
    energy_100: float = quantity(
        1.15, "1", "surface energy of {100}, against that of {111}", gt=0.0, le=1000.0
    )
    twin_energy: float = quantity(
        0.03, "1", "energy of a twin boundary, against those of the surfaces", gt=0.0, le=500.0
    )

    @model_validator(mode="after")
    def _closed(self) -> Self:
        check_twin_energy(self.twin_energy, {"energy_111": self.energy_111, "energy_100": self.energy_100})
        return self

    def domains(self, crystal: Crystal, rng: np.random.Generator) -> Sequence[Domain]:
        need_fcc(crystal, self.name)
        return decahedron(crystal, self.energy_111, self.energy_100, self.twin_energy)
