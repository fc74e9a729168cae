"""Slabs of crystal in a square periodic cell: which periods fit, how they are strained, and the planes they are "
"made of."""

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.crystal.crystal import Crystal, Indices
from hrtem_assets.crystal.exact import inverse, length, nearest_rotation, product
from hrtem_assets.crystal.translations import translations

# atoms of one plane are no farther apart along its normal
PLANE_A = 0.3
_PARALLEL = 1e-4


@dataclass(frozen=True, eq=False)
class SlabFit:
    """A crystal laid into a square cell.

    Attributes:
        crystal: which.
        into_cell: from the crystal's frame to the structure's, strained to fit, float64 (3, 3).
        rotation: the same without strain.
        strain: the largest, as a fraction.
        x_direction: indices [uvw] of the lattice translation nearest to x, for people.
        periods: how many of the shortest translations along x and y the cell holds; 0 along x at an edge.
    """

    crystal: Crystal
    into_cell: NDArray[np.float64]
    rotation: NDArray[np.float64]
    strain: float
    x_direction: tuple[float, float, float]
    periods: tuple[float, float]


@dataclass(frozen=True)
class Planes:
    """The atomic planes of a crystal along a direction.

    Attributes:
        period_a: after which they repeat, up to a shift across the direction, Å.
        heights_a: within one period, ascending, Å.
        formulas: what each holds, such as `O2`.
    """

    period_a: float
    heights_a: tuple[float, ...]
    formulas: tuple[str, ...]


def fit_slab(
    crystal: Crystal,
    zone_axis: Indices,
    cell_a: float,
    most_strain: float,
    edge_plane: Indices | None,
    is_open: bool,
) -> SlabFit:
    """Lay a crystal into a square cell, with a zone axis along z.

    Of all ways within the allowed strain, that whose axis along x is shortest is taken, then that of least strain.

    Args:
        crystal: which.
        zone_axis: direction [uvw] along z.
        cell_a: side of the cell.
        most_strain: allowed.
        edge_plane: plane whose normal points along x; None for any.
        is_open: whether the slab ends along x, so that it need not be periodic there.

    Raises:
        ValueError: if there is none; the message begins with the setting, and names cells that would do.
    """
    found = _best(crystal, zone_axis, cell_a, most_strain, edge_plane, is_open)
    if found is not None:
        return found
    near = []
    for factor in np.arange(0.8, 1.3, 0.002):
        side = round(cell_a * factor, 1)
        other = _best(crystal, zone_axis, side, most_strain, edge_plane, is_open)
        if other is not None and side not in near:
            near.append(side)
    near = sorted(near, key=lambda side: abs(side - cell_a))[:4]
    words = f"; cells that do: {', '.join(f'{side:g}' for side in sorted(near))} Å" if near else ""
    raise ValueError(
        f"zone_axis = {zone_axis}: simulation.cell_a = {cell_a:g} does not hold whole periods of the crystal within "
        f"most_strain = {most_strain:g}{words}; change cell_a, or raise most_strain"
    )


