"""A strained lattice."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from hrtem_assets.crystal.exact import product
from hrtem_assets.imaging.distributions import Drawn, drawn, support
from hrtem_assets.morphology.defect import Defect, Piece, Record


class Strain(Defect):
    """The crystal stretched evenly along its own axes; the body keeps its size."""

    defect: Literal["strain"] = "strain"
    xx: Drawn = drawn(0.0, "1", "stretch along a", ge=-0.2, le=0.2)
    yy: Drawn = drawn(0.0, "1", "stretch across a, in the plane of a and b", ge=-0.2, le=0.2)
    zz: Drawn = drawn(0.0, "1", "stretch across a and b", ge=-0.2, le=0.2)
    xy: Drawn = drawn(0.0, "1", "shear, half of the change of the angle", ge=-0.2, le=0.2)
    xz: Drawn = drawn(0.0, "1", "shear, half of the change of the angle", ge=-0.2, le=0.2)
    yz: Drawn = drawn(0.0, "1", "shear, half of the change of the angle", ge=-0.2, le=0.2)
    records: ClassVar[Mapping[str, tuple[str, str]]] = {
        name: ("1", f"strain {name}") for name in ("xx", "yy", "zz", "xy", "xz", "yz")
    }

    @property
    def most_strain(self) -> float:
        # by the sum of a row's largest entries, which no eigenvalue exceeds
        size = {name: max(abs(end) for end in support(getattr(self, name))) for name in self.records}
        rows = (("xx", "xy", "xz"), ("xy", "yy", "yz"), ("xz", "yz", "zz"))
        return min(0.6, max(sum(size[name] for name in row) for row in rows))

    def cut(self, piece: Piece, rng: np.random.Generator) -> tuple[Piece, Record]:
        s = self.drawn(lambda _, of: of.draw(rng))
        stretch = np.eye(3) + np.array([[s.xx, s.xy, s.xz], [s.xy, s.yy, s.yz], [s.xz, s.yz, s.zz]])
        domains = [
            replace(d, frame=product(stretch, d.frame), origin=product(stretch, d.origin))
            for d in piece.domains
        ]
        return piece.of(domains), {name: getattr(s, name) for name in self.records}
