"""The unit cell of a CIF: what is written, what the symmetry fixes of the rest, and what contradicts it."""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.crystal.cells import Cell, unit_hint, volume_a3
from hrtem_assets.crystal.cif.text import Block, CifError, number
from hrtem_assets.crystal.expansion import cell_vectors
from hrtem_assets.crystal.operators import Operators, averaged_metric

TAGS = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
# what differs less is rounding, or a relaxation that ended there
_EDGE_TOLERANCE, _ANGLE_TOLERANCE_DEG = 1e-3, 0.1
_VOLUME_TOLERANCE = 0.01

# two cells without symmetry: what both have in common after averaging over a group, the group fixes
_PROBES: tuple[Cell, Cell] = ((5.0, 6.3, 7.9, 81.0, 94.0, 103.0), (7.1, 5.7, 8.8, 97.0, 86.0, 99.0))


def written_cell(block: Block) -> dict[str, float]:
    """The edges (Å) and angles (degrees) that a block states, by the last part of their tags.

    Raises:
        CifError: if one is no number, or can be none of a cell.
    """
    cell = {}
    for tag in TAGS:
        stated = block.stated(f"_cell_{tag}")
        if len(stated) > 1:
            raise CifError(f"_cell_{tag} has several values ({', '.join(stated[:4])}); leave one")
        if not stated:
            continue
        value = number(stated[0], f"_cell_{tag}")
        most, unit = (100.0, "Å") if tag.startswith("length") else (180.0, "°")
        hint = unit_hint(tag.split("_")[1], value)
        if hint or not 0.0 < value < most:
            raise CifError(f"_cell_{tag}: {hint or f'{stated[0]} must be above 0 and below {most:g} {unit}'}")
        cell[tag] = value
    return cell


def complete_cell(written: dict[str, float], operators: Operators, group: str) -> Cell:
    """All edges and angles: those written, and of the others those that the symmetry fixes.

    Args:
        written: from `written_cell`.
        operators: the symmetry.
        group: how messages name it.

    Raises:
        CifError: if one stays unknown, contradicts the symmetry, or the cell encloses no volume.
    """
    probes = [np.array(_parameters(averaged_metric(operators, _metric(probe)))) for probe in _PROBES]
    values = dict(written)
    for _ in TAGS:
        for i, tag in enumerate(TAGS):
            if tag in values:
                continue
            if i > 2 and abs(probes[0][i] - probes[1][i]) < 1e-6:
                values[tag] = round(float(probes[0][i]), 6)
            for j, other in enumerate(TAGS):
                alike = all(abs(probe[i] - probe[j]) < 1e-6 for probe in probes)
                if other in values and alike and (i > 2) == (j > 2):
                    values[tag] = values[other]
    if missing := [f"_cell_{tag}" for tag in TAGS if tag not in values]:
        them = "it" if len(missing) == 1 else "them"
        raise CifError(f"{', '.join(missing)}: missing, and {group} does not fix {them}; add {them}")
    a, b, c, alpha, beta, gamma = (values[tag] for tag in TAGS)
    cell = (a, b, c, alpha, beta, gamma)
    if not volume_a3(cell) > 1e-3 * a * b * c:
        raise CifError(f"the angles {alpha:g}, {beta:g} and {gamma:g}° enclose no volume; correct them")
    if not _has_symmetry(cell, operators):
        raise CifError(
            f"the cell contradicts {group}: edges {a:g}, {b:g}, {c:g} Å with angles {alpha:g}, {beta:g}, {gamma:g}° "
            f"do not have its symmetry; correct one of them"
        )
    return cell


def stated_volume_contradicts(block: Block, cell: Cell) -> str:
    """How the declared volume differs from the cell's; empty if it does not or none is declared."""
    stated = block.stated("_cell_volume")
    if not stated:
        return ""
    declared, volume = number(stated[0], "_cell_volume"), volume_a3(cell)
    if abs(declared - volume) <= _VOLUME_TOLERANCE * volume:
        return ""
    return f"_cell_volume is {declared:g} Å³, but edges and angles make {volume:.4g}"


def _has_symmetry(cell: Cell, operators: Operators) -> bool:
    mean = _parameters(averaged_metric(operators, _metric(cell)))
    off = np.abs(np.array(cell) - mean)
    return bool(
        (off[:3] <= _EDGE_TOLERANCE * np.array(cell[:3])).all() and (off[3:] <= _ANGLE_TOLERANCE_DEG).all()
    )


def _metric(cell: Cell) -> NDArray[np.float64]:
    vectors = cell_vectors(cell)
    return vectors @ vectors.T


def _parameters(metric: NDArray[np.float64]) -> Cell:
    a, b, c = (float(x) for x in np.sqrt(np.diag(metric)))
    alpha, beta, gamma = (
        float(np.degrees(np.arccos(np.clip(metric[i, j] / (x * y), -1.0, 1.0))))
        for i, j, x, y in ((1, 2, b, c), (0, 2, a, c), (0, 1, a, b))
    )
    return a, b, c, alpha, beta, gamma
