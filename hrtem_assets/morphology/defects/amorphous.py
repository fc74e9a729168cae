"""Particles without a lattice."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np

from hrtem_assets.imaging.distributions import Drawn, drawn
from hrtem_assets.morphology.bodies import reach
from hrtem_assets.morphology.defect import Atoms, Defect, Piece, Record

# of the shortest distance of the crystal; random atoms fill space no more densely
_LEAST_OF_SHORTEST = 0.8


class Amorphous(Defect):
    """Atoms at random within the particle's shape, in the crystal's composition; none nearer than 0.8 of its shortest
    distance.
    """

    defect: Literal["amorphous"] = "amorphous"
    density: Drawn = drawn(0.9, "1", "number density over the crystal's", ge=0.3, le=1.0)
    records: ClassVar[Mapping[str, tuple[str, str]]] = {"density": ("1", "number density over the crystal's")}

    def change(self, piece: Piece, atoms: Atoms, rng: np.random.Generator) -> tuple[Atoms, Record]:
        density = self.drawn(lambda _, of: of.draw(rng)).density
        high = np.array([reach(piece.domains, axis) for axis in np.eye(3)])
        low = -np.array([reach(piece.domains, -axis) for axis in np.eye(3)])
        crystal = piece.crystal
        least = _LEAST_OF_SHORTEST * crystal.shortest_a
        # a box that is periodic in x and y must not be narrower than two atoms
        sides = np.maximum(high - low, 2 * least)
        filling = density * crystal.atoms_per_a3 * np.pi / 6 * least**3
        if filling > MOST_FILLING:
            least *= (MOST_FILLING / filling) ** (1 / 3)
        places = piece.scatter(sides, density * crystal.atoms_per_a3, least, rng) + low
        domain = np.full(len(places), -1)
        for k, one in enumerate(piece.domains):
            domain[(domain < 0) & one.holds(places)] = k
        places, domain = places[domain >= 0], domain[domain >= 0]
        kinds, counts = np.unique(atoms.numbers, return_counts=True)
        shares = np.rint(np.cumsum([0, *counts]) * len(places) / counts.sum()).astype(int)
        numbers = rng.permutation(np.repeat(kinds, np.diff(shares)))
        return Atoms(places, numbers, domain), {"density": density}


MOST_FILLING = 0.25
"""Part of the volume that atoms of half the least distance fill: random placement gets slow beyond."""
