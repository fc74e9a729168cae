"""A screw dislocation through a particle."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.exact import length, product
from hrtem_assets.imaging.distributions import Drawn, drawn
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.defect import Atoms, Defect, Piece, Record
from hrtem_assets.morphology.orientation import any_across
from hrtem_assets.morphology.shape import Direction


class ScrewDislocation(Defect):
    """A line around which atoms rise along it by a lattice translation per turn: u = b theta / 2 pi (D. Hull, D. J.
    Bacon, Introduction to Dislocations).
    """

    defect: Literal["screw_dislocation"] = "screw_dislocation"
    line: Direction = Field(description="direction [uvw] of the line and of the Burgers vector")
    offset_a: Drawn = drawn(0.0, "Å", "distance of the line from the particle's centre", ge=0.0, le=200.0)
    sign: Literal[1, -1] = Field(1, description="1 for a right-handed screw, -1 for a left-handed one")
    faulted: ClassVar[bool] = True
    records: ClassVar[Mapping[str, tuple[str, str]]] = {
        "burgers_a": ("Å", "length of the Burgers vector"),
        "offset_a": ("Å", "distance of the line from the particle's centre"),
    }

    def refusal(self, crystal: Crystal, domains: Sequence[Domain]) -> str | None:
        if len(domains) > 1:
            return (
                f"screw_dislocation needs a particle of one crystal, and one of the shapes has "
                f"{len(domains)}; remove either"
            )
        if not any(self.line):
            return "line = (0, 0, 0) is no direction; write indices such as [1, 1, 0]"
        return None

    def change(self, piece: Piece, atoms: Atoms, rng: np.random.Generator) -> tuple[Atoms, Record]:
        settled = self.drawn(lambda _, of: of.draw(rng))
        line = piece.crystal.direction(self.line)
        burgers = shortest_translation_a(piece.crystal, self.line)
        x = any_across(line)
        y = np.cross(line, x)
        angle = rng.uniform(0.0, 2 * np.pi)
        axis = settled.offset_a * (math.cos(angle) * x + math.sin(angle) * y)
        (domain,) = piece.domains
        # from a larger crystal, so that the surface is where it was
        wide = piece.fill([domain.grown(burgers)])
        from_axis = wide.positions_a - axis
        turns = zip(product(from_axis, y).tolist(), product(from_axis, x).tolist(), strict=True)
        # numpy's own differs between processors
        theta = np.array([math.atan2(v, u) for v, u in turns])
        moved = wide.positions_a + (self.sign * burgers / (2 * np.pi) * theta)[:, None] * line
        shifted = Atoms(moved, wide.numbers, wide.domain)
        return shifted.kept(domain.holds(moved)), {"burgers_a": burgers, "offset_a": settled.offset_a}


def shortest_translation_a(crystal: Crystal, line: tuple[int, int, int]) -> float:
    """The shortest lattice translation along a direction, centring included, Å.

    Args:
        crystal: whose.
        line: indices [uvw].
    """
    from hrtem_assets.crystal.translations import translations

    along = np.array(line, np.float64) / np.gcd.reduce(line)
    steps = [1.0]
    for shift in translations(crystal):
        # a centring vector may reach a fraction of the way
        for parts in (2, 3, 4, 6):
            off = along / parts - shift
            if np.allclose(off, np.round(off), atol=1e-4):
                steps.append(1 / parts)
    return float(min(steps) * length(product(along, crystal.vectors_a)))
