"""A shell of other elements on the same lattice."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.elements import element_fault
from hrtem_assets.imaging.distributions import Drawn, drawn
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.defect import Atoms, Defect, Piece, Record
from hrtem_assets.morphology.species import absent, number


class CoreShell(Defect):
    """All atoms within a depth of the surface are of other elements, coherent with the core: CdSe under ZnS is
    `{Cd: Zn, Se: S}`.
    """

    defect: Literal["core_shell"] = "core_shell"
    shell: dict[str, str] = Field(min_length=1, description="element of the shell by that of the lattice")
    thickness_a: Drawn = drawn(..., "Å", "of the shell", ge=0.0, le=500.0)
    records: ClassVar[Mapping[str, tuple[str, str]]] = {
        "thickness_a": ("Å", "of the shell"),
        "count": ("1", "atoms of the shell"),
    }

    @model_validator(mode="after")
    def _known(self) -> Self:
        for symbol in self.shell.values():
            if fault := element_fault(symbol):
                raise ValueError(f"shell: {fault}")
        return self

    @property
    def added_elements(self) -> tuple[str, ...]:
        return tuple(self.shell.values())

    def refusal(self, crystal: Crystal, domains: Sequence[Domain]) -> str | None:
        return absent("shell", self.shell, crystal)

    def change(self, piece: Piece, atoms: Atoms, rng: np.random.Generator) -> tuple[Atoms, Record]:
        thickness = self.drawn(lambda _, of: of.draw(rng)).thickness_a
        outside = piece.depth(atoms) < thickness
        numbers = atoms.numbers.copy()
        for symbol, by in self.shell.items():
            numbers[outside & (atoms.numbers == number(symbol))] = number(by)
        changed = int(np.count_nonzero(numbers != atoms.numbers))
        return Atoms(atoms.positions_a, numbers, atoms.domain), {"thickness_a": thickness, "count": changed}
