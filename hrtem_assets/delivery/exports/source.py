"""A finished store as exports read it: arrays of one structure at a time, and a table with one row for each."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from hrtem_assets.store import places
from hrtem_assets.store.places import Place
from hrtem_assets.store.reading import StoreInfo, open_store, store_info
from hrtem_assets.store.schema import BOOKKEEPING

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


class Source:
    """Reads a finished store; arrays come one structure at a time, so that memory never holds them all.

    Args:
        path: a finished store.

    Raises:
        StoreError: if it is not one.
    """

    def __init__(self, path: Place) -> None:
        self.path = path
        self.info: StoreInfo = store_info(path)
        self._group = zarr.open_group(places.zarr_store(path), mode="r", zarr_format=3)

    def __len__(self) -> int:
        return self.info.structures

    def read(self, variable: str, index: int) -> NDArray[Any]:
        """One structure's values of one variable, as stored."""
        return np.asarray(self._array(variable)[index])

    def each(self, variable: str) -> Iterator[NDArray[Any]]:
        """Every structure's values of one variable, in order."""
        return (self.read(variable, index) for index in range(len(self)))

    def shape(self, variable: str) -> tuple[int, ...]:
        """Shape of a variable, structures first."""
        return tuple(self._array(variable).shape)

    @cached_property
    def first_pixel_a(self) -> tuple[float, float]:
        """Position (y, x) of the first pixel in the structure's cell, in Å."""
        y, x = (float(np.asarray(self._array(axis)[0])) for axis in ("y", "x"))
        return y, x

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Structure index, then every number that the store keeps of each structure but its bookkeeping."""
        with open_store(self.path, decode_cf=False) as ds:
            found = [
                _column(name, np.asarray(ds[name].values), ds[name].attrs)
                for name in sorted(map(str, ds.data_vars))
                if ds[name].dims == ("structure",) and name not in BOOKKEEPING
            ]
        return Column("structure", "index of the structure in its specimen", np.arange(len(self))), *found

    def row(self, index: int) -> dict[str, Any]:
        """The table's row of one structure, as JSON."""
        return {column.name: column.values[index].item() for column in self.columns}

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

    def _array(self, variable: str) -> zarr.Array[Any]:
        array = self._group[variable]
        assert isinstance(array, zarr.Array)
        return array


def _column(name: str, values: NDArray[Any], attributes: Mapping[str, Any]) -> Column:
    units, description = attributes.get("units", "1"), attributes.get("long_name", name)
    if "flag_meanings" in attributes:
        words = dict(zip(attributes["flag_values"], attributes["flag_meanings"].split(), strict=True))
        return Column(name, description, np.array([words[value] for value in values.tolist()]))
    if units in UNIT_SUFFIXES:
        description += f" [{units}]"
    return Column(name + UNIT_SUFFIXES.get(units, ""), description, values)
