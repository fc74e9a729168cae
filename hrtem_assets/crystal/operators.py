"""Symmetry operators in exact arithmetic: parsing, whether a list is a group, shifts of origin."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import gemmi
import numpy as np
from numpy.typing import NDArray

# translations are counted in these parts of a cell edge: halves, thirds, quarters, sixths and eighths are whole
PARTS = 24

_Code = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Operators:
    """A list of symmetry operators x -> R x + t on fractional coordinates.

    Args:
        rotations: R, int64 (N, 3, 3).
        shifts: t in 24ths of the cell edges, int64 (N, 3), each 0 to 23.
    """

    rotations: NDArray[np.int64]
    shifts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rotations)

    @cached_property
    def codes(self) -> frozenset[_Code]:
        """Every operator as twelve whole numbers; equal sets are equal lists, whatever their order."""
        rows = np.concatenate([self.rotations.reshape(-1, 9), self.shifts], axis=1)
        return frozenset(tuple(row) for row in rows.tolist())

    @cached_property
    def translations(self) -> NDArray[np.float64]:
        """t in fractions of the cell edges, float64 (N, 3)."""
        return self.shifts / PARTS

    @cached_property
    def centrings(self) -> NDArray[np.int64]:
        """Shifts of the pure translations, int64 (M, 3), in 24ths."""
        return self.shifts[(self.rotations == np.eye(3, dtype=np.int64)).all(axis=(1, 2))]

    def images(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where the operators take a position, float64 (N, 3), not reduced to the cell."""
        return self.rotations @ position + self.translations


def operators_from_gemmi(group: gemmi.GroupOps) -> Operators:
    """All operators of a group of gemmi's, centring included."""
    return _from_ops(list(group))


def parse_operators(triplets: Sequence[str]) -> Operators:
    """Operators written as `-x, y+1/2, z`.

    Args:
        triplets: one operator each.

    Raises:
        ValueError: if one cannot be read as an operator of a space group.
    """
    return _from_ops([_parsed(text) for text in triplets])


def parse_hall(symbol: str) -> Operators:
    """Operators of a Hall symbol, with or without a change of basis.

    Raises:
        ValueError: if it is none.
    """
    try:
        return operators_from_gemmi(gemmi.symops_from_hall(symbol.replace("_", " ").strip()))
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"the Hall symbol {symbol!r} cannot be read ({error})") from None


def _parsed(text: str) -> gemmi.Op:
    try:
        op = gemmi.Op(text.strip().strip(";").replace(" ", ""))
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"the symmetry operator {text!r} cannot be read ({error})") from None
    whole = all(entry in (-PARTS, 0, PARTS) for row in op.rot for entry in row)
    if not whole or abs(op.det_rot()) != PARTS**3:
        raise ValueError(f"{text!r} is not a symmetry operator of a crystal")
    return op


def _from_ops(ops: Iterable[gemmi.Op]) -> Operators:
    listed = list(ops)
    rotations = np.array([op.rot for op in listed], dtype=np.int64).reshape(-1, 3, 3) // PARTS
    shifts = np.array([op.tran for op in listed], dtype=np.int64).reshape(-1, 3) % PARTS
    return Operators(rotations, shifts)


def is_group(operators: Operators) -> bool:
    """Whether identity and every product of two operators are in the list, and none is there twice."""
    codes = operators.codes
    identity = (1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
    if len(codes) != len(operators) or identity not in codes:
        return False
    for rotation, shift in zip(operators.rotations, operators.shifts, strict=True):
        products = rotation @ operators.rotations
        moved = (operators.shifts @ rotation.T + shift) % PARTS
        if not codes.issuperset(
            tuple(row) for row in np.concatenate([products.reshape(-1, 9), moved], axis=1).tolist()
        ):
            return False
    return True


def equal_but_for_origin(one: Operators, other: Operators) -> bool:
    """Whether a shift of the origin, by 48ths of the edges, turns one group into the other."""
    if len(one) != len(other) or not np.array_equal(
        np.unique(one.rotations, axis=0), np.unique(other.rotations, axis=0)
    ):
        return False
    centrings = {tuple(c) for c in one.centrings.tolist()}
    if centrings != {tuple(c) for c in other.centrings.tolist()}:
        return False
    axis = np.arange(2 * PARTS)
    # with the origin at p/48 an operator (R, t) reads (R, t + (R - 1) p/48)
    origins = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    allowed = np.array(sorted(centrings))
    packed = np.sort(_packed(2 * allowed))
    compared: set[bytes] = set()
    for rotation, shift in zip(one.rotations, one.shifts, strict=True):
        if rotation.tobytes() in compared:
            continue
        compared.add(rotation.tobytes())
        partner = next(
            s for r, s in zip(other.rotations, other.shifts, strict=True) if np.array_equal(r, rotation)
        )
        differences = 2 * (shift - partner) + origins @ (rotation - np.eye(3, dtype=np.int64)).T
        origins = origins[np.isin(_packed(differences % (2 * PARTS)), packed)]
        if not len(origins):
            return False
    return True


def _packed(shifts: NDArray[np.int64]) -> NDArray[np.int64]:
    return shifts @ np.array([1, 64, 4096])


def averaged_metric(operators: Operators, metric: NDArray[np.float64]) -> NDArray[np.float64]:
    """The metric tensor nearest to one given that the operators leave unchanged.

    Args:
        operators: a group.
        metric: dot products of the cell edges, float64 (3, 3), Å².

    Returns:
        The mean of R^T G R over the group, float64 (3, 3), Å².
    """
    rotations = operators.rotations.astype(float)
    return np.einsum("nji,jk,nkl->il", rotations, metric, rotations) / len(rotations)
