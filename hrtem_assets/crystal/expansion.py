"""From symmetry-independent sites to all atoms of a unit cell: special positions found, sites on one place named."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hrtem_assets.crystal.operators import Operators

# images of a site nearer than this are one atom: 1/3 written 0.333 puts them up to 0.05 Å apart, and no two
# atoms of a crystal come within ten times as much
SAME_ATOM_A = 0.1
MAX_ATOMS = 5000


class ExpansionError(ValueError):
    """Sites that do not make a crystal; the message names them."""


@dataclass(frozen=True)
class Expansion:
    """All atoms of a unit cell.

    Args:
        positions: fractional, 0 to below 1, float64 (N, 3).
        site_of: index of the site that each atom comes from, int64 (N,).
        moved_a: how far each site was moved onto a special position, in Å, float64 (sites,).
    """

    positions: NDArray[np.float64]
    site_of: NDArray[np.int64]
    moved_a: NDArray[np.float64]

    @property
    def multiplicities(self) -> NDArray[np.int64]:
        """Atoms per cell from each site, int64 (sites,)."""
        return np.bincount(self.site_of, minlength=len(self.moved_a))


def cell_vectors(cell: Sequence[float]) -> NDArray[np.float64]:
    """The edges of a cell as rows, a along x, b in the xy plane.

    Args:
        cell: a, b, c in Å, alpha, beta, gamma in degrees.

    Returns:
        float64 (3, 3), Å; not-a-number in the last where the angles enclose no volume.
    """
    a, b, c = cell[:3]
    # numpy's own differ between processors
    cos_alpha, cos_beta, cos_gamma = (math.cos(math.radians(angle)) for angle in cell[3:])
    sin_gamma = math.sin(math.radians(cell[5]))
    c_y = (cos_alpha - cos_beta * cos_gamma) / sin_gamma
    c_z_squared = 1 - cos_beta**2 - c_y**2
    c_z = np.sqrt(c_z_squared) if c_z_squared > 0 else np.nan
    return np.array(
        [[a, 0, 0], [b * cos_gamma, b * sin_gamma, 0], [c * cos_beta, c * c_y, c * c_z]], dtype=np.float64
    )


def onto_special_position(
    operators: Operators, cell: Sequence[float], position: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.float64]:
    """A position, moved onto the special position that its digits stand for: 0.333, 0.667, z is 1/3, 2/3, z.

    Images of the position nearer than 0.1 Å are one atom; it lies at their mean.

    Args:
        operators: those of the space group.
        cell: a, b, c in Å, alpha, beta, gamma in degrees.
        position: fractional coordinates.

    Returns:
        Fractional coordinates, float64 (3,); unchanged if that is where they were.

    Raises:
        ExpansionError: if the images next to each other do not meet in one point.
    """
    start = np.asarray(position, dtype=np.float64)
    vectors = cell_vectors(cell)
    here = start
    for _ in range(4):
        images = operators.images(here) - here
        images -= np.round(images)
        near = np.linalg.norm(images @ vectors, axis=1) < SAME_ATOM_A
        offset = images[near].mean(axis=0)
        here = here + offset
        if np.abs(offset).max() < 1e-12:
            break
    images = operators.images(here) - here
    images -= np.round(images)
    distances = np.linalg.norm(images @ vectors, axis=1)
    if ((distances > 1e-6) & (distances < SAME_ATOM_A)).any():
        raise ExpansionError(
            "its images under the symmetry are closer than atoms can be, and no single point fits them"
        )
    return start if np.abs(here - start).max() < 1e-9 else here


def expand(
    operators: Operators,
    cell: Sequence[float],
    positions: Sequence[Sequence[float]] | NDArray[np.float64],
    names: Sequence[str],
) -> Expansion:
    """All atoms of a unit cell from its symmetry-independent sites.

    Args:
        operators: those of the space group.
        cell: a, b, c in Å, alpha, beta, gamma in degrees.
        positions: fractional coordinates of the sites, (N, 3).
        names: how messages name each site.

    Raises:
        ExpansionError: if two sites lie on one place, or there are more than 5,000 atoms.
    """
    order = len(operators)
    vectors = cell_vectors(cell)
    orbits: list[NDArray[np.float64]] = []
    moved = np.zeros(len(positions))
    total = 0
    for index, (position, name) in enumerate(zip(positions, names, strict=True)):
        start = np.asarray(position, dtype=np.float64)
        try:
            special = start if order == 1 else onto_special_position(operators, cell, start)
        except ExpansionError as error:
            raise ExpansionError(f"site {name} at {_shown(start)}: {error}") from None
        moved[index] = np.linalg.norm((special - start) @ vectors)
        images = special[None] - np.floor(special) if order == 1 else _distinct(operators.images(special))
        total += len(images)
        if total > MAX_ATOMS:
            raise ExpansionError(
                f"the unit cell has more than {MAX_ATOMS} atoms; this is meant for crystals with small cells"
            )
        orbits.append(images)
    everything = np.concatenate(orbits) if orbits else np.zeros((0, 3))
    site_of = np.repeat(np.arange(len(orbits)), [len(images) for images in orbits])
    _refuse_one_place_twice(everything, site_of, vectors, positions, names)
    return Expansion(everything, site_of, moved)


def _distinct(images: NDArray[np.float64]) -> NDArray[np.float64]:
    # exact images of one point differ by rounding alone, so equal keys are one atom; in the order of the keys,
    # which does not depend on that of the operators
    home = images - np.floor(images + 1e-9)
    millionths = np.round(home * 1e6).astype(np.int64) % 1_000_000
    _, first = np.unique(millionths @ np.array([10**12, 10**6, 1]), return_index=True)
    return np.clip(home[first], 0.0, None)


def neighbours(
    positions: NDArray[np.float64], vectors: NDArray[np.float64], within_a: float
) -> NDArray[np.int64]:
    """Pairs of atoms of a periodic cell nearer than some distance.

    Args:
        positions: fractional, float64 (N, 3).
        vectors: edges of the cell as rows, float64 (3, 3), Å.
        within_a: distance in Å.

    Returns:
        Indices, int64 (pairs, 2), smaller first; an atom and its own image in a neighbouring cell is a pair.
    """
    # in fractions of the edges, measured along the heights of the cell
    margin = within_a * np.linalg.norm(np.linalg.inv(vectors), axis=0)
    reach = [np.arange(-n, n + 1) for n in np.ceil(margin).astype(int)]
    steps = np.stack(np.meshgrid(*reach, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    home = np.mod(positions, 1.0)
    around = (home + steps).reshape(-1, 3)
    near = np.flatnonzero(((around > -margin) & (around < 1.0 + margin)).all(axis=1))
    tree = cKDTree(around[near] @ vectors)
    pairs = cKDTree(home @ vectors).sparse_distance_matrix(tree, within_a, output_type="ndarray")
    first, image = pairs["i"], near[pairs["j"]]
    # an atom is not its own neighbour; its images are
    other = image != len(home) * (len(steps) // 2) + first
    both = np.stack([first[other], image[other] % len(home)], axis=1)
    return np.unique(np.sort(both, axis=1), axis=0).astype(np.int64)


def _refuse_one_place_twice(
    positions: NDArray[np.float64],
    site_of: NDArray[np.int64],
    vectors: NDArray[np.float64],
    written: Sequence[Sequence[float]] | NDArray[np.float64],
    names: Sequence[str],
) -> None:
    for i, j in neighbours(positions, vectors, SAME_ATOM_A):
        one, other = site_of[i], site_of[j]
        if one != other:
            raise ExpansionError(
                f"sites {names[one]} at {_shown(written[one])} and {names[other]} at {_shown(written[other])} "
                f"are one place in the crystal; list each symmetry-independent site once, and no two at one position"
            )


def _shown(position: Sequence[float] | NDArray[np.float64]) -> str:
    return "(" + ", ".join(f"{float(x):.6g}" for x in position) + ")"
