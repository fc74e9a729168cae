"""Parallel twin boundaries through a particle."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np

from hrtem_assets.base.model import quantity
from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.defect import Defect, Piece, Record
from hrtem_assets.morphology.defects_of_layers import layered_refusal
from hrtem_assets.morphology.stacking import chosen_heights, layers, turned_at


class Twins(Defect):
    """Twin boundaries on one family of close-packed planes, anywhere in the particle."""

    defect: Literal["twins"] = "twins"
    fewest: int = quantity(1, "1", "fewest boundaries in a particle", ge=0, le=20)
    most: int = quantity(1, "1", "most boundaries in a particle; as many as fit are made", ge=1, le=20)
    apart_layers: int = quantity(3, "1", "least distance of two boundaries, in layers", ge=2, le=100)
    faulted: ClassVar[bool] = True
    records: ClassVar[Mapping[str, tuple[str, str]]] = {"count": ("1", "twin boundaries")}

    @property
    def cuts(self) -> int:
        return self.most

    def refusal(self, crystal: Crystal, domains: Sequence[Domain]) -> str | None:
        if self.most < self.fewest:
            return f"most = {self.most} is below fewest = {self.fewest}; swap them"
        if not crystal.is_face_centred_cubic:
            return (
                f"twins are made of face-centred cubic lattices, and this crystal has space group "
                f"{crystal.found_space_group}; use stacking_faults for wurtzite and hcp"
            )
        return layered_refusal(self.name, crystal, domains)

    def cut(self, piece: Piece, rng: np.random.Generator) -> tuple[Piece, Record]:
        wanted = int(rng.integers(self.fewest, self.most + 1))
        _, spacing, low, high = layers(piece)
        heights = chosen_heights(rng, wanted, low / spacing, high / spacing, self.apart_layers, 2)
        return piece.of(turned_at(piece, heights)), {"count": len(heights)}
