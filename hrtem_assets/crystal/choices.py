"""A crystal from a space group's number: which origin or axes its sites are given in, and what was declared of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from hrtem_assets.crystal.atoms import Atoms, Listed, same_crystal, site_in_words
from hrtem_assets.crystal.cells import Cell
from hrtem_assets.crystal.elements import count_formula
from hrtem_assets.crystal.expansion import ExpansionError, expand, onto_special_position
from hrtem_assets.crystal.plausibility import summary
from hrtem_assets.crystal.space_groups import setting_of

ORIGINS = ("1", "2")
# of the declared density; published ones are measured, or computed from a slightly other cell
_DENSITY_TOLERANCE = 0.03


@dataclass(frozen=True)
class Declared:
    """What is said of a crystal besides cell and sites, to be held against them.

    Args:
        formula: such as `PbO`; None if nothing is said.
        formula_units: of the formula in the cell, Z.
        density_g_per_cm3: mass density.
    """

    formula: str | None = None
    formula_units: int | None = None
    density_g_per_cm3: float | None = None

    def contradictions(self, atoms: Atoms) -> list[str]:
        """What the atoms of a cell are not as declared: one clause each, with both values."""
        wrong = []
        units = self.formula_units
        if self.formula is not None:
            counts = count_formula(self.formula)
            ratios = {atoms.counts[symbol] / number for symbol, number in counts.items()}
            held = ratios.pop() if len(ratios) == 1 and atoms.counts.keys() == counts.keys() else 0.0
            if not held or held != int(held):
                wrong.append(f"formula = {self.formula!r}, but the cell holds {atoms.content}")
            elif units is not None and held != units:
                wrong.append(f"formula_units = {units}, but the cell holds {int(held)} of {self.formula}")
        elif units is not None and atoms.formula_units != units:
            wrong.append(
                f"formula_units = {units}, but the cell holds {atoms.formula_units} of {atoms.formula}"
            )
        said, density = self.density_g_per_cm3, atoms.density_g_per_cm3
        if said is not None and abs(density - said) > _DENSITY_TOLERANCE * said:
            wrong.append(
                f"density_g_per_cm3 = {said:g}, but cell and sites give {density:.4g} ({atoms.content})"
            )
        return wrong

    def __bool__(self) -> bool:
        return self != Declared()


@lru_cache(maxsize=256)
def unit_cell(space_group: int, choice: str, cell: Cell, listed: Listed) -> Atoms:
    """Every atom of a crystal's unit cell.

    Args:
        space_group: international number.
        choice: `1` or `2` (origin), `H` or `R` (axes); empty where the group has but one.
        cell: edges (Å) and angles (degrees).
        listed: symmetry-independent sites.

    Raises:
        ExpansionError: if two sites are one place.
    """
    operators = setting_of(space_group, choice).operators
    expansion = expand(operators, cell, [at for _, at in listed], [symbol for symbol, _ in listed])
    return Atoms(cell, listed, expansion.site_of, expansion.positions)


def exact_sites(space_group: int, choice: str, cell: Cell, listed: Listed) -> Listed:
    """Sites with those next to a special position moved onto it: 0.333, 0.667, z is 1/3, 2/3, z.

    Args:
        space_group: international number.
        choice: `1` or `2` (origin), `H` or `R` (axes); empty where the group has but one.
        cell: edges (Å) and angles (degrees).
        listed: symmetry-independent sites.

    Raises:
        ValueError: if a site is next to special positions that do not meet.
    """
    operators = setting_of(space_group, choice).operators
    if len(operators) == 1:
        return listed
    exact = []
    for symbol, at in listed:
        try:
            x, y, z = onto_special_position(operators, cell, at).tolist()
        except ExpansionError as error:
            raise ValueError(f"{site_in_words(symbol, at)}: {error}; give its coordinates exactly") from None
        exact.append((symbol, (x, y, z)))
    return tuple(exact)


def decide_origin(space_group: int, cell: Cell, listed: Listed, declared: Declared) -> tuple[int | None, str]:
    """Which of a group's two origins the sites are given in.

    Args:
        space_group: one of the 24 with two origins.
        cell: edges (Å) and angles (degrees).
        listed: symmetry-independent sites.
        declared: may decide.

    Returns:
        1 or 2, and the reason in words; None and nothing where both are the same crystal.

    Raises:
        ValueError: if it stays open; the message says what either origin would give.
    """
    outcomes: dict[str, Atoms | str] = {}
    for origin in ORIGINS:
        try:
            outcomes[origin] = unit_cell(space_group, origin, cell, listed)
        except ExpansionError as error:
            outcomes[origin] = str(error)
    one, two = outcomes.values()
    if isinstance(one, Atoms) and isinstance(two, Atoms) and same_crystal(one, two):
        return None, ""
    fitting = [
        o for o, atoms in outcomes.items() if isinstance(atoms, Atoms) and not declared.contradictions(atoms)
    ]
    if declared and len(fitting) == 1:
        return int(fitting[0]), f"origin {fitting[0]} taken: the other does not give what is declared"
    raise ValueError(
        f"space group {space_group} ({setting_of(space_group, '1').symbol}) has two origins, and it is open which one "
        f"the sites are given for: {_outcomes(outcomes)}; add the line for the right one"
    )


def other_origin(space_group: int, origin: int, cell: Cell, listed: Listed) -> str:
    """What the other origin of a group would give, for a message."""
    other = str(3 - origin)
    try:
        return _outcomes({other: unit_cell(space_group, other, cell, listed)})
    except ExpansionError as error:
        return _outcomes({other: str(error)})


def _outcomes(outcomes: Mapping[str, Atoms | str]) -> str:
    return "; ".join(
        f"`origin: {origin}` gives {summary(atoms) if isinstance(atoms, Atoms) else f'no crystal ({atoms})'}"
        for origin, atoms in outcomes.items()
    )
