"""The 230 space groups in all settings: by number, Hermann-Mauguin symbol as people write it, or Hall symbol."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import gemmi
import spglib

from hrtem_assets.crystal.operators import Operators, operators_from_gemmi, parse_hall

# how authors and databases mark one of two origins (ICSD: S, Z) or sets of axes (ICSD: HR and RS, too)
_MARKS = {"1": ("1", "s", "o1"), "2": ("2", "z", "o2"), "H": ("h", "hr"), "R": ("r", "rs")}
_WORDS = {
    r"\(?origin(choice|setting)?([12])\)?$": r":\2",
    r"\(?hexagonal(axes|setting)?\)?$": ":h",
    r"\(?rhombohedral(axes|setting)?\)?$": ":r",
}


@dataclass(frozen=True)
class Setting:
    """One space group with a choice of axes and origin.

    Args:
        number: international number, 1 to 230.
        symbol: Hermann-Mauguin symbol without a mark of origin or axes, for example `F d -3 m`.
        choice: `1` or `2` (origin), `H` or `R` (axes), empty where the symbol says all.
        hall: Hall symbol.
        axes: code of the permutation or cell choice, for example `cab` or `b1`; empty in most groups.
        tabulated: whether it is one of the 530 of the International Tables.
    """

    number: int
    symbol: str
    choice: str
    hall: str
    axes: str
    tabulated: bool

    @property
    def name(self) -> str:
        """Its symbol with the mark of origin or axes, for example `F d -3 m:2`."""
        return f"{self.symbol}:{self.choice}" if self.choice else self.symbol

    @cached_property
    def operators(self) -> Operators:
        """Its operators, centring included."""
        return operators_from_gemmi(gemmi.symops_from_hall(self.hall))


@lru_cache(maxsize=1)
def all_settings() -> tuple[Setting, ...]:
    """The 530 tabulated settings and some thirty others in use; of each group the standard one first."""
    # the first row of a group is the setting that the Tables show in full
    settings: list[Setting] = []
    rows: set[tuple[int, str, str]] = set()
    for s in gemmi.spacegroup_table():
        choice = s.ext.strip("\0 ")
        row = (s.number, s.qualifier, choice)
        # A b a m is a second name of A c a m
        tabulated = s.hall in _full_symbols() and row not in rows
        rows.add(row)
        settings.append(Setting(s.number, s.hm, choice, s.hall, s.qualifier, tabulated))
    return tuple(settings)


def settings_of(number: int) -> tuple[Setting, ...]:
    """The tabulated settings of a space group, the standard one first.

    Args:
        number: international number, 1 to 230.
    """
    return tuple(s for s in all_settings() if s.number == number and s.tabulated)


def setting_of(number: int, choice: str = "") -> Setting:
    """The standard setting of a space group, with one of its origins or sets of axes.

    Args:
        number: international number, 1 to 230.
        choice: `1` or `2` (origin), `H` or `R` (axes), empty for the only one or for the first.

    Raises:
        ValueError: if the group has no such choice.
    """
    standard = settings_of(number)[0]
    for setting in settings_of(number):
        if setting.symbol == standard.symbol and choice in ("", setting.choice):
            return setting
    offered = [s.choice for s in settings_of(number) if s.symbol == standard.symbol if s.choice]
    raise ValueError(
        f"space group {number} ({standard.symbol}) has no choice {choice!r}: "
        + (f"choose {' or '.join(offered)}" if offered else "it has one origin and set of axes")
    )


@lru_cache(maxsize=1)
def groups_with_two_origins() -> frozenset[int]:
    """Numbers of the 24 groups for which the Tables give two origins."""
    return frozenset(s.number for s in all_settings() if s.choice == "2")


def settings_named(symbol: str) -> tuple[Setting, ...]:
    """Settings that a Hermann-Mauguin symbol can mean, in any spacing and case, short or full.

    Args:
        symbol: for example `FM-3M`, `F d -3 m:2`, `R -3 c R`, `P 21/n`, `F 41/d -3 2/m`, `P2(1)/c`.

    Returns:
        One setting; both origins or sets of axes where the symbol leaves them open; those for several
        orders of the axes where a short monoclinic symbol or one with e does, the one that the Tables mean
        first; none if it is no symbol of a space group.
    """
    return _by_name().get(_key(symbol), ())


def setting_from_hall(symbol: str) -> Setting | None:
    """The setting of a Hall symbol; nothing if its axes and origin have no name.

    Raises:
        ValueError: if it is no Hall symbol.
    """
    return setting_with(parse_hall(symbol))


def setting_with(operators: Operators) -> Setting | None:
    """The setting that has exactly these operators, if there is one."""
    return _by_operators().get(operators.codes)


@lru_cache(maxsize=1)
def _full_symbols() -> dict[str, tuple[str, ...]]:
    # by Hall symbol: gemmi's table has the short symbols alone
    types = [spglib.get_spacegroup_type(n) for n in range(1, 531)]
    full: dict[str, tuple[str, ...]] = {}
    for kind in types:
        if kind is not None:
            full[kind.hall_symbol] = (*full.get(kind.hall_symbol, ()), kind.international_full)
    return full


@lru_cache(maxsize=1)
def _by_operators() -> dict[frozenset[tuple[int, ...]], Setting]:
    # in reverse, so that of two names for one group the first of the Tables stays
    return {s.operators.codes: s for s in reversed(all_settings())}


@lru_cache(maxsize=1)
def _by_name() -> dict[str, tuple[Setting, ...]]:
    names: dict[str, tuple[Setting, ...]] = {}
    for setting in all_settings():
        for key in set(_keys(setting)):
            names[key] = (*names.get(key, ()), setting)
    return names


def _keys(setting: Setting) -> Iterator[str]:
    symbols = [setting.symbol]
    if setting.tabulated:
        symbols += _full_symbols()[setting.hall]
        # since 1992 e stands for two glides in one plane: C 2/m 2/m 2/e is short C m m e, which was C m m a
        symbols += [re.sub("2(_1)?/", "", full) for full in _full_symbols()[setting.hall] if "e" in full]
    if setting.tabulated and 3 <= setting.number <= 15:
        # P 21/c is short for P 1 21/c 1
        symbols.append(re.sub(r" 1\b", "", setting.symbol))
    for symbol in symbols:
        key = _key(symbol)
        written = {key}
        if setting.number >= 195:
            # before 1935 a cubic group's -3 was written 3, and many programs still do
            written.add(key.replace("-3", "3"))
        for base in written:
            yield base
            if setting.axes:
                yield f"{base}:{setting.axes}"
            for mark in _MARKS.get(setting.choice, ()):
                yield f"{base}:{mark}"
                if not mark.isdigit():
                    yield base + mark


def _key(symbol: str) -> str:
    # canonical decomposition parts a 3 from a bar above it; dashes of all kinds are minus signs
    text = unicodedata.normalize("NFKD", symbol).lower()
    text = re.sub(r"(\d)[\u0304\u0305]", r"-\1", text)
    text = re.sub(r"\\(?:bar|overline)\{(\d)\}|(\d)bar|bar\s*(\d)", r"-\1\2\3", text)
    text = re.sub("[\u2010-\u2015\u2212]", "-", text)
    text = re.sub(r"<[^>]*>|[\s_'\"${}*]", "", text)
    # the number of the group behind its symbol; SHELX puts subscripts in brackets
    text = re.sub(r"\((?:no\.?|#)?\d{2,3}\)$", "", text)
    text = re.sub(r"\((\d)\)", r"\1", text)
    for words, mark in _WORDS.items():
        text = re.sub(words, mark, text)
    return text
