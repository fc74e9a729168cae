"""The equilibrium shape of a crystal, free or on a support."""

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hrtem_assets.base.model import Model, quantity
from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.shape import Facet, Plane, Shape, facets


class Interface(Model):
    """The face with which a particle lies on its support."""

    plane: Plane = Field(description="Miller indices of the plane that faces the support")
    energy: float = quantity(
        ...,
        "1",
        "energy of the interface less that of the bare support, against the surface energies; negative where the "
        "support is wetted",
        gt=-1000.0,
        lt=1000.0,
    )


class Wulff(Shape):
    """Facets as far from the centre as their surface energies say (Wulff); with an interface, cut off where the
    support's energy says (Winterbottom, Acta Metall. 15 (1967) 303).
    """

    shape: Literal["wulff"] = "wulff"
    facets: tuple[Facet, ...] = Field(
        min_length=1, max_length=20, description="families of facets and their surface energies"
    )
    interface: Interface | None = Field(None, description="the face on the support; none by default")

    @model_validator(mode="after")
    def _rests(self) -> Self:
        least = min(facet.energy for facet in self.facets)
        if self.interface is not None and abs(self.interface.energy) >= least:
            raise ValueError(
                f"interface.energy = {self.interface.energy:g} must lie between -{least:g} and {least:g}, the least "
                f"surface energy: below, the particle would spread; above, it would not touch the support"
            )
        return self

    @property
    def needs_rest(self) -> bool:
        return self.interface is not None

    def contact_normal(self, crystal: Crystal) -> NDArray[np.float64] | None:
        return crystal.normal(self.interface.plane) if self.interface else None

    def domains(self, crystal: Crystal, rng: np.random.Generator) -> Sequence[Domain]:
        normals, distances = facets(crystal, [(f.plane, f.energy) for f in self.facets], "facets")
        domain = Domain(normals, distances)
        try:
            domain.vertices()
        except ValueError as error:
            raise ValueError(f"facets: {error}") from None
        if self.interface is not None:
            if not any(self.interface.plane):
                raise ValueError(
                    "interface.plane = (0, 0, 0) is no plane; write Miller indices such as [1, 1, 1]"
                )
            domain = domain.cut(crystal.normal(self.interface.plane), self.interface.energy)
        return [domain]
