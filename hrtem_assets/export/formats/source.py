"""A finished store as exports read it: arrays of one structure at a time, and a table with one row for each."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.store import CheckedStore, StoreInfo, StorePath

UNIT_SUFFIXES = {"nm": "_nm", "Å": "_a", "e/Å²": "_e_per_a2", "electrons": "_electrons"}


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes:
        name: variable name with its unit, such as `defocus_nm`.
        description: what it is.
        values: one per structure, typed as in the store; text where the store has flags.
    """

    name: str
    description: str
    values: NDArray[Any]


@dataclass(frozen=True)
class Plane:
    """A value for every pixel of an image.

    Attributes:
        name: as stored.
        dtype: as stored.
        description: one line.
    """

    name: str
    dtype: np.dtype[Any]
    description: str

    @property
    def shown_dtype(self) -> np.dtype[Any]:
        """Type in files that know no truth values."""
        return np.dtype(np.uint8) if self.dtype.kind == "b" else self.dtype


class Source:
    """Reads what was made of a finished store, all of it held against what was written; arrays come one structure at a
    time, so that memory never holds them all.

    Its rows are numbered from 0; the column `structure` says which structure each is, because some may be lacking.

    Args:
        path: a finished store.

    Raises:
        StoreError: if it is not one, or damaged.
    """

    def __init__(self, path: StorePath) -> None:
        self.path = path
        self.checked = CheckedStore(path)
        self.info: StoreInfo = self.checked.info

    def __len__(self) -> int:
        return len(self.structures)

    @cached_property
    def structures(self) -> list[int]:
        """The structure of each row."""
        return self.info.made

    def read(self, variable: str, row: int) -> NDArray[Any]:
        """One row's values of one variable, as stored."""
        return self.checked.read(variable, self.structures[row])

    def each(self, variable: str) -> Iterator[NDArray[Any]]:
        """Every row's values of one variable, in order."""
        return (self.read(variable, row) for row in range(len(self)))

    def shape(self, variable: str) -> tuple[int, ...]:
        """Shape of a variable, rows first."""
        return len(self), *self.checked.array(variable).shape[1:]

    @cached_property
    def planes(self) -> tuple[Plane, ...]:
        """The store's arrays, each a plane of every row, as they are named and meant in it."""
        return tuple(
            Plane(array.basename, array.dtype, str(array.attrs.get("long_name", array.basename)))
            for array in map(self.checked.array, self.info.attributes["arrays"])
        )

    @cached_property
    def first_pixel_a(self) -> tuple[float, float]:
        """Position (y, x) of the first pixel in the structure's cell, in Å."""
        y, x = (float(self.checked.column(axis)[0]) for axis in ("y", "x"))
        return y, x

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Structure index, then every number that the store keeps of each structure but its bookkeeping."""
        read = self.checked
        numbers = [
            _column(name, read.column(name)[self.structures], read.array(name).attrs)
            for name in sorted(self.info.attributes["records"])
            if read.array(name).ndim == 1
        ]
        return Column(
            "structure", "index of the structure in its specimen", np.array(self.structures)
        ), *numbers

    def row(self, row: int) -> dict[str, Any]:
        """A row of the table, as JSON."""
        return {column.name: column.values[row].item() for column in self.columns}

    def write_table(self, path: Path) -> None:
        """Write the table as CSV; numbers in their shortest exact form."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([column.name for column in self.columns])
            writer.writerows(zip(*(column.values.tolist() for column in self.columns), strict=True))

    def splits(self) -> dict[str, int]:
        """How many images each split holds; empty for stores without splits."""
        values = [value for c in self.columns if c.name == "split" for value in c.values.tolist()]
        return {name: values.count(name) for name in dict.fromkeys(values)}


def _column(name: str, values: NDArray[Any], attributes: Mapping[str, Any]) -> Column:
    units, description = attributes.get("units", "1"), attributes.get("long_name", name)
    if "flag_meanings" in attributes:
        words = dict(zip(attributes["flag_values"], attributes["flag_meanings"].split(), strict=True))
        return Column(name, description, np.array([words[value] for value in values.tolist()]))
    if units in UNIT_SUFFIXES:
        description += f" [{units}]"
    return Column(name + UNIT_SUFFIXES.get(units, ""), description, values)
