"""Adatoms and unfinished layers."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from scipy.spatial import cKDTree

from hrtem_assets.crystal.crystal import SHELL
from hrtem_assets.imaging.distributions import Drawn, drawn, support
from hrtem_assets.morphology.defect import Atoms, Defect, Piece, Record
from hrtem_assets.morphology.defects.vacancies import on_surface


class SurfaceGrowth(Defect):
    """Atoms added one after another at random free sites of the lattice next to the surface, those with more neighbours
    more often; a site needs three, or half of what atoms inside have.
    """

    defect: Literal["surface_growth"] = "surface_growth"
    coverage: Drawn = drawn(..., "1", "atoms added, over those of the surface", ge=0.0, le=1.0)
    records: ClassVar[Mapping[str, tuple[str, str]]] = {"count": ("1", "atoms grown on the surface")}

    @property
    def growth(self) -> float:
        return support(self.coverage)[1]

    def change(self, piece: Piece, atoms: Atoms, rng: np.random.Generator) -> tuple[Atoms, Record]:
        coverage = self.drawn(lambda _, of: of.draw(rng)).coverage
        reach = SHELL * piece.crystal.shortest_a
        wanted = round(coverage * np.count_nonzero(on_surface(piece.crystal, atoms)))
        # two layers are more than a coverage of one fills
        around = piece.fill([domain.grown(2 * reach) for domain in piece.domains])
        taken = cKDTree(atoms.positions_a)
        free = around.kept(taken.query(around.positions_a)[0] > 0.5 * piece.crystal.shortest_a)
        free = free.kept(~np.any([domain.holds(free.positions_a) for domain in piece.domains], axis=0))
        inside = taken.query_ball_point(atoms.positions_a, reach, return_length=True).max() - 1
        least = min(3, inside // 2)
        tree = cKDTree(free.positions_a)
        near = taken.query_ball_point(free.positions_a, reach, return_length=True)
        neighbours = tree.query_ball_point(free.positions_a, reach)
        added: list[int] = []
        open_sites = np.ones(len(free), bool)
        for _ in range(wanted):
            weights = np.where(open_sites & (near >= least), near.astype(float) ** 2, 0.0)
            total = weights.sum()
            if not total:
                break
            site = int(np.searchsorted(np.cumsum(weights), rng.random() * total, side="right"))
            added.append(site)
            open_sites[site] = False
            near[neighbours[site]] += 1
        grown = free.kept(np.array(added, int))
        return Atoms(
            np.concatenate([atoms.positions_a, grown.positions_a]),
            np.concatenate([atoms.numbers, grown.numbers]),
            np.concatenate([atoms.domain, np.full(len(grown), -1)]),
        ), {"count": len(added)}
