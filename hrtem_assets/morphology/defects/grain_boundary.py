"""Two grains of a crystal in a particle."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.exact import product
from hrtem_assets.imaging.distributions import Drawn, drawn
from hrtem_assets.morphology.bodies import Domain, reach
from hrtem_assets.morphology.defect import Defect, Piece, Record
from hrtem_assets.morphology.orientation import about
from hrtem_assets.morphology.shape import Direction, Plane


class GrainBoundary(Defect):
    """A plane beyond which the crystal is turned about an axis: symmetric tilt, twist, or any other."""

    defect: Literal["grain_boundary"] = "grain_boundary"
    plane: Plane = Field(description="Miller indices of the boundary, in the first grain")
    axis: Direction = Field(description="direction [uvw] about which the second grain is turned")
    angle_deg: Drawn = drawn(..., "°", "by how much it is turned", ge=-180.0, le=180.0)
    position: Drawn = drawn(
        0.0,
        "1",
        "distance of the boundary from the centre over the particle's half-width there",
        ge=-0.9,
        le=0.9,
    )
    faulted: ClassVar[bool] = True
    records: ClassVar[Mapping[str, tuple[str, str]]] = {
        "angle_deg": ("°", "by how much the second grain is turned"),
        "distance_a": ("Å", "of the grain boundary from the particle's centre"),
    }

    @property
    def cuts(self) -> int:
        return 1

    def refusal(self, crystal: Crystal, domains: Sequence[Domain]) -> str | None:
        if len(domains) > 1:
            return (
                f"grain_boundary needs a particle of one crystal, and one of the shapes has "
                f"{len(domains)}; remove either"
            )
        for name, indices in (("plane", self.plane), ("axis", self.axis)):
            if not any(indices):
                return f"{name} = (0, 0, 0) names nothing; write indices such as [0, 0, 1]"
        return None

    def cut(self, piece: Piece, rng: np.random.Generator) -> tuple[Piece, Record]:
        settled = self.drawn(lambda _, of: of.draw(rng))
        normal = piece.crystal.normal(self.plane)
        side = normal if settled.position >= 0 else -normal
        distance = settled.position * abs(reach(piece.domains, side))
        (domain,) = piece.domains
        turn = about(piece.crystal.direction(self.axis), settled.angle_deg)
        # the body stays, the crystal in it is turned
        other = Domain(
            domain.normals,
            domain.distances,
            product(turn, domain.frame),
            product(turn, domain.origin),
            domain.inner,
            domain.ball,
        )
        parts = domain.cut(normal, distance, inner=True), other.cut(-normal, -distance, inner=True)
        return piece.of(parts), {"angle_deg": settled.angle_deg, "distance_a": distance}
