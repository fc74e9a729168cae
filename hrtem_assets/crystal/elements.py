"""Chemical elements: symbols that can be simulated, their masses and radii, and formulas."""

import math
import re
from collections import Counter
from functools import reduce
from math import gcd
from typing import Any

from ase.data import (
    atomic_masses,
    atomic_names,
    atomic_numbers,
    chemical_symbols,
    covalent_radii,
    reference_states,
)

LAST_NUMBER = 103
"""Lawrencium: both tables of electron scattering factors, Lobato's and Kirkland's, end there."""

_OTHER_NAMES = {
    "aluminum": "Al",
    "cesium": "Cs",
    "sulphur": "S",
    "wolfram": "W",
    "natrium": "Na",
    "kalium": "K",
}
_SYMBOL_BY_NAME = {
    name.lower(): symbol for name, symbol in zip(atomic_names, chemical_symbols, strict=True) if name
} | _OTHER_NAMES
_CHARGED = re.compile(r"([A-Za-z]{1,2})(\d*\.?\d*[+-]|[+-]\d(?:\.\d*)?|[+-]+)")
_ISOTOPE = re.compile(r"\d+-?([A-Za-z]{1,2})|([A-Za-z]{1,2})-?\d+")
U_PER_A3_IN_G_PER_CM3 = 1.66053907
_ATOMS_PER_CELL = {"sc": 1, "bcc": 2, "hcp": 2, "fcc": 4, "diamond": 8}
_NOBLE_GASES = (2, 10, 18, 36, 54, 86)


def element_fault(value: Any) -> str:
    """Why something is no chemical symbol that can be simulated, and what to write; empty if it is one.

    Args:
        value: as written in a file, of any type.
    """
    told = f"element {value!r}"
    if isinstance(value, bool):
        return f"{told} is what YAML makes of a bare yes or no; write a symbol, nobelium in quotes: 'No'"
    if isinstance(value, int):
        repair = f"write {chemical_symbols[value]}" if 1 <= value <= LAST_NUMBER else "write its symbol"
        return f"{told} is a number; {repair}"
    if not isinstance(value, str):
        return f"{told} is not text; write a chemical symbol such as Fe"
    number = atomic_numbers.get(value, 0)
    if 1 <= number <= LAST_NUMBER:
        return ""
    if number > LAST_NUMBER:
        return f"{told} ({number}) has no electron scattering factors: their tables end at Lr (103); choose another"
    return f"{told} is not a chemical symbol from H (1) to Lr (103){_meant(value)}"


def _meant(text: str) -> str:
    bare = text.strip()
    if not bare:
        return ": it is blank; write a symbol such as Fe"
    if bare in ("D", "T"):
        return ": isotopes scatter electrons alike; write H"
    if symbol := _known(bare):
        return f": blanks around it; write {symbol}" if bare == symbol else f"; write {symbol}"
    if bare.lower() in _SYMBOL_BY_NAME:
        return f": it is a name; write {_SYMBOL_BY_NAME[bare.lower()]}"
    if (match := _CHARGED.fullmatch(bare)) and (symbol := _known(match[1])):
        return f": atoms are neutral here, write it without the charge: {symbol}"
    if (match := _ISOTOPE.fullmatch(bare)) and (symbol := _known(match[1] or match[2])):
        return f": isotopes and labels of sites are not told apart; write {symbol}"
    return "; write one such as Fe"


def _known(text: str) -> str:
    symbol = text.capitalize()
    return symbol if 1 <= atomic_numbers.get(symbol, 0) <= LAST_NUMBER else ""


def mass_u(symbol: str) -> float:
    """Standard atomic mass in u."""
    return float(atomic_masses[atomic_numbers[symbol]])


def covalent_radius_a(symbol: str) -> float:
    """Covalent radius in Å (Cordero et al., Dalton Trans. 2008, 2832)."""
    return float(covalent_radii[atomic_numbers[symbol]])


