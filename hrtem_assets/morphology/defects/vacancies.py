"""Missing atoms."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.spatial import cKDTree

from hrtem_assets.crystal.crystal import SHELL, Crystal
from hrtem_assets.imaging.distributions import Drawn, drawn
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.defect import Atoms, Defect, Piece, Record
from hrtem_assets.morphology.species import absent, number


class Vacancies(Defect):
    """Atoms taken out at random, anywhere or of the surface."""

    defect: Literal["vacancies"] = "vacancies"
    fraction: Drawn = drawn(..., "1", "part of the atoms in question that is missing", ge=0.0, le=0.9)
    element: str | None = Field(None, description="which atoms; all by default")
    where: Literal["anywhere", "surface"] = Field(
        "anywhere", description="surface: only atoms with fewer neighbours than inside"
    )
    records: ClassVar[Mapping[str, tuple[str, str]]] = {"count": ("1", "vacancies")}

    def refusal(self, crystal: Crystal, domains: Sequence[Domain]) -> str | None:
        return absent("element", [self.element] if self.element else [], crystal)

    def change(self, piece: Piece, atoms: Atoms, rng: np.random.Generator) -> tuple[Atoms, Record]:
        fraction = self.drawn(lambda _, of: of.draw(rng)).fraction
        asked = np.ones(len(atoms), bool) if self.element is None else atoms.numbers == number(self.element)
        if self.where == "surface":
            asked &= on_surface(piece.crystal, atoms)
        candidates = np.flatnonzero(asked)
        # at least one atom stays
        count = min(round(fraction * len(candidates)), max(0, len(atoms) - 1))
        keep = np.ones(len(atoms), bool)
        keep[rng.choice(candidates, size=count, replace=False)] = False
        return atoms.kept(keep), {"count": count}


def on_surface(crystal: Crystal, atoms: Atoms) -> NDArray[np.bool_]:
    """Which atoms have fewer neighbours than the most of their element, bool (N,)."""
    reach = SHELL * crystal.shortest_a
    tree = cKDTree(atoms.positions_a)
    near = tree.query_ball_point(atoms.positions_a, reach, return_length=True)
    surface = np.zeros(len(atoms), bool)
    for element in np.unique(atoms.numbers):
        of = atoms.numbers == element
        surface[of] = near[of] < near[of].max()
    return surface
