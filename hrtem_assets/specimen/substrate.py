"""The substrate: random sequential placement with a least distance, periodic in x and y, from an explicit seed.

Construction Zone's own amorphous generator ignores its density and position, leaves pairs below its least
distance at the periodic seam, can only be seeded globally and is a hundred times slower.
"""

from typing import Any, Self

import numba
import numpy as np
from numpy.typing import NDArray

from hrtem_assets.specimen.bounds import substrate_atoms
from hrtem_assets.specimen.czone_compat import AmorphousGenerator
from hrtem_assets.specimen.film import Unevenness, shared_out

MOST_TRIALS_PER_ATOM = 1000
_EVEN_BOTTOM_A = np.zeros((1, 1))


class AmorphousSubstrate(AmorphousGenerator):
    """czone generator of an amorphous substrate; every call draws anew from one random generator."""

    def __init__(
        self,
        number: int,
        density_atoms_per_a3: float,
        min_distance_a: float,
        rng: np.random.Generator,
        uneven: Unevenness | None = None,
    ) -> None:
        """A substrate of one element.

        Args:
            number: atomic number.
            density_atoms_per_a3: number density in atoms/Å³.
            min_distance_a: shortest distance between two atoms in Å.
            rng: random numbers; shared with copies of the generator, which czone makes for its volumes.
            uneven: how the film differs from an even one; its deepest place lies on the floor of the box.
        """
        super().__init__(species=number, density=density_atoms_per_a3, min_dist=min_distance_a)
        self.rng, self.uneven = rng, uneven

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return type(self)(self.species, self.density, self.min_dist, self.rng, self.uneven)

    def supply_atoms(self, bbox: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Atoms that fill the box spanned by some points, where it is, periodic in its x and y.

        Args:
            bbox: points, (N, 3), Å.

        Returns:
            positions, float64 (M, 3), Å, and atomic numbers, int64 (M,).
        """
        origin = np.min(bbox, axis=0)
        box = np.max(bbox, axis=0) - origin
        positions = random_sequential(box, self.density, self.min_dist, self.rng, self.uneven) + origin
        return positions, np.full(len(positions), self.species, dtype=np.int64)


def random_sequential(
    box_a: NDArray[np.float64],
    density_atoms_per_a3: float,
    min_distance_a: float,
    rng: np.random.Generator,
    uneven: Unevenness | None = None,
) -> NDArray[np.float64]:
    """Atoms placed one after another, uniformly, wherever none is closer than a least distance.

    The rule is that of czone's `gen_p_substrate`; the box is periodic in x and y, open in z.

    Args:
        box_a: sides of the box, (3,), Å.
        density_atoms_per_a3: number density; the number of atoms is rounded from it.
        min_distance_a: least distance in Å, periodic images included.
        rng: random numbers.
        uneven: where the film is thicker and denser; its deepest place lies on the floor of the box. An even film is
            made first, whose atoms are then shared out anew over columns.

    Returns:
        positions within [0, side), float64 (N, 3), Å.

    Raises:
        ValueError: if the box is narrower than the least distance, or so many atoms do not fit.
    """
    box = np.asarray(box_a, dtype=np.float64)
    thickness_a = box[2] - (uneven.deepest_a if uneven else 0.0)
    even = box if uneven is None else np.array([box[0], box[1], thickness_a])
    wanted = substrate_atoms(even, density_atoms_per_a3)
    bottom_a, room = _EVEN_BOTTOM_A, np.full((1, 1), wanted, dtype=np.int64)
    if uneven is not None:
        bottom_a = uneven.deepest_a - uneven.relief_a
        atoms = random_sequential(even, density_atoms_per_a3, min_distance_a, rng)
        at = np.minimum((atoms[:, :2] / box[:2] * uneven.columns).astype(np.int64), uneven.columns - 1)
        counts = np.zeros((uneven.columns, uneven.columns), dtype=np.int64)
        np.add.at(counts, (at[:, 0], at[:, 1]), 1)
        room = shared_out(counts, uneven.atoms(thickness_a), wanted, rng)
    if wanted and min(box[0], box[1]) < min_distance_a:
        raise ValueError(
            f"box_a = {tuple(box.tolist())} is narrower than min_distance_a = {min_distance_a}: an atom would "
            f"be too close to its own image; widen the box"
        )
    positions = np.empty((wanted, 3))
    cells = np.maximum(1, np.floor(box / min_distance_a)).astype(np.int64)
    first = np.full(cells, -1, dtype=np.int32)
    following = np.empty(wanted, dtype=np.int32)
    placed = trials = 0
    while placed < wanted:
        if trials > MOST_TRIALS_PER_ATOM * wanted:
            raise ValueError(
                f"density_atoms_per_a3 = {density_atoms_per_a3} with min_distance_a = {min_distance_a} leaves no "
                f"room for {wanted} atoms in {tuple(box.tolist())} Å ({placed} placed); lower either"
            )
        trial = rng.random((wanted + 64, 3)) * box
        trials += len(trial)
        placed = _fill(positions, placed, trial, first, following, box, min_distance_a, bottom_a, room)
    return positions


@numba.njit(cache=True)
def _fill(  # type: ignore[no-untyped-def]  # compiled for its arguments
    positions, placed, trial, first, following, box, min_distance, bottom, room
):
    """Add the trial points that lie above the bottom, find room in their column and keep the least distance; `first`
    and `following` link the atoms of a cell.
    """
    nx, ny, nz = first.shape
    for t in range(trial.shape[0]):
        if placed == positions.shape[0]:
            break
        x, y, z = trial[t, 0], trial[t, 1], trial[t, 2]
        n = bottom.shape[0]
        if z < bottom[min(int(x / box[0] * n), n - 1), min(int(y / box[1] * n), n - 1)]:
            continue
        m = room.shape[0]
        a, b = min(int(x / box[0] * m), m - 1), min(int(y / box[1] * m), m - 1)
        if room[a, b] == 0:
            continue
        i = min(int(x / box[0] * nx), nx - 1)
        j = min(int(y / box[1] * ny), ny - 1)
        k = min(int(z / box[2] * nz), nz - 1)
        if _is_free(x, y, z, i, j, k, positions, first, following, box, min_distance):
            positions[placed, 0], positions[placed, 1], positions[placed, 2] = x, y, z
            following[placed] = first[i, j, k]
            first[i, j, k] = placed
            room[a, b] -= 1
            placed += 1
    return placed


@numba.njit(cache=True)
def _is_free(  # type: ignore[no-untyped-def]
    x, y, z, i, j, k, positions, first, following, box, min_distance
):
    nx, ny, nz = first.shape
    # with fewer than three cells across, every cell is a neighbour, once
    for di in range(-1 if nx > 2 else 0, min(nx, 2)):
        ci = (i + di) % nx
        for dj in range(-1 if ny > 2 else 0, min(ny, 2)):
            cj = (j + dj) % ny
            for ck in range(max(k - 1, 0), min(k + 2, nz)):
                other = first[ci, cj, ck]
                while other >= 0:
                    dx = abs(positions[other, 0] - x)
                    dy = abs(positions[other, 1] - y)
                    dz = positions[other, 2] - z
                    dx = min(dx, box[0] - dx)
                    dy = min(dy, box[1] - dy)
                    if dx * dx + dy * dy + dz * dz < min_distance * min_distance:
                        return False
                    other = following[other]
    return True
