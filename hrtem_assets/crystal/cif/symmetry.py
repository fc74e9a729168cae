"""The symmetry that a CIF states: operators, Hall symbol, Hermann-Mauguin symbol, number; they may not disagree."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import spglib

from hrtem_assets.crystal.cif.text import Block, CifError
from hrtem_assets.crystal.operators import (
    Operators,
    equal_but_for_origin,
    is_group,
    parse_hall,
    parse_operators,
)
from hrtem_assets.crystal.space_groups import (
    Setting,
    setting_of,
    setting_with,
    settings_named,
    settings_of,
)

_OPERATORS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz", "_space_group_symop_xyz")
_SYMBOLS = (
    "_space_group_name_h-m_alt",
    "_symmetry_space_group_name_h-m",
    "_space_group_name_h-m_full",
    "_space_group_name_h-m",
    "_symmetry_space_group_name_h-m_full",
)
_HALLS = ("_space_group_name_hall", "_symmetry_space_group_name_hall")
_NUMBERS = ("_space_group_it_number", "_symmetry_int_tables_number")
_CODES = ("_space_group_it_coordinate_system_code",)
_SYSTEMS = ("_space_group_crystal_system", "_symmetry_cell_setting")
_MAX_OPERATORS = 768

_SYSTEM_OF = (
    (2, {"triclinic"}),
    (15, {"monoclinic"}),
    (74, {"orthorhombic"}),
    (142, {"tetragonal"}),
    (167, {"trigonal", "rhombohedral", "hexagonal"}),
    (194, {"hexagonal"}),
    (230, {"cubic"}),
)


@dataclass(frozen=True)
class Choice:
    """One symmetry that the coordinates may be meant in.

    Args:
        name: of the setting, or of the list of operators.
        operators: of the group.
        meant: whether the Tables mean its order of axes by the symbol stated, where that leaves it open.
    """

    name: str
    operators: Operators
    meant: bool = True


@dataclass(frozen=True)
class Symmetry:
    """What a block says of its symmetry.

    Args:
        choices: those that stay open, one where nothing does.
        source: what it was taken from, for notes and messages.
        stated: whether anything was said; if not, the one choice is P 1, to be proven.
        notes: a sentence each.
    """

    choices: tuple[Choice, ...]
    source: str
    stated: bool = True
    notes: tuple[str, ...] = ()


def read_symmetry(block: Block) -> Symmetry:
    """The symmetry of a block.

    Args:
        block: of a CIF.

    Raises:
        CifError: if a statement cannot be read and no other decides, or two contradict each other.
    """
    number, symbols = _number(block), block.stated(*_SYMBOLS)
    settings, notes = _settings(symbols, number, block.stated(*_CODES))
    declared = " and ".join(
        [*(f"the symbol {s!r}" for s in symbols), *([f"number {number}"] if number else [])]
    )
    halls = block.stated(*_HALLS)
    hall = _hall(halls) if halls else None
    listed = _listed(block)
    if listed is not None:
        if hall is not None and hall.codes != listed.codes:
            raise CifError(
                f"the operators it lists are those of {_name(listed)}, its Hall symbol {halls[0]!r} means "
                f"{_name(hall)}; correct one of them"
            )
        what = (
            f"the {len(listed)} operators it lists are those"
            if len(listed) > 1
            else "the one operator listed is that"
        )
        notes += _held_against(listed, what, settings, number, declared)
        return _decided(block, listed, f"the operators listed ({len(listed)})", notes)
    if hall is not None:
        notes += _held_against(hall, f"its Hall symbol {halls[0]!r} is that", settings, number, declared)
        return _decided(block, hall, f"its Hall symbol {halls[0]!r}", notes)
    if not settings:
        if symbols:
            raise CifError(
                f"its space group {symbols[0]!r} is not understood; list the operators "
                f"(_space_group_symop_operation_xyz) or give a symbol of the International Tables"
            )
        return Symmetry(
            (Choice("P 1", setting_of(1).operators),),
            "formula and Z, which the sites fulfil as they are (none is stated)",
            stated=False,
        )
    systems = block.stated(*_SYSTEMS)
    _check_system(systems, settings[0].number, settings[0].name)
    distinct = {s.operators.codes: s for s in reversed(settings)}
    kept = [s for s in settings if distinct[s.operators.codes] is s]
    # a short monoclinic symbol means the unique axis b, C m m e means C m m a
    named = any(settings_named(symbol) for symbol in symbols)
    choices = tuple(Choice(s.name, s.operators, not named or s.axes == kept[0].axes) for s in kept)
    return Symmetry(choices, declared, notes=tuple(notes))


def _number(block: Block) -> int | None:
    stated = [re.sub(r"^(no\.?|#)\s*|\.0*$", "", v.lower()) for v in block.stated(*_NUMBERS)]
    numbers = list(dict.fromkeys(stated))
    if not numbers or numbers == ["0"]:
        return None
    if len(numbers) > 1:
        raise CifError(
            f"it states several space group numbers: {', '.join(numbers[:4])}; leave the right one"
        )
    if not numbers[0].isdigit() or not 1 <= int(numbers[0][:6]) <= 230:
        raise CifError(f"its space group number {numbers[0]!r} is not one from 1 to 230; correct it")
    return int(numbers[0])


def _settings(
    symbols: Sequence[str], number: int | None, codes: Sequence[str]
) -> tuple[list[Setting], list[str]]:
    """Settings that symbols and number together leave open; none where none is stated or understood."""
    notes: list[str] = []
    open_: list[Setting] = list(settings_of(number)) if number else []
    by: str = f"number {number}" if number else ""
    for symbol in symbols:
        named = settings_named(symbol)
        if not named:
            notes.append(f"the symbol {symbol!r} is not understood")
            continue
        codes_open = {s.operators.codes for s in open_}
        both = [s for s in named if s.operators.codes in codes_open]
        same_number = not open_ or named[0].number == open_[0].number
        if open_ and not both and not (same_number and by.startswith("number")):
            raise CifError(
                f"its symbol {symbol!r} means {_numbered(named[0])}, but {by} means {_numbered(open_[0])}; "
                f"correct either"
            )
        open_ = both or list(named)
        by = f"its symbol {symbol!r}"
    if codes and open_:
        code = codes[0].strip().lower()
        marked = [s for s in open_ if code in (s.choice.lower(), s.axes, f"{s.choice}{s.axes}".lower())]
        if marked:
            open_ = marked
        elif code not in ("abc", "1abc", "2abc"):
            raise CifError(
                f"its coordinate system code {codes[0]!r} is none of {by or open_[0].symbol}; correct it"
            )
        else:
            open_ = [s for s in open_ if not s.axes and s.choice in ("", code[0])] or open_
    return open_, notes


def _numbered(setting: Setting) -> str:
    return f"{setting.name} ({setting.number})"


def _hall(halls: Sequence[str]) -> Operators:
    try:
        groups = [parse_hall(hall) for hall in halls]
    except ValueError as error:
        raise CifError(f"{error}; correct or remove it") from None
    if any(group.codes != groups[0].codes for group in groups):
        raise CifError(f"its Hall symbols {halls[0]!r} and {halls[1]!r} disagree; leave the right one")
    return groups[0]


def _listed(block: Block) -> Operators | None:
    lists = []
    for tag in _OPERATORS:
        triplets = [v for v in block.values.get(tag, []) if v.strip() not in (".", "?", "")]
        if not triplets:
            continue
        if len(triplets) > _MAX_OPERATORS:
            raise CifError(f"{tag} lists {len(triplets)} operators; no space group has more than 192")
        try:
            operators = parse_operators(triplets)
        except ValueError as error:
            raise CifError(f"{error}; write operators in quotes, such as '-x, y+1/2, z'") from None
        if not is_group(operators):
            twice = len(triplets) - len(operators.codes)
            raise CifError(
                f"the {len(triplets)} operators it lists are not a space group: "
                + (f"{twice} repeated" if twice else "one is missing or wrong")
                + "; complete the list, or remove it and give symbol and setting"
            )
        lists.append(operators)
    if len(lists) > 1 and lists[0].codes != lists[1].codes:
        raise CifError("it lists two different sets of operators; leave the right one")
    return lists[0] if lists else None


def _held_against(
    operators: Operators, what: str, settings: Sequence[Setting], number: int | None, declared: str
) -> list[str]:
    """Refuse operators that are not those of the symbol and number; notes where they are shifted or permuted."""
    if not settings or any(s.operators.codes == operators.codes for s in settings):
        return []
    # with an origin of its own a group is still the one named, unless the name says which origin
    choices = {s.choice for s in settings}
    free = len(choices) > 1 or choices == {""}
    if free and any(equal_but_for_origin(operators, s.operators) for s in settings):
        return [f"{what} of {settings[0].symbol} with an origin other than in the International Tables"]
    by_number = number is not None and len(settings) == len(settings_of(number))
    if by_number and _type_of(operators) == number:
        return [f"{what} of space group {number} in axes that have no name of their own"]
    order = len(settings[0].operators)
    counted = f" (of {order} operators)" if order != len(operators) else ""
    raise CifError(
        f"{what} of {_name(operators)}, which contradicts {declared}{counted}; correct one of them"
    )


def _type_of(operators: Operators) -> int | None:
    group_type = spglib.get_spacegroup_type_from_symmetry(operators.rotations, operators.translations)
    return None if group_type is None else int(group_type.number)


def _name(operators: Operators) -> str:
    if len(operators) == 1:
        return "P 1"
    setting = setting_with(operators)
    if setting is not None:
        return setting.name
    number = _type_of(operators)
    return (
        f"a group of {len(operators)} operators" if number is None else f"space group {number} in other axes"
    )


def _decided(block: Block, operators: Operators, source: str, notes: Sequence[str]) -> Symmetry:
    setting = setting_with(operators)
    name = setting.name if setting else _name(operators)
    number = setting.number if setting else _type_of(operators)
    if number is not None:
        _check_system(block.stated(*_SYSTEMS), number, name)
    return Symmetry((Choice(name, operators),), source, notes=tuple(notes))


def _check_system(systems: Sequence[str], number: int, name: str) -> None:
    allowed = next(names for last, names in _SYSTEM_OF if number <= last)
    known = set().union(*(names for _, names in _SYSTEM_OF))
    wrong = [s for s in systems if s.lower() in known and s.lower() not in allowed]
    if wrong:
        raise CifError(
            f"it calls itself {wrong[0].lower()}, but {name} ({number}) is {' or '.join(sorted(allowed))}; "
            f"correct either"
        )
