"""A random substitutional alloy."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from hrtem_assets.base.model import Real
from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.elements import element_fault
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.defect import Atoms, Defect, Piece, Record
from hrtem_assets.morphology.species import absent, number


class Alloy(Defect):
    """Atoms of an element replaced at random by others, in fractions that hold to an atom. An ordered alloy is a
    lattice of its own.
    """

    defect: Literal["alloy"] = "alloy"
    element: str = Field(description="which atoms are replaced")
    by: dict[str, Real] = Field(
        min_length=1, description="fraction of them that becomes an atom of each other element"
    )
    records: ClassVar[Mapping[str, tuple[str, str]]] = {"count": ("1", "atoms replaced in the alloy")}

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for symbol, fraction in self.by.items():
            if fault := element_fault(symbol):
                raise ValueError(f"by: {fault}")
            if not 0 < fraction <= 1:
                raise ValueError(f"by.{symbol} = {fraction:g} must be above 0 and at most 1")
            if symbol == self.element:
                raise ValueError(f"by.{symbol}: the element itself; name others, the rest stays {symbol}")
        if sum(self.by.values()) > 1 + 1e-9:
            raise ValueError(
                f"by: the fractions add up to {sum(self.by.values()):g}, more than 1; lower them"
            )
        return self

    @property
    def added_elements(self) -> tuple[str, ...]:
        return tuple(self.by)

    def refusal(self, crystal: Crystal, domains: Sequence[Domain]) -> str | None:
        return absent("element", [self.element], crystal)

    def change(self, piece: Piece, atoms: Atoms, rng: np.random.Generator) -> tuple[Atoms, Record]:
        sites = rng.permutation(np.flatnonzero(atoms.numbers == number(self.element)))
        numbers = atoms.numbers.copy()
        shares = np.cumsum([0.0, *self.by.values()])
        ends = np.rint(shares * len(sites)).astype(int)
        for symbol, start, end in zip(self.by, ends[:-1], ends[1:], strict=True):
            numbers[sites[start:end]] = number(symbol)
        return Atoms(atoms.positions_a, numbers, atoms.domain), {"count": int(ends[-1])}
