"""Tables beside that of the images: a row for each particle of an image, or each column of atoms of a structure."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_assets.export.formats.content import FileKind
from hrtem_assets.export.formats.source import UNIT_SUFFIXES, Source
from hrtem_assets.labels.registry import PARTICLE_COUNT
from hrtem_assets.labels.table import PARTS

PARTICLES = FileKind(
    "particles.csv",
    "text/csv",
    "one row per particle of each image, those outside it included; numbered from 1 as in `instances`",
)
COLUMNS = FileKind(
    "columns.csv", "text/csv", "one row per column of atoms that stands along the beam, of each structure"
)


def particle_tables(source: Source) -> tuple[FileKind, ...]:
    """Which of the tables a store has.

    Args:
        source: a store of training sets, or another, which has none.
    """
    if PARTICLE_COUNT not in source.info.attributes["records"] or source.info.recipe.condition is None:
        return ()
    kinds = ((PARTICLES, "slot"), (COLUMNS, "column"))
    return tuple(kind for kind, dimension in kinds if source.checked.along(dimension))


def write_particle_tables(source: Source, folder: Path) -> None:
    """Write the tables that a store has, numbers in their shortest exact form.

    Args:
        source: as for `particle_tables`.
        folder: receives them.
    """
    writers = {PARTICLES: _particles, COLUMNS: _columns}
    for kind in particle_tables(source):
        with (folder / kind.pattern).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(writers[kind](source))


def _particles(source: Source) -> Iterator[list[Any]]:
    names = source.checked.along("slot")
    draw = ["draw"] if source.is_several else []
    yield ["structure", *draw, "particle", *(h for name in names for h in _header(source, name, "particle_"))]
    for row in range(len(source)):
        values = [np.atleast_2d(source.read(name, row).T).T.tolist() for name in names]
        which = [source.row(row)[name] for name in ("structure", *draw)]
        for k in range(int(source.read(PARTICLE_COUNT, row))):
            # what is not a number is left out
            yield [*which, k + 1, *("" if v != v else v for column in values for v in column[k])]


def _columns(source: Source) -> Iterator[list[Any]]:
    (name,) = source.checked.along("column")
    header = _header(source, name, name)
    yield ["structure", *header]
    seen = set()
    for row, structure in enumerate(source.structures):
        if structure in seen:
            continue
        seen.add(structure)
        table = source.read(name, row)
        for values in table[table[:, header.index("atoms")] > 0].tolist():
            yield [structure, *(int(v) if v == int(v) else v for v in values)]


def _header(source: Source, name: str, prefix: str) -> list[str]:
    """A column's name with its unit, or one for each of its parts."""
    attributes = source.checked.array(name).attrs.asdict()
    unit = UNIT_SUFFIXES.get(str(attributes.get("units", "1")), "")
    stem = name.removeprefix(prefix)
    parts: Any = attributes.get(PARTS, [""])
    return ["_".join(word for word in (stem, part) if word) + unit for part in parts]
