"""Names of lattices, sizes and series: what can stand in a partition key, a folder name and a job name."""

import keyword
import re
from collections.abc import Iterable

from hrtem_assets.base.files import shown

KEY_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+]*")
MOST_CHARACTERS = 64
"""Of a name: two of them with our endings are a file name, which may have 255."""
MOST_LISTED = 30

# files of these names are devices on Windows, whatever follows a dot
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))}
_JOB_PATTERN = re.compile(r"[A-Za-z0-9_]+")
# names that Dagster keeps for itself
_KEPT = {
    *("context", "conf", "config", "meta", "arg_dict", "dict", "input_arg_dict", "output_arg_dict"),
    *("int", "str", "float", "bool", "input", "output", "type"),
    *keyword.kwlist,
}
# jobs of these names are there already, and a series is a job of its name
TAKEN_NAMES = ("specimens", "images", "top_up")
# and so are steps of these names, of assets and their checks; a series' own is called request_ and its name
_TAKEN_BEGINNINGS = (
    *("structures", "exit_waves", "zero_defocus", "labels", "micrographs", "training_sets"),
    *("export", "gallery", "transfer_pairs", "storage", "request"),
)


def check_name(kind: str, name: str) -> None:
    """Refuse a name that could not stand in a partition key or a folder name.

    Args:
        kind: what it names, for the message: lattice, size or series.
        name: as written.

    Raises:
        ValueError: says what is wrong with it.
    """
    if not KEY_PATTERN.fullmatch(name):
        raise ValueError(
            f"{kind} name {shown(name)} must start with a letter or digit and hold only letters, digits, "
            f"'_', '.' and '+'; it becomes part of a partition key and a folder name"
        )
    if len(name) > MOST_CHARACTERS:
        raise ValueError(
            f"{kind} name {shown(name)} is longer than the {MOST_CHARACTERS} characters that a file name has room for; "
            f"shorten it"
        )
    if name.endswith((".", "+")) or ".." in name:
        raise ValueError(
            f"{kind} name {name!r} must not end with '.' or with '+' (which appends to a list), nor hold '..'; "
            f"choose another"
        )
    if name.partition(".")[0].upper() in _DEVICES:
        raise ValueError(
            f"{kind} name {name!r} is a device on Windows and cannot be a folder's name there; choose another"
        )


def check_series_name(name: str) -> None:
    """Refuse a series whose job could not have its name.

    Args:
        name: as written.

    Raises:
        ValueError: says what is wrong with it.
    """
    check_name("series", name)
    if name in TAKEN_NAMES:
        raise ValueError(
            f"series.{name}: a series becomes a job of its name, and the jobs {', '.join(TAKEN_NAMES)} are "
            f"there already; choose another name"
        )
    taken = next((b for b in _TAKEN_BEGINNINGS if name == b or name.startswith(f"{b}_")), None)
    if taken is not None:
        raise ValueError(
            f"series.{name}: a series becomes a job of its name, and {taken} begins the names of steps in other jobs; "
            f"write my_{name}"
        )
    if not _JOB_PATTERN.fullmatch(name):
        raise ValueError(
            f"series.{name}: a series becomes a job of its name, which holds letters, digits and '_' only; "
            f"write {re.sub(r'[^A-Za-z0-9_]+', '_', name)}"
        )
    if name in _KEPT:
        raise ValueError(
            f"series.{name}: a series becomes a job of its name, and this word is reserved; write {name}_series"
        )


def check_distinct(kind: str, names: Iterable[str]) -> None:
    """Refuse names that differ in case alone: on macOS and Windows their folders would be one.

    Args:
        kind: what they name, for the message.
        names: all of a kind.

    Raises:
        ValueError: names the first such pair.
    """
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(name.casefold(), name)
        if other != name:
            raise ValueError(
                f"{kind}: the names {other} and {name} differ only in upper and lower case; rename one of them"
            )


def listed(names: Iterable[str]) -> str:
    """Names for a message: all of a few, the first of many, `none` of none."""
    every = list(names)
    if len(every) <= MOST_LISTED:
        return ", ".join(every) or "none"
    return f"{', '.join(every[:MOST_LISTED])}, ... ({len(every):,} in all)"
