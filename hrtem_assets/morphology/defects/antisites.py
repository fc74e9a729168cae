"""Exchanged atoms: partial disorder of an ordered crystal."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.imaging.distributions import Drawn, drawn
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.defect import Atoms, Defect, Piece, Record
from hrtem_assets.morphology.species import absent, number


class Antisites(Defect):
    """Pairs of atoms of two elements that have changed places: 0 leaves an ordered alloy as it is."""

    defect: Literal["antisites"] = "antisites"
    elements: tuple[str, str] = Field(description="the two elements")
    fraction: Drawn = drawn(..., "1", "part of the rarer element's atoms that is exchanged", ge=0.0, le=1.0)
    records: ClassVar[Mapping[str, tuple[str, str]]] = {"pairs": ("1", "exchanged pairs")}

    def refusal(self, crystal: Crystal, domains: Sequence[Domain]) -> str | None:
        if self.elements[0] == self.elements[1]:
            return f"elements names {self.elements[0]} twice; name two"
        return absent("elements", self.elements, crystal)

    def change(self, piece: Piece, atoms: Atoms, rng: np.random.Generator) -> tuple[Atoms, Record]:
        fraction = self.drawn(lambda _, of: of.draw(rng)).fraction
        one, other = (np.flatnonzero(atoms.numbers == number(e)) for e in self.elements)
        pairs = round(fraction * min(len(one), len(other)))
        numbers = atoms.numbers.copy()
        numbers[rng.choice(one, pairs, replace=False)] = number(self.elements[1])
        numbers[rng.choice(other, pairs, replace=False)] = number(self.elements[0])
        return Atoms(atoms.positions_a, numbers, atoms.domain), {"pairs": pairs}