def mass_density_g_per_cm3(symbol: str, density_per_a3: float) -> float:
    """Mass density of an element from its number density in atoms/Å³."""
    return mass_u(symbol) * density_per_a3 * U_PER_A3_IN_G_PER_CM3


def crystal_density_per_a3(symbol: str) -> float | None:
    """Number density of an element's crystal in atoms/Å³, from ase's table; None where it lists no simple one.

    Carbon is diamond there, and tin and others their form at low temperature.
    """
    state: dict[str, Any] | None = reference_states[atomic_numbers[symbol]]
    if state is None or state["symmetry"] not in _ATOMS_PER_CELL:
        return None
    volume = state["a"] ** 3
    if state["symmetry"] == "hcp":
        volume *= state["c/a"] * math.sqrt(3) / 2
    # the table gives these two as close-packed, with the cell of their chains of three
    atoms = 3 if symbol in ("Se", "Te") else _ATOMS_PER_CELL[state["symmetry"]]
    return float(atoms / volume)


def count_formula(text: str) -> Counter[str]:
    """How many atoms of each element a formula such as `PbO`, `Fe2 (S O4)3` or `CuSO4.5H2O` holds.

    Raises:
        ValueError: if it is no formula of whole numbers.
    """
    total: Counter[str] = Counter()
    for part in re.split(r"[.·*]", text.replace(" ", "")):
        match = re.fullmatch(r"(\d*)(.+)", part)
        if match is None:
            raise ValueError(_no_formula(text))
        for symbol, number in _count_part(match[2], text).items():
            total[symbol] += number * int(match[1] or 1)
    return total


def _count_part(part: str, text: str) -> Counter[str]:
    stack: list[Counter[str]] = [Counter()]
    rest = part
    while rest:
        match = re.match(r"([A-Z][a-z]?)(\d*)|(\()|\)(\d*)", rest)
        if match is None:
            raise ValueError(_no_formula(text))
        rest = rest[match.end() :]
        if match[1]:
            if element_fault(match[1]):
                raise ValueError(f"formula {text!r}: {element_fault(match[1])}")
            stack[-1][match[1]] += int(match[2] or 1)
        elif match[3]:
            stack.append(Counter())
        else:
            if len(stack) == 1:
                raise ValueError(_no_formula(text))
            inner, number = stack.pop(), int(match[4] or 1)
            for symbol, count in inner.items():
                stack[-1][symbol] += count * number
    if len(stack) > 1 or not +stack[0]:
        raise ValueError(_no_formula(text))
    return +stack[0]


def _no_formula(text: str) -> str:
    return (
        f"formula {text!r} is not made of chemical symbols and whole numbers; write it as in Fe3O4 or Ca(OH)2, sites "
        f"that are partly occupied cannot be simulated"
    )


def reduced(counts: Counter[str]) -> tuple[Counter[str], int]:
    """The simplest formula of a cell, and how many of its units the cell holds."""
    units = reduce(gcd, counts.values(), 0)
    return Counter({symbol: number // units for symbol, number in counts.items()}), units


def write_formula(counts: Counter[str]) -> str:
    """A formula with the electropositive elements first, by their groups: `Fe3O4`, `CaCO3`, `PbO`."""
    return "".join(f"{s}{n if n > 1 else ''}" for s, n in sorted(counts.items(), key=_rank))


def _rank(item: tuple[str, int]) -> tuple[float, int]:
    number = atomic_numbers[item[0]]
    if number == 1:
        # hydrogen stands between the groups of nitrogen and oxygen
        return 15.5, 0
    before = max((z for z in _NOBLE_GASES if z < number), default=0)
    after = next((z for z in _NOBLE_GASES if z >= number), 118)
    # counted from the next noble gas where the group is one of the last six, heavier elements first
    group = 18 - (after - number) if after - number <= 5 else min(number - before, 12)
    # noble gases come first
    return float(group % 18), -number