@lru_cache(maxsize=4096)
def _best(
    crystal: Crystal,
    zone_axis: Indices,
    cell_a: float,
    most_strain: float,
    edge_plane: Indices | None,
    is_open: bool,
) -> SlabFit | None:
    first, second = plane_basis(crystal, zone_axis)
    up = crystal.direction(zone_axis)
    most = int(np.ceil(2 * cell_a * (1 + most_strain) / length(first))) + 1
    steps = np.array(list(itertools.product(range(-most, most + 1), repeat=2)))
    vectors = product(steps, np.array([first, second]))
    lengths = length(vectors)
    whole = np.abs(lengths / cell_a - 1) <= most_strain
    if edge_plane is not None:
        x = crystal.normal(edge_plane)
        if abs(product(x, up)) > _PARALLEL:
            raise ValueError(
                f"edge_plane = {edge_plane} does not hold zone_axis = {zone_axis}: the edge stands along the beam; "
                "choose a plane with hu + kv + lw = 0"
            )
        y = np.cross(up, x)
    best: tuple[float, float, SlabFit] | None = None
    for b, b_steps in zip(vectors[whole], steps[whole], strict=True):
        if is_open:
            y_now = b / length(b)
            if edge_plane is not None and length(np.cross(y_now, y)) > _PARALLEL:
                continue
            if edge_plane is not None and product(y_now, y) < 0:
                continue
            candidates = [np.cross(y_now, up) * cell_a]
            a_steps: list[NDArray[np.int64] | None] = [None]
        else:
            across = np.cross(b, up)
            across *= cell_a / length(across)
            close = whole & (length(vectors - across) <= 2 * most_strain * cell_a)
            candidates, a_steps = list(vectors[close]), list(steps[close])
        for a, a_step in zip(candidates, a_steps, strict=True):
            if edge_plane is not None and length(np.cross(a / length(a), x)) > 0.02:
                continue
            fit = _fit(crystal, up, a, b, cell_a, b_steps, a_step)
            if fit.strain > most_strain:
                continue
            reduced = length(b) / np.gcd.reduce(b_steps)
            if a_step is not None:
                reduced += length(a) / np.gcd.reduce(a_step)
            score = (round(float(reduced), 4), fit.strain)
            # of those turned by 180 degrees, always the same
            if (
                best is None
                or score < (best[0] - 1e-9, best[1])
                or (score[0] <= best[0] and score[1] < best[1] - 1e-9)
            ):
                best = (*score, fit)
    return None if best is None else best[2]


