"""What one export holds: a partition, or all partitions of a series in one data set."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from hrtem_assets.export.formats.folder import ExportError
from hrtem_assets.export.formats.source import Column, Plane, Source
from hrtem_assets.labels.class_names import common_classes, common_numbers


@dataclass(frozen=True)
class Collection:
    """Finished stores of one asset with the same planes; classes get numbers that all of them share.

    Args:
        name: such as `CdSe-medium_df-10nm_400e`, or a series' name.
        sources: at least one.
        is_series: whether rows are told apart by specimen and condition too.

    Raises:
        ExportError: if they hold different planes.
    """

    name: str
    sources: tuple[Source, ...]
    is_series: bool = False

    def __post_init__(self) -> None:
        first, *others = self.sources
        held = {plane.name for plane in first.planes}
        for other in others:
            if names := sorted(held ^ {plane.name for plane in other.planes}):
                raise ExportError(
                    f"{first.key} and {other.key} hold different {', '.join(names)}; make both again with the same "
                    f"labels.planes, or export them apart"
                )
        if self.classes:
            for source in self.sources:
                source.class_numbers = common_numbers(source.class_names, self.classes)

    def __len__(self) -> int:
        return sum(len(source) for source in self.sources)

    @cached_property
    def planes(self) -> tuple[Plane, ...]:
        """What all sources hold for every pixel, of a type that holds all their values: cameras count in their own."""
        together: dict[str, Plane] = {}
        for plane in (plane for source in self.sources for plane in source.planes):
            known = together.setdefault(plane.name, plane)
            together[plane.name] = Plane(
                plane.name,
                np.result_type(known.dtype, plane.dtype),
                _either(known.description, plane.description),
                _either(known.units, plane.units),
            )
        return tuple(together.values())

    @property
    def has_images(self) -> bool:
        """Whether its rows are images, and not structures."""
        return self.sources[0].info.recipe.condition is not None

    @property
    def is_several(self) -> bool:
        """Whether a structure has several rows."""
        return any(source.is_several for source in self.sources)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """What its classes mean, by their numbers; empty where there are none."""
        return common_classes(source.class_names for source in self.sources)

    @cached_property
    def splits(self) -> dict[str, int]:
        """How many images each split holds; empty for structures."""
        counts: dict[str, int] = {}
        for source in self.sources:
            for name, count in source.splits().items():
                counts[name] = counts.get(name, 0) + count
        return counts

    def rows(self, split: str | None = None) -> Iterator[tuple[Source, int]]:
        """Every row, or those of a split, with its source."""
        for source in self.sources:
            for row in range(len(source)):
                if split is None or source.split(row) == split:
                    yield source, row

    def label(self, source: Source, row: int) -> str:
        """A row's name, unlike any other: `000017`, in a series `CdSe-medium_df-10nm_400e_000017`; without dots."""
        return f"{source.key.replace('.', 'p')}_{source.label(row)}" if self.is_series else source.label(row)

    def place(self, source: Source) -> PurePosixPath:
        """A folder for what cannot be shared: in a series `CdSe-medium/df-10nm_400e`, or else the export itself."""
        recipe = source.info.recipe
        parts = (recipe.specimen, *([recipe.condition] if recipe.condition else []))
        return PurePosixPath(*parts) if self.is_series else PurePosixPath()

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The table of all rows; in a series specimen and condition come first, and what some sources lack is no
        number.
        """
        if not self.is_series:
            return self.sources[0].columns
        described = {column.name: column for source in self.sources for column in source.columns}
        keys = [_text("specimen", [s.info.recipe.specimen for s in self.sources for _ in range(len(s))])]
        if self.has_images:
            conditions = [str(s.info.recipe.condition) for s in self.sources for _ in range(len(s))]
            keys.append(_text("condition", conditions))
        return (*keys, *(self._joined(column) for column in described.values()))

    def _joined(self, column: Column) -> Column:
        parts = []
        for source in self.sources:
            held = {c.name: c.values for c in source.columns}
            lacking = np.full(len(source), "" if column.values.dtype.kind == "U" else np.nan)
            parts.append(held.get(column.name, lacking))
        return Column(column.name, column.description, np.concatenate(parts))

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that tell rows apart."""
        series = ("specimen", "condition") if self.is_series and self.has_images else ("specimen",)
        return (*(series if self.is_series else ()), "structure", *(("draw",) if self.is_several else ()))

    def write_table(self, path: Path) -> None:
        """Write the table as CSV; numbers in their shortest exact form."""
        write_csv(path, [[column.name for column in self.columns], *self._lines()])

    def _lines(self) -> Iterator[tuple[Any, ...]]:
        return zip(*(column.values.tolist() for column in self.columns), strict=True)


def _either(first: str, second: str) -> str:
    return first if second in first.split("; or ") else f"{first}; or {second}"


def write_csv(path: Path, lines: Sequence[Sequence[Any]] | Iterator[Sequence[Any]]) -> None:
    """Write lines of values, the header first."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


def _text(name: str, values: list[str]) -> Column:
    return Column(name, f"{name} key", np.array(values))
