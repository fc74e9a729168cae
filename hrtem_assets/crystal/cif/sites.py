"""The rows of a CIF's table of sites: every one read as an atom, left out and said, or refused by name."""

from collections.abc import Collection
from dataclasses import dataclass

from hrtem_assets.crystal.cif.elements import element_of_label, element_of_type
from hrtem_assets.crystal.cif.text import NULLS, Block, CifError, number
from hrtem_assets.crystal.expansion import MAX_ATOMS

COORDINATES = tuple(f"_atom_site_fract_{axis}" for axis in "xyz")
_CARTESIAN = "_atom_site_cartn_x"
# refined occupancies of whole atoms are 1 within their uncertainty
_WHOLE = 0.005


@dataclass(frozen=True)
class Site:
    """One row with coordinates.

    Args:
        name: how messages call it, `site Fe1`.
        element: chemical symbol.
        position: fractional coordinates.
    """

    name: str
    element: str
    position: tuple[float, float, float]


@dataclass(frozen=True)
class Sites:
    """All rows of a table.

    Args:
        listed: those with coordinates.
        left_out: names of those without.
        hydrogens: how many hydrogen atoms rows say are attached to them.
        unknown_occupancy: whether an occupancy is `?`.
        notes: what was read other than it is written, a sentence each.
    """

    listed: tuple[Site, ...]
    left_out: tuple[str, ...]
    hydrogens: int
    unknown_occupancy: bool
    notes: tuple[str, ...]


def has_sites(block: Block) -> bool:
    """Whether a block has a table of sites, with coordinates of any kind."""
    return any(tag in block.values for tag in (*COORDINATES, _CARTESIAN))


def read_sites(block: Block, declared: Collection[str]) -> Sites:
    """The sites of a block.

    Args:
        block: of a CIF.
        declared: elements of the declared formula, empty if there is none.

    Raises:
        CifError: if a row is not one whole atom of one element at one place.
    """
    columns = [block.column(tag) for tag in COORDINATES]
    rows = len(columns[0])
    if not all(columns):
        if block.column(_CARTESIAN):
            raise CifError(
                "gives only Cartesian coordinates; give fractional ones, _atom_site_fract_x, _y and _z"
            )
        raise CifError(f"its table of sites has no rows, or not all of {', '.join(COORDINATES)}; add them")
    if rows > MAX_ATOMS:
        raise CifError(
            f"lists {rows} sites; this is meant for crystals with small cells, of {MAX_ATOMS} atoms at most"
        )
    labels = _filled(block, rows, "_atom_site_label", "_atom_site_id")
    types = _filled(block, rows, "_atom_site_type_symbol")
    if any(len(column) != rows for column in columns):
        raise CifError("the coordinates of its sites are in tables of different lengths; put them into one")
    occupancies = _filled(block, rows, "_atom_site_occupancy")
    disorder = _filled(block, rows, "_atom_site_disorder_group")
    flags = _filled(block, rows, "_atom_site_calc_flag")
    notes: list[str] = []
    listed: list[Site] = []
    left_out: list[str] = []
    for i in range(rows):
        name = f"site {labels[i]}" if labels[i] not in NULLS else f"site {i + 1}"
        if flags[i].lower() == "dum":
            notes.append(f"{name} is a dummy (calc_flag dum) and is left out")
            continue
        element, note = _element(types[i], labels[i], name, declared)
        notes += [note] if note else []
        _check_whole(name, occupancies[i], disorder[i])
        texts = [column[i] for column in columns]
        if any(text in NULLS for text in texts):
            left_out.append(name)
            continue
        x, y, z = (number(text, f"{name}: {tag}") for text, tag in zip(texts, COORDINATES, strict=True))
        if max(abs(x), abs(y), abs(z)) > 10:
            raise CifError(f"{name} is at ({x:g}, {y:g}, {z:g}): these are not fractions of the cell's edges")
        listed.append(Site(name, element, (x, y, z)))
    if not listed:
        raise CifError("none of its sites has coordinates")
    blank = sum(o == "." for o in occupancies) if "_atom_site_occupancy" in block.values else 0
    if blank:
        notes.append(f"{blank} occupancies left blank (`.`) are taken as 1, as the CIF dictionary says")
    return Sites(
        tuple(listed),
        tuple(left_out),
        _attached(block),
        "?" in occupancies,
        tuple(notes),
    )


def _filled(block: Block, rows: int, *tags: str) -> list[str]:
    column = [value.strip() for value in block.column(*tags)]
    if column and len(column) != rows:
        raise CifError(f"{tags[0]} has {len(column)} values for {rows} sites; put them into one table")
    return column or ["."] * rows


def _element(kind: str, label: str, name: str, declared: Collection[str]) -> tuple[str, str]:
    if kind not in NULLS:
        return element_of_type(kind, name, declared)
    if label in NULLS:
        raise CifError(f"{name} has neither a label nor a type symbol; add the column _atom_site_type_symbol")
    return element_of_label(label, declared)


def _check_whole(name: str, occupancy: str, disorder: str) -> None:
    if occupancy not in NULLS:
        share = number(occupancy, f"{name}: _atom_site_occupancy")
        if share < 1 - _WHOLE:
            raise CifError(
                f"has partly occupied sites; supply an ordered cell ({name} has the occupancy {occupancy})"
            )
        if share > 1 + _WHOLE:
            raise CifError(f"{name} has the occupancy {occupancy}, which must be 1")
    if disorder not in (*NULLS, "0"):
        raise CifError(
            f"{name} belongs to the disorder group {disorder}, one of several arrangements; supply an ordered cell"
        )


def _attached(block: Block) -> int:
    told = block.stated("_atom_site_attached_hydrogens")
    return sum(int(h) for h in block.column("_atom_site_attached_hydrogens") if h.isdigit()) if told else 0
