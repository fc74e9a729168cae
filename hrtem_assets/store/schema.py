"""What a store holds: variables with dimensions, types and units, along a leading `structure` dimension."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Variable:
    """One variable; its first dimension, `structure`, is implied.

    Attributes:
        name: variable name.
        dims: names of the dimensions after `structure`.
        shape: their sizes.
        dtype: numpy type name.
        units: unit, or "1".
        long_name: one line for plots and people.
        chunk: chunk shape after `structure`; the whole shape if None.
        attributes: further attributes, for example CF `scale_factor`.
    """

    name: str
    dims: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    dtype: str = "float64"
    units: str = "1"
    long_name: str = ""
    chunk: tuple[int, ...] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fill_value(self) -> Any:
        """Value of what is absent: NaN or zero."""
        return np.nan if np.dtype(self.dtype).kind in "fc" else 0


def flags(names: Sequence[str]) -> dict[str, Any]:
    """CF attributes of a variable whose numbers, from 0, stand for names.

    Args:
        names: in the order of the numbers, without blanks.
    """
    return {"flag_values": list(range(len(names))), "flag_meanings": " ".join(names)}


@dataclass(frozen=True)
class Coordinate:
    """Values along one dimension.

    Attributes:
        values: one-dimensional.
        units: unit, or "1".
        long_name: one line.
    """

    values: NDArray[Any]
    units: str = "1"
    long_name: str = ""


@dataclass(frozen=True)
class Schema:
    """Variables and coordinates of one asset's stores.

    Attributes:
        arrays: large variables, written row by row as they are made.
        records: small variables, one value or short vector per row.
        coordinates: by dimension name.
        structures_per_shard: rows that share a file of each array, and are committed together.
        title: what one row is.
        attributes: further root attributes, as JSON.
        rows_per_structure: rows of each structure, one after the other; more than one where rows are images of it.
    """

    arrays: tuple[Variable, ...]
    records: tuple[Variable, ...]
    coordinates: Mapping[str, Coordinate]
    structures_per_shard: int
    title: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    rows_per_structure: int = 1

    def with_bookkeeping(self, upstream: int = 0) -> "Schema":
        """The schema with the records that every store keeps of each structure.

        Args:
            upstream: number of assets that a structure is made from.
        """
        return replace(self, records=(*self.records, *bookkeeping(len(self.arrays), upstream)))


def pixel_coordinates(n: int, sampling_a: float, first_px: int = 0, unit: str = "Å") -> dict[str, Coordinate]:
    """Coordinates `y` and `x` of a square image, counted from the cell's corner.

    Args:
        n: pixels along a side.
        sampling_a: pixel in Å.
        first_px: pixels between the cell's corner and the image's.
        unit: `px` with a sampling of 1, for images whose pixels differ.
    """
    positions = np.arange(first_px, first_px + n) * sampling_a
    return {axis: Coordinate(positions, unit, f"position along {axis}") for axis in ("y", "x")}


DEVICES = ("cpu", "cuda")
"""What computes, by the number that the record `device` gives it."""

_OF_ARRAYS = {
    "array_digest": "BLAKE2b-64 of the values of each array, in the order of the attribute arrays",
    "shard_digest": "BLAKE2b-64 of the files that hold each array; 0 where it has been pruned",
}
_BOOKKEEPING = (
    Variable("digest", dtype="uint64", long_name="BLAKE2b-64 of the structure's arrays and records"),
    Variable("seconds", dtype="float32", units="s", long_name="time it took to make"),
    Variable(
        "device",
        dtype="uint8",
        long_name="what it was computed on",
        attributes=flags(DEVICES),
    ),
    Variable(
        "peak_memory",
        dtype="uint64",
        units="bytes",
        long_name="most memory that the worker process had held when it was written",
    ),
    Variable(
        "committed_at",
        dtype="int64",
        units="milliseconds since 1970-01-01",
        long_name="when it was written",
    ),
    Variable("run", dtype="int16", long_name="index into the attribute provenance.runs"),
)


UPSTREAM_DIGEST = "upstream_digest"
"""The record that says which values of its upstream stores a structure was made from."""

BOOKKEEPING = frozenset({*_OF_ARRAYS, UPSTREAM_DIGEST, *(v.name for v in _BOOKKEEPING)})
"""Names of the records that every store keeps."""


def bookkeeping(arrays: int, upstream: int) -> tuple[Variable, ...]:
    """The records that every store keeps of each structure.

    Args:
        arrays: number of large variables.
        upstream: number of assets that a structure is made from.
    """
    variables = list(_BOOKKEEPING)
    if arrays:
        variables += [
            Variable(name, ("array",), (arrays,), "uint64", long_name=words)
            for name, words in _OF_ARRAYS.items()
        ]
    if upstream:
        words = "digest of the structure in each store that it was made from, in the order of the attribute upstream"
        variables.append(Variable(UPSTREAM_DIGEST, ("upstream",), (upstream,), "uint64", long_name=words))
    return tuple(variables)


def content_records(schema: Schema) -> list[str]:
    """Names of a schema's records without the bookkeeping that every store keeps."""
    return [v.name for v in schema.records if v.name not in BOOKKEEPING]