def _fit(
    crystal: Crystal,
    up: NDArray[np.float64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    cell_a: float,
    b_steps: NDArray[np.int64],
    a_steps: NDArray[np.int64] | None,
) -> SlabFit:
    # columns: where a, b and the zone axis go
    source = np.column_stack([a, b, up])
    target = np.diag([cell_a, cell_a, 1.0])
    into_cell = product(target, inverse(source))
    rotation = nearest_rotation(into_cell)
    # it decides nothing but what is said and chosen
    strain = float(np.abs(np.linalg.svd(into_cell, compute_uv=False) - 1).max())
    x = np.linalg.solve(crystal.vectors_a.T, a if a_steps is not None else np.cross(b, up))
    x /= np.abs(x[np.abs(x) > 1e-6]).min()
    u, v, w = (round(float(i), 2) + 0.0 for i in x)
    periods = (float(np.gcd.reduce(a_steps)) if a_steps is not None else 0.0, float(np.gcd.reduce(b_steps)))
    return SlabFit(crystal, into_cell, rotation, strain, (u, v, w), periods)


@lru_cache(maxsize=256)
def plane_basis(crystal: Crystal, zone_axis: Indices) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two shortest lattice translations across a direction, Å.

    Args:
        crystal: which.
        zone_axis: indices [uvw] of the direction.

    Raises:
        ValueError: if the plane across it is not periodic; begins with the setting.
    """
    if not any(zone_axis):
        raise ValueError("zone_axis = (0, 0, 0) is no direction; write indices such as [1, 1, 0]")
    up, reach = crystal.direction(zone_axis), range(-6, 7)
    steps = np.array(list(itertools.product(reach, repeat=3)))
    all_vectors = product((steps[:, None] + translations(crystal)).reshape(-1, 3), crystal.vectors_a)
    lengths = length(all_vectors)
    across = all_vectors[(np.abs(product(all_vectors, up)) < 1e-4 * (1 + lengths)) & (lengths > 1e-3)]
    across = across[np.lexsort((*np.round(-across.T, 3), np.round(length(across), 4)))]
    for other in across[1:]:
        crossed = length(np.cross(across[0], other))
        if crossed > 0.05 * length(across[0]) * length(other):
            return across[0], other
    raise ValueError(
        f"zone_axis = {zone_axis}: no two short lattice translations lie across it, so that a slab of it cannot be "
        "periodic; choose an axis at right angles to a lattice plane"
    )


@lru_cache(maxsize=256)
def planes(crystal: Crystal, zone_axis: Indices) -> Planes:
    """The atomic planes of a crystal across a direction, those nearer than 0.3 Å to each other taken as one.

    Args:
        crystal: which.
        zone_axis: indices [uvw] of the direction.
    """
    from hrtem_assets.crystal.elements import write_formula

    first, second = plane_basis(crystal, zone_axis)
    up = crystal.direction(zone_axis)
    primitive = crystal.volume_a3 / len(translations(crystal))
    period = float(primitive / length(np.cross(first, second)))
    atoms = crystal.atoms
    heights = np.mod(product(atoms.fractions, crystal.vectors_a, up), period)
    heights[heights > period - 1e-6] -= period
    order = np.argsort(heights, kind="stable")
    groups: list[list[int]] = []
    for k in order.tolist():
        if groups and heights[k] - heights[groups[-1][-1]] < PLANE_A:
            groups[-1].append(k)
        else:
            groups.append([k])
    if len(groups) > 1 and heights[groups[0][0]] + period - heights[groups[-1][-1]] < PLANE_A:
        groups[0] = groups.pop() + groups[0]
    from collections import Counter

    share = crystal.volume_a3 / primitive
    formulas = []
    for group in groups:
        counts = Counter(atoms.symbols[k] for k in group)
        whole = Counter({s: max(1, round(n / share)) for s, n in counts.items()})
        formulas.append(write_formula(whole))
    middles = tuple(float(heights[group[-1]]) for group in groups)
    return Planes(period, middles, tuple(formulas))


def slab_atoms(
    fit: SlabFit, zone_axis: Indices, cell_a: float, count: int, top: int, shift: NDArray[np.float64]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Atoms of a slab, its lowest plane at z = 0.

    Args:
        fit: how the crystal lies in the cell.
        zone_axis: along z.
        cell_a: side of the cell, Å.
        count: number of atomic planes.
        top: which plane of the period is uppermost, as `planes` counts them.
        shift: of the crystal in the plane of the cell, float64 (2,), parts of the cell.

    Returns:
        positions, float64 (N, 3), Å, x and y in [0, cell_a), and the element of each.
    """
    crystal = fit.crystal
    stack = planes(crystal, zone_axis)
    up = crystal.direction(zone_axis)
    per_period = len(stack.heights_a)
    above = stack.heights_a[top]
    lowest_number = top - (count - 1)
    below = stack.heights_a[lowest_number % per_period] + stack.period_a * (lowest_number // per_period)
    # corners of the slab in fractions of the unit cell
    corners = np.array(
        list(
            itertools.product(
                (-0.02 * cell_a, 1.02 * cell_a), (-0.02 * cell_a, 1.02 * cell_a), (below - 1, above + 1)
            )
        )
    )
    fractions = product(corners, inverse(fit.into_cell).T, inverse(crystal.vectors_a))
    low, high = (
        np.floor(fractions.min(axis=0)).astype(int) - 1,
        np.ceil(fractions.max(axis=0)).astype(int) + 1,
    )
    symbols = np.array(crystal.atoms.symbols)
    found, kinds = [], []
    # one sheet of unit cells at a time: the box around a turned slab is many times larger
    for i in range(low[0], high[0] + 1):
        j, k = np.meshgrid(np.arange(low[1], high[1] + 1), np.arange(low[2], high[2] + 1), indexing="ij")
        cells = np.stack([np.full(j.size, i), j.ravel(), k.ravel()], axis=1)
        places = product((cells[:, None] + crystal.atoms.fractions).reshape(-1, 3), crystal.vectors_a)
        height = product(places, up)
        of = np.tile(symbols, len(cells))
        inside = (height > below - PLANE_A) & (height < above + PLANE_A)
        places, of = product(places[inside], fit.into_cell.T), of[inside]
        lateral = places[:, :2] / cell_a
        inside = np.all((lateral > -1e-6) & (lateral < 1 - 1e-6), axis=1)
        found.append(places[inside])
        kinds.append(of[inside])
    positions, elements = np.concatenate(found), np.concatenate(kinds)
    lateral = np.mod(positions[:, :2] / cell_a + shift, 1.0) * cell_a
    # rounded up to the side, an atom is that at 0
    positions[:, :2] = np.where(lateral >= cell_a, 0.0, lateral)
    positions[:, 2] -= positions[:, 2].min()
    return positions, tuple(elements.tolist())
