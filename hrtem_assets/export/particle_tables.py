"""Tables beside that of the images: a row for each particle of an image, or each column of atoms of a structure."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_assets.export.formats.collection import Collection, write_csv
from hrtem_assets.export.formats.content import FileKind
from hrtem_assets.export.formats.folder import ExportError
from hrtem_assets.export.formats.source import Source, unit_suffix
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


def particle_tables(data: Collection) -> tuple[FileKind, ...]:
    """Which of the tables an export has.

    Args:
        data: training sets, or others, which have none.
    """
    return tuple(k for k in (PARTICLES, COLUMNS) if any(k in _of(source) for source in data.sources))


def _of(source: Source) -> tuple[FileKind, ...]:
    if PARTICLE_COUNT not in source.info.attributes["records"] or source.info.recipe.condition is None:
        return ()
    kinds = ((PARTICLES, "slot"), (COLUMNS, "column"))
    return tuple(kind for kind, dimension in kinds if source.checked.along(dimension))


def write_particle_tables(data: Collection, folder: Path) -> None:
    """Write the tables that an export has, numbers in their shortest exact form.

    Args:
        data: as for `particle_tables`.
        folder: receives them.

    Raises:
        ExportError: if sources know different things of their particles.
    """
    writers = {PARTICLES: _particles, COLUMNS: _columns}
    for kind in particle_tables(data):
        write_csv(folder / kind.pattern, _joined(data, kind, writers[kind]))


def _joined(
    data: Collection, kind: FileKind, lines: Callable[[Source], Iterator[list[Any]]]
) -> Iterator[list[Any]]:
    """The lines of all sources after one header; of structures, each specimen's once."""
    header: list[Any] | None = None
    seen = set()
    for source in data.sources:
        recipe = source.info.recipe
        key = [recipe.specimen] if kind is COLUMNS else [recipe.specimen, recipe.condition]
        if tuple(key) in seen or kind not in _of(source):
            continue
        seen.add(tuple(key))
        first, *others = lines(source)
        if header is None:
            header = first
            yield [*(["specimen", "condition"][: len(key)] if data.is_series else ()), *header]
        elif first != header:
            raise ExportError(
                f"{source.key} does not know the same of its particles as the others; make all again with the same "
                f"labels.tables, or export them apart"
            )
        yield from ([*key, *line] if data.is_series else line for line in others)


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
    unit = unit_suffix(attributes)
    stem = name.removeprefix(prefix)
    parts: Any = attributes.get(PARTS, [""])
    return ["_".join(word for word in (stem, part) if word) + unit for part in parts]
