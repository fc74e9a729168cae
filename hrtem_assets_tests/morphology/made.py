"""Particles made by their rules, and what is measured of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hrtem_assets.campaign import Lattice
from hrtem_assets.campaign.materials import Phase
from hrtem_assets.crystal.crystal import SHELL, Crystal
from hrtem_assets.morphology.orientation import DOWN, Surroundings
from hrtem_assets.morphology.particle_rule import ParticleRule
from hrtem_assets.specimen.particles import Shaped, shaped_particle

ORIGIN = {"position": (0, 0, 0)}
CELLS: dict[str, dict[str, Any]] = {
    "Au": {"space_group": 225, "a": 4.0786, "sites": [{"element": "Au", **ORIGIN}]},
    "CeO2": {
        "space_group": 225,
        "a": 5.411,
        "sites": [{"element": "Ce", **ORIGIN}, {"element": "O", "position": ("1/4", "1/4", "1/4")}],
    },
    "ZnS": {
        "space_group": 216,
        "a": 5.41,
        "sites": [{"element": "Zn", **ORIGIN}, {"element": "S", "position": ("1/4", "1/4", "1/4")}],
    },
    "CdSe": {
        "space_group": 186,
        "a": 4.2985,
        "c": 7.0152,
        "sites": [
            {"element": "Cd", "position": ("1/3", "2/3", 0)},
            {"element": "Se", "position": ("1/3", "2/3", 0.3767)},
        ],
    },
    "Co": {
        "space_group": 194,
        "a": 2.507,
        "c": 4.069,
        "sites": [{"element": "Co", "position": ("1/3", "2/3", "1/4")}],
    },
    "Fe": {"space_group": 229, "a": 2.866, "sites": [{"element": "Fe", **ORIGIN}]},
    "Cu3Au": {
        "space_group": 221,
        "a": 3.75,
        "sites": [{"element": "Au", **ORIGIN}, {"element": "Cu", "position": (0, "1/2", "1/2")}],
    },
    "C": {
        "space_group": 194,
        "a": 2.4612,
        "c": 6.7079,
        "sites": [
            {"element": "C", "position": (0, 0, "1/4")},
            {"element": "C", "position": ("1/3", "2/3", "1/4")},
        ],
    },
}


def crystal(name: str) -> Crystal:
    """One of the crystals."""
    return Lattice.model_validate(CELLS[name]).crystal


def made(
    name: str,
    particle: dict[str, Any],
    radius_a: float = 20.0,
    seed: int = 0,
    around: Surroundings | None = None,
) -> Shaped:
    """One particle of a crystal, made by a rule."""
    lattice = Lattice.model_validate(CELLS[name] | {"particle": particle})
    phase = Phase(name=name, part=1.0, lattice=lattice, particle=lattice.particle)
    rng = np.random.default_rng(seed)
    return shaped_particle((phase,), (0, 0), radius_a, around or Surroundings(DOWN), rng)


def rule(name: str, particle: dict[str, Any]) -> ParticleRule:
    """A rule, checked against a crystal."""
    checked = ParticleRule.model_validate(particle)
    checked.check(crystal(name))
    return checked


def neighbours(positions_a: NDArray[np.float64], reach_a: float) -> NDArray[np.int64]:
    """How many other atoms each has within a reach."""
    tree = cKDTree(positions_a)
    return np.asarray(tree.query_ball_point(positions_a, reach_a, return_length=True)) - 1


def coordination(shaped: Shaped, of: Crystal) -> dict[int, int]:
    """How many atoms have how many nearest neighbours."""
    counts = neighbours(shaped.positions_a, SHELL * of.shortest_a)
    return {int(k): int(n) for k, n in zip(*np.unique(counts, return_counts=True), strict=True)}


def shortest_a(positions_a: NDArray[np.float64]) -> float:
    """Shortest distance between two atoms."""
    return float(cKDTree(positions_a).query(positions_a, k=2)[0][:, 1].min())
