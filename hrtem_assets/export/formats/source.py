"""A finished store as exports read it: arrays of one row at a time, and a table with one row for each."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.labels.class_names import CLASSES
from hrtem_assets.labels.registry import PARTICLE_COUNT
from hrtem_assets.store import CheckedStore, StoreInfo, StorePath

UNIT_SUFFIXES = {
    **{"nm": "_nm", "Å": "_a", "µm": "_um", "mm": "_mm", "rad": "_rad", "mrad": "_mrad"},
    **{
        "e/Å²": "_e_per_a2",
        "electrons": "_electrons",
        "counts": "_counts",
        "e": "_e",
        "eV": "_ev",
        "ppm": "_ppm",
        "px": "_px",
        "°": "_deg",
    },
}


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes:
        name: variable name with its unit, such as `defocus_nm`.
        description: what it is.
        values: one per row, typed as in the store; text where the store has flags.
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
        units: as stored, 1 where it has none.
    """

    name: str
    dtype: np.dtype[Any]
    description: str
    units: str

    @property
    def shown_dtype(self) -> np.dtype[Any]:
        """Type in files that know no truth values."""
        return np.dtype(np.uint8) if self.dtype.kind == "b" else self.dtype


class Source:
    """Reads what was made of a finished store, all of it held against what was written; arrays come one row at a
    time, so that memory never holds them all.

    Its rows are numbered from 0; the column `structure` says which structure each is, or is an image of, because some
    may be lacking. Where a structure has several images the column `draw` says which each is.

    Args:
        path: a finished store.

    Attributes:
        class_numbers: a number for each of its classes' numbers; None keeps them.

    Raises:
        StoreError: if it is not one, or damaged.
    """

    def __init__(self, path: StorePath) -> None:
        self.path = path
        self.checked = CheckedStore(path)
        self.class_numbers: NDArray[np.integer[Any]] | None = None
        self.info: StoreInfo = self.checked.info

    def __len__(self) -> int:
        return len(self._made)

    @property
    def key(self) -> str:
        """Its partition, such as `CdSe-medium_df-10nm_400e`; of structures the specimen alone."""
        recipe = self.info.recipe
        return recipe.specimen if recipe.condition is None else f"{recipe.specimen}_{recipe.condition}"

    @cached_property
    def structures(self) -> list[int]:
        """The structure of each row."""
        return self.info.made_structures

    @cached_property
    def _made(self) -> list[int]:
        """The row in the store of each row."""
        return self.info.made

    @property
    def is_several(self) -> bool:
        """Whether a structure has several rows, which are images of it."""
        return self.info.rows_per_structure > 1

    def read(self, variable: str, row: int) -> NDArray[Any]:
        """One row's values of one variable, as stored; classes with numbers that all sources share."""
        values = self.checked.read(variable, self._made[row])
        if variable == CLASSES and self.class_numbers is not None:
            return self.class_numbers[values].astype(values.dtype)
        return values

    def each(self, variable: str) -> Iterator[NDArray[Any]]:
        """Every row's values of one variable, in order."""
        return (self.read(variable, row) for row in range(len(self)))

    def shape(self, variable: str) -> tuple[int, ...]:
        """Shape of a variable, rows first."""
        return len(self), *self.checked.array(variable).shape[1:]

    @cached_property
    def planes(self) -> tuple[Plane, ...]:
        """What the store holds for every pixel of its rows, as it is named and meant there: images, masks, others."""
        first = ("counts", "mask", "soft_label")
        names = sorted(
            self.checked.planes(), key=lambda name: first.index(name) if name in first else len(first)
        )
        return tuple(
            Plane(
                array.basename,
                array.dtype,
                str(array.attrs.get("long_name", array.basename)),
                str(array.attrs.get("units", "1")),
            )
            for array in map(self.checked.array, names)
        )

    @cached_property
    def class_names(self) -> Mapping[int, str]:
        """What the stored numbers of classes mean; empty where there are none."""
        if CLASSES not in {plane.name for plane in self.planes}:
            return {}
        attributes: Any = self.checked.array(CLASSES).attrs.asdict()
        words = str(attributes["flag_meanings"]).split()
        return dict(zip(attributes["flag_values"], words, strict=True))

    @cached_property
    def first_pixel_a(self) -> tuple[float, float]:
        """Position (y, x) of the first pixel in the structure's cell, in Å."""
        y, x = (float(self.checked.column(axis)[0]) for axis in ("y", "x"))
        return y, x

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Structure index and draw, then every number that the store keeps of each row but its bookkeeping."""
        read = self.checked
        draws = (
            [Column("draw", "which of the structure's images", read.column("draw")[self._made])]
            if self.is_several
            else []
        )
        numbers = [
            _column(name, read.column(name)[self._made], read.array(name).attrs)
            for name in sorted(self.info.attributes["records"])
            if read.array(name).ndim == 1
        ]
        structure = Column("structure", "index of the structure in its specimen", np.array(self.structures))
        return structure, *draws, *numbers

    def particles(self, name: str) -> NDArray[Any] | None:
        """A value for each particle of every row, one after the other; None where the store has none.

        Args:
            name: a record along the particles.
        """
        records = self.info.attributes["records"]
        if name not in records or PARTICLE_COUNT not in records:
            return None
        counts = self.checked.column(PARTICLE_COUNT)[self._made]
        values = self.checked.column(name)[self._made]
        return np.concatenate([row[:n] for row, n in zip(values, counts.tolist(), strict=True)])

    @property
    def has_particles(self) -> bool:
        """Whether something is known of each particle."""
        return PARTICLE_COUNT in self.info.attributes["records"]

    def particle_values(self, row: int) -> list[dict[str, Any]]:
        """What is known of each particle of a row, as JSON: no number where there is none."""
        placed = int(self.read(PARTICLE_COUNT, row)) if self.has_particles else 0
        known: list[dict[str, Any]] = [{} for _ in range(placed)]
        for name in self._of_particles if known else ():
            shown, values = self.name_with_unit(name), self.read(name, row)
            for one, value in zip(known, values.tolist(), strict=False):
                is_number = np.isfinite(value).all()
                one[shown] = value if is_number else None
        return known

    @cached_property
    def particle_kinds(self) -> dict[str, str]:
        """Names of what is known of each particle, and the type of a list of it, such as `[[float64]]`."""
        kinds = {}
        for name in self._of_particles if self.has_particles else ():
            array = self.checked.array(name)
            depth = array.ndim - 1
            kinds[self.name_with_unit(name)] = "[" * depth + array.dtype.name + "]" * depth
        return kinds

    @cached_property
    def _of_particles(self) -> list[str]:
        return self.checked.along("slot")

    def label(self, row: int) -> str:
        """`000017` for structure 17, `000017_002` for its third image where it has several."""
        values = self.row(row)
        return f"{values['structure']:06d}" + (f"_{values['draw']:03d}" if self.is_several else "")

    def row(self, row: int) -> dict[str, Any]:
        """A row of the table, as JSON: None for what is no number, or infinite."""
        values = {column.name: column.values[row].item() for column in self.columns}
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}

    def known(self, row: int) -> dict[str, Any]:
        """All that is known of an image, as JSON: whose it is, its row of the table, and its particles."""
        particles = {"particles": self.particle_values(row)} if self.has_particles else {}
        return self.named_row(row) | particles

    def named_row(self, row: int) -> dict[str, Any]:
        """A row of the table, with whose it is."""
        recipe = self.info.recipe
        return {"specimen": recipe.specimen, "condition": recipe.condition} | self.row(row)

    def splits(self) -> dict[str, int]:
        """How many images each split holds; empty for stores without splits."""
        return {name: self._splits.count(name) for name in dict.fromkeys(self._splits)}

    def split(self, row: int) -> str:
        """What a row is for."""
        return self._splits[row]

    @cached_property
    def _splits(self) -> list[str]:
        return [value for c in self.columns if c.name == "split" for value in c.values.tolist()]

    @property
    def sampling_a(self) -> float | None:
        """The pixel in Å; None where each image has its own, which the table tells."""
        return self.info.attributes["sampling_a"]

    def name_with_unit(self, variable: str) -> str:
        """What a variable of particles is called in tables, such as `radius_a`."""
        return variable.removeprefix("particle_") + unit_suffix(self.checked.array(variable).attrs)


def _column(name: str, values: NDArray[Any], attributes: Mapping[str, Any]) -> Column:
    units, description = attributes.get("units", "1"), attributes.get("long_name", name)
    if "flag_meanings" in attributes:
        words = dict(zip(attributes["flag_values"], attributes["flag_meanings"].split(), strict=True))
        return Column(name, description, np.array([words[value] for value in values.tolist()]))
    if suffix := unit_suffix(attributes):
        description += f" [{units}]"
    return Column(name + suffix, description, values)


def unit_suffix(attributes: Mapping[str, Any]) -> str:
    """What the name of a column ends with, by the unit of its variable; nothing for plain numbers."""
    return UNIT_SUFFIXES.get(str(attributes.get("units", "1")), "")
