"""Stacking faults through a particle."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from hrtem_assets.base.model import quantity
from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.defect import Defect, Piece, Record
from hrtem_assets.morphology.defects_of_layers import layered_refusal
from hrtem_assets.morphology.stacking import chosen_heights, layers, turned_at

# half-turns at these layers above the first, by kind
_TURNS = {"intrinsic": (0, 1), "extrinsic": (0, 2)}


class StackingFaults(Defect):
    """Faults on one family of close-packed planes: of fcc, zincblende and the like intrinsic or extrinsic; of wurtzite
    and hcp those of one half-turn (I1).
    """

    defect: Literal["stacking_faults"] = "stacking_faults"
    fewest: int = quantity(0, "1", "fewest faults in a particle", ge=0, le=20)
    most: int = quantity(1, "1", "most faults in a particle; as many as fit are made", ge=1, le=20)
    kind: Literal["intrinsic", "extrinsic"] = Field(
        "intrinsic", description="of face-centred cubic lattices: a layer missing, or one too many"
    )
    faulted: ClassVar[bool] = True
    records: ClassVar[Mapping[str, tuple[str, str]]] = {"count": ("1", "stacking faults")}

    @property
    def cuts(self) -> int:
        return 2 * self.most

    def refusal(self, crystal: Crystal, domains: Sequence[Domain]) -> str | None:
        if self.most < self.fewest:
            return f"most = {self.most} is below fewest = {self.fewest}; swap them"
        return layered_refusal(self.name, crystal, domains)

    def cut(self, piece: Piece, rng: np.random.Generator) -> tuple[Piece, Record]:
        turns = _TURNS[self.kind] if piece.crystal.is_face_centred_cubic else (0,)
        wanted = int(rng.integers(self.fewest, self.most + 1))
        _, spacing, low, high = layers(piece)
        first = chosen_heights(rng, wanted, low / spacing, high / spacing - turns[-1], 3 + turns[-1], 2)
        heights = [height + turn for height in first for turn in turns]
        return piece.of(turned_at(piece, heights)), {"count": len(first)}
