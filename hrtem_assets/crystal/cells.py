"""Unit cells: what each crystal system fixes of edges and angles, and cells that cannot be."""

import math
from collections.abc import Mapping
from typing import Literal

System = Literal[
    "triclinic",
    "monoclinic",
    "orthorhombic",
    "tetragonal",
    "trigonal on rhombohedral axes",
    "trigonal",
    "hexagonal",
    "cubic",
]
Cell = tuple[float, float, float, float, float, float]
"""a, b, c (Å), alpha, beta, gamma (degrees)."""

EDGES, ANGLES = ("a", "b", "c"), ("alpha", "beta", "gamma")
RHOMBOHEDRAL_GROUPS = (146, 148, 155, 160, 161, 166, 167)

_HEXAGONAL: dict[str, str | float] = {"b": "a", "alpha": 90.0, "beta": 90.0, "gamma": 120.0}
# what a system fixes: a length or angle equals another, or has a value
_FIXED: dict[System, dict[str, str | float]] = {
    "triclinic": {},
    "orthorhombic": dict.fromkeys(ANGLES, 90.0),
    "tetragonal": {"b": "a"} | dict.fromkeys(ANGLES, 90.0),
    "trigonal on rhombohedral axes": {"b": "a", "c": "a", "beta": "alpha", "gamma": "alpha"},
    "trigonal": _HEXAGONAL,
    "hexagonal": _HEXAGONAL,
    "cubic": {"b": "a", "c": "a"} | dict.fromkeys(ANGLES, 90.0),
}
_LAST: tuple[tuple[int, System], ...] = (
    (2, "triclinic"),
    (15, "monoclinic"),
    (74, "orthorhombic"),
    (142, "tetragonal"),
    (167, "trigonal"),
    (194, "hexagonal"),
    (230, "cubic"),
)
# relative for edges, degrees for angles: what is less is rounding
_EDGE_TOLERANCE, _ANGLE_TOLERANCE_DEG = 1e-4, 0.01
# of a x b x c; rhombohedral cells of long polytypes (alpha = 10°) have 0.028
_LEAST_VOLUME_FRACTION = 0.02


def crystal_system(space_group: int, rhombohedral: bool = False) -> System:
    """The crystal system of a space group, or of its rhombohedral axes.

    Args:
        space_group: international number, 1 to 230.
        rhombohedral: whether the axes are those of the rhombohedral cell.
    """
    if rhombohedral:
        return "trigonal on rhombohedral axes"
    return next(system for last, system in _LAST if space_group <= last)


