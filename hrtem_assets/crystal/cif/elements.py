"""Which element a row of a CIF is, from its type symbol or its label, and what the declared formula holds."""

import re
from collections.abc import Collection

from hrtem_assets.crystal.cif.text import CifError
from hrtem_assets.crystal.elements import element_fault

# Fe3+, Fe+3, Fe3, O2-, O-2, O--, 13C, 2H, Cval, Csp2: scattering factors are tabulated under such names
_TYPE = re.compile(r"(\d*)([A-Za-z]{1,2}?)(?:\d*\.?\d*[+-]+|[+-]\d+\.?\d*|\d*)(?:val?|sp2|sp3)?")
_MIXED = re.compile(r"[A-Z][a-z]?[^A-Z]*[+,/&;][^A-Z]*[A-Z]|\d\.\d+[A-Z]|[A-Z][a-z]?0?\.\d")
_GROUPS = ("OH", "H2O", "OH2", "WAT", "OW", "HOH", "H3O", "NH3", "NH4", "CH3", "CH2", "CH")
# in capitals these are an element or a group of two atoms
_ELEMENT_OR_GROUP = ("CO", "HO", "NO", "PO")
_COLUMN = "add the column _atom_site_type_symbol"


def element_of_type(written: str, site: str, declared: Collection[str]) -> tuple[str, str]:
    """The element of a type symbol, charge and isotope taken off.

    Args:
        written: such as `Fe3+`, `O-2`, `D`, `13C`, `FE`.
        site: how messages name the row.
        declared: elements of the declared formula, empty if there is none.

    Returns:
        Chemical symbol, and a note, empty if none is needed.

    Raises:
        CifError: if it is not an element, or several.
    """
    bare = written.replace(" ", "")
    if _MIXED.search(bare):
        raise CifError(
            f"{site} has the type {written!r}: several elements share the site (mixed occupancy), which cannot "
            f"be simulated; supply an ordered cell"
        )
    match = _TYPE.fullmatch(bare)
    symbol = match[2].capitalize() if match else ""
    isotope = f"{site}: {bare} is taken as {{}}, isotopes scatter electrons alike"
    if symbol == "D":
        return "H", isotope.format("H")
    if bare in _ELEMENT_OR_GROUP and symbol not in declared:
        raise CifError(
            f"{site} has the type {bare!r}, which can mean {symbol} or a group of atoms; {_rows(symbol)}"
        )
    if match and _known(symbol):
        return symbol, isotope.format(symbol) if match[1] else ""
    if bare.upper() in _GROUPS:
        raise CifError(f"{site} has the type {bare!r}, which is a group of atoms; {_rows('O')}")
    raise CifError(f"{site} has the type {written!r}: {element_fault(bare).removeprefix('element ')}")


def element_of_label(label: str, declared: Collection[str]) -> tuple[str, str]:
    """The element of a label where no type symbol is given; the declared formula decides where it is open.

    Args:
        label: such as `Fe1`, `O2A`, `MgT`, `HO1`.
        declared: elements of the declared formula, empty if there is none.

    Returns:
        Chemical symbol, and a note, empty if the label leaves nothing open.

    Raises:
        CifError: if the label can mean several elements, or none.
    """
    match = re.match("[A-Za-z]+", label)
    letters = match[0] if match else ""
    told = f"site {label} has no type symbol, and its label"
    if letters == "D":
        return "H", f"site {label}: deuterium is taken as H, isotopes scatter electrons alike"
    if re.fullmatch("[A-Z]|[A-Z][a-z][A-Z]*", letters) and _known(letters[:2]):
        # Fe1, O2A, MgT: nothing is open, unless the formula says otherwise
        if declared and letters[:2] not in declared:
            raise CifError(f"{told} means {letters[:2]}, which the declared formula does not hold; {_COLUMN}")
        return letters[:2], ""
    readings = list(dict.fromkeys((letters[:2].capitalize(), letters[:1].upper())))
    possible = [symbol for symbol in readings if _known(symbol)]
    agreed = [symbol for symbol in possible if symbol in declared]
    if len(letters) > 2 or not possible:
        raise CifError(f"{told} names no element for certain; {_COLUMN}")
    if declared and len(agreed) == 1:
        return agreed[0], f"{told} is read as {agreed[0]}, which the declared formula holds"
    if not declared and possible == [letters.capitalize()]:
        return possible[0], ""
    raise CifError(f"{told} can mean {' or '.join(possible)}; {_COLUMN}")


def formula_counts(written: str) -> dict[str, float]:
    """Atoms of each element in a declared formula; numbers may be fractions, deuterium is hydrogen.

    Args:
        written: such as `Al2 Mg O4`, `Ca(C O3)`, `CU2 O`.

    Raises:
        ValueError: if it cannot be read.
    """
    text = re.sub(r"[\s,~'\"]+", " ", written).strip()
    # all in capitals, elements are parted by blanks: CU2 O
    element = r"[A-Z]{1,2}(?![A-Za-z])" if text == text.upper() and " " in text else r"[A-Z][a-z]?"
    token = re.compile(
        rf"\s*(?:(?P<element>{element})|(?P<open>[(\[])|(?P<close>[)\]]))(?P<count>\d+\.?\d*|\.\d+)?\s*"
    )
    stack: list[dict[str, float]] = [{}]
    at = 0
    while at < len(text):
        match = token.match(text, at)
        if match is None or (match["close"] and len(stack) == 1) or (match["open"] and match["count"]):
            raise ValueError(f"{written!r} is not a chemical formula")
        at = match.end()
        count = float(match["count"] or 1)
        if match["open"]:
            stack.append({})
            continue
        if match["close"]:
            parts = stack.pop()
        else:
            symbol = match["element"].capitalize()
            parts = {"H" if symbol == "D" else symbol: 1.0}
        for symbol, number in parts.items():
            if not _known(symbol):
                raise ValueError(f"{written!r} is not a chemical formula: {symbol} is not an element")
            stack[-1][symbol] = stack[-1].get(symbol, 0.0) + number * count
    if len(stack) > 1 or not any(stack[0].values()):
        raise ValueError(f"{written!r} is not a chemical formula")
    return {symbol: count for symbol, count in stack[0].items() if count}


def _known(symbol: str) -> bool:
    return not element_fault(symbol)


def _rows(example: str) -> str:
    return (
        f"write one row for each of its atoms that is to be there, with type symbols such as {example} and H"
    )
