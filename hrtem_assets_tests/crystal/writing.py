"""CIFs written as people and programs write them, and coordination counted without the reader's help."""

from collections.abc import Iterable, Sequence

import numpy as np
import spglib

Cell = Sequence[float | str | None]
Sites = Sequence[tuple[str, Sequence[object]]]

TAGS = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")


def kind_of(hall_number: int) -> spglib.SpaceGroupType:
    """What spglib knows of a setting."""
    kind = spglib.get_spacegroup_type(hall_number)
    assert kind is not None
    return kind


def operators_of(hall_number: int) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (N, 3, 3) and translations (N, 3) of a setting by spglib."""
    listed = spglib.get_symmetry_from_database(hall_number)
    assert listed is not None
    return listed["rotations"], listed["translations"]


def triplets(hall_number: int) -> list[str]:
    """Operators of a setting by spglib's number, written as in a CIF."""
    return [
        ", ".join(_row(row, shift) for row, shift in zip(rotation, translation, strict=True))
        for rotation, translation in zip(*operators_of(hall_number), strict=True)
    ]


def _row(row: np.ndarray, shift: float) -> str:
    parts = [("+" if n > 0 else "-") + letter for n, letter in zip(row, "xyz", strict=True) if n]
    twelfths = round(float(shift) * 12)
    fraction = {0: "", 3: "+1/4", 4: "+1/3", 6: "+1/2", 8: "+2/3", 9: "+3/4", 2: "+1/6", 10: "+5/6"}
    return "".join(parts).removeprefix("+") + fraction[twelfths % 12]


def operators(hall_number: int, tag: str = "_space_group_symop_operation_xyz") -> str:
    """A loop of operators."""
    return f"loop_\n{tag}\n" + "".join(f"'{triplet}'\n" for triplet in triplets(hall_number))


def write_cif(
    cell: Cell,
    symmetry: str,
    sites: Sites,
    declared: str = "",
    name: str = "x",
    columns: Iterable[str] = ("label", "type_symbol", "fract_x", "fract_y", "fract_z"),
) -> str:
    """A CIF; sites are a type symbol and further values, labels are numbered."""
    edges = "".join(
        f"_cell_{tag} {value}\n" for tag, value in zip(TAGS, cell, strict=True) if value is not None
    )
    header = "".join(f"_atom_site_{column}\n" for column in columns)
    rows = "".join(
        f"{kind.rstrip('+-0123456789')}{i} {kind} " + " ".join(str(v) for v in values) + "\n"
        for i, (kind, values) in enumerate(sites, 1)
    )
    return f"data_{name}\n{declared}{edges}{symmetry}\nloop_\n{header}{rows}"


def bonds(
    cell: Sequence[float],
    atoms: Sequence[tuple[str, Sequence[float]]],
    centre: str,
    other: str,
    within_a: float,
) -> list[list[float]]:
    """Distances up to a limit from every atom of one element to those of another, by brute force, sorted."""
    a, b, c = cell[:3]
    alpha, beta, gamma = np.radians(cell[3:])
    cx, cy = c * np.cos(beta), c * (np.cos(alpha) - np.cos(beta) * np.cos(gamma)) / np.sin(gamma)
    basis = np.array(
        [
            [a, 0, 0],
            [b * np.cos(gamma), b * np.sin(gamma), 0],
            [cx, cy, np.sqrt(c * c - cx * cx - cy * cy)],
        ]
    )
    reach = np.arange(-3, 4)
    steps = np.stack(np.meshgrid(reach, reach, reach), axis=-1).reshape(-1, 3)
    ends = np.array([position for element, position in atoms if element == other])
    found = []
    for element, position in atoms:
        if element == centre:
            gaps = (ends[:, None] + steps - np.array(position)).reshape(-1, 3) @ basis
            distances = np.linalg.norm(gaps, axis=1)
            found.append(sorted(distances[(distances > 1e-6) & (distances <= within_a)].tolist()))
    return found