def complete_cell(
    parameters: Mapping[str, float | None],
    space_group: int,
    rhombohedral: bool = False,
    unique_axis: str = "b",
) -> Cell:
    """All edges and angles of a cell: those given, and those that the crystal system fixes.

    Args:
        parameters: `a`, `b`, `c` in Å, `alpha`, `beta`, `gamma` in degrees; None or absent where not given.
        space_group: international number.
        rhombohedral: whether the axes are those of the rhombohedral cell.
        unique_axis: of a monoclinic cell.

    Raises:
        ValueError: if one is missing, contradicts the system, or the cell encloses no volume.
    """
    system = crystal_system(space_group, rhombohedral)
    fixed = _fixed(system, unique_axis)
    known = {name: value for name in (*EDGES, *ANGLES) if (value := parameters.get(name)) is not None}
    needed = [name for name in (*EDGES, *ANGLES) if name not in fixed]
    faults, hint = [], ""
    whole = dict(known)
    if missing := [name for name in needed if name not in known]:
        faults.append(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing (a cell of this system needs "
            f"{', '.join(needed)}): add {', '.join(missing)}"
        )
    for name, rule in fixed.items():
        if isinstance(rule, str) and rule not in known:
            continue
        value = known[rule] if isinstance(rule, str) else rule
        whole[name] = value
        if name in known and not _equal(name, known[name], value):
            unit = " Å" if name in EDGES else "°"
            equal = f"{rule} = {value:g}" if isinstance(rule, str) else f"{value:g}"
            faults.append(f"{name} must be {equal}{unit}, not {known[name]:g}: correct it or the space group")
            hint = _hint(known, space_group, system)
    if all(name in whole for name in ANGLES):
        faults += _flat(*(whole[name] for name in ANGLES))
    if faults:
        hint = hint or _axes_hint(known, space_group, system)
        raise ValueError(f"space group {space_group} is {system}: {'; '.join(faults)}{hint}")
    a, b, c, alpha, beta, gamma = (whole[name] for name in (*EDGES, *ANGLES))
    return a, b, c, alpha, beta, gamma


def volume_fraction(alpha: float, beta: float, gamma: float) -> float:
    """Volume of a cell over the product of its edges; 0 where angles (degrees) enclose none."""
    x, y, z = (math.cos(math.radians(angle)) for angle in (alpha, beta, gamma))
    return math.sqrt(max(0.0, 1 - x * x - y * y - z * z + 2 * x * y * z))


def volume_a3(cell: Cell) -> float:
    """Volume of a cell in Å³."""
    return cell[0] * cell[1] * cell[2] * volume_fraction(*cell[3:])


def unit_hint(name: str, value: float) -> str:
    """What unit an edge (Å) or angle (degrees) out of range seems to be in; empty if none.

    Args:
        name: `a` to `gamma`.
        value: as given.
    """
    if name in EDGES and 0.1 <= value <= 1.0:
        return f"{value:g} looks like nm: {value * 10:.6g} Å"
    if name in EDGES and 100.0 <= value <= 10_000.0:
        return f"{value:g} looks like pm: {value / 100:.6g} Å"
    if name in ANGLES and 0.2 <= value <= math.pi:
        return f"{value:g} looks like rad: {math.degrees(value):.6g}°"
    return ""


def _fixed(system: System, unique_axis: str) -> dict[str, str | float]:
    if system == "monoclinic":
        return {angle: 90.0 for edge, angle in zip(EDGES, ANGLES, strict=True) if edge != unique_axis}
    return _FIXED[system]


def _equal(name: str, one: float, other: float) -> bool:
    if name in EDGES:
        return abs(one - other) <= _EDGE_TOLERANCE * other
    return abs(one - other) <= _ANGLE_TOLERANCE_DEG


def _hint(known: Mapping[str, float], space_group: int, system: System) -> str:
    if system == "cubic" and "alpha" in known:
        return " (of a primitive cell give the conventional one)"
    if system == "monoclinic":
        return " (b is the unique axis; a cell with another can be given as a CIF)"
    return _axes_hint(known, space_group, system)


def _axes_hint(known: Mapping[str, float], space_group: int, system: System) -> str:
    if space_group not in RHOMBOHEDRAL_GROUPS:
        return ""
    if system == "trigonal" and known.get("alpha", 90.0) != 90.0:
        return " (or, if the cell is the rhombohedral one, add `axes: rhombohedral`)"
    if system != "trigonal" and "c" in known:
        return " (or, if the cell is the hexagonal one, remove `axes: rhombohedral`)"
    return ""


def _flat(alpha: float, beta: float, gamma: float) -> list[str]:
    """What is wrong with angles that enclose no volume, or next to none; empty if nothing."""
    fraction = volume_fraction(alpha, beta, gamma)
    if fraction >= _LEAST_VOLUME_FRACTION:
        return []
    total, largest = alpha + beta + gamma, max(alpha, beta, gamma)
    if total >= 360.0:
        reason = f"they add up to {total:g}° and must stay below 360°"
    elif largest >= total - largest:
        reason = f"{largest:g}° must be less than the other two together, {total - largest:g}°"
    else:
        reason = f"{fraction:.2g} of a x b x c"
    angles = f"{alpha:.8g}, {beta:.8g} and {gamma:.8g}°"
    return [f"alpha, beta and gamma = {angles} enclose no volume, or next to none ({reason}): correct them"]
