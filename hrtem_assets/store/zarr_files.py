"""Zarr v3 encoding: creating, extending and finishing a store's arrays."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BloscCodec
from zarr.core.buffer import Buffer
from zarr.storage import MemoryStore

from hrtem_assets.store import files
from hrtem_assets.store.files import MARK, StorePath
from hrtem_assets.store.integrity import BLANK_SEAL, SEAL, seal
from hrtem_assets.store.schema import Schema, Variable

# what bitshuffle leaves is either empty or noise: level 3 takes half as long again for 2 % of the size
COMPRESSOR = BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle")


def create(path: StorePath, schema: Schema, rows: int) -> None:
    """Create a store's group, arrays and coordinates, all rows absent."""
    group, contents = _in_memory()
    for variable in schema.arrays:
        shard = (schema.structures_per_shard, *variable.shape)
        chunk = (1, *(variable.chunk or variable.shape))
        group.create_array(
            variable.name,
            shape=(rows, *variable.shape),
            chunks=chunk,
            shards=None if shard == chunk else shard,
            dtype=variable.dtype,
            compressors=COMPRESSOR,
            fill_value=variable.fill_value,
            dimension_names=("structure", *variable.dims),
            attributes=_attributes(variable),
        )
    for name, coordinate in schema.coordinates.items():
        attributes = {"units": coordinate.units, "long_name": coordinate.long_name}
        _write_whole(group, name, coordinate.values, (name,), attributes)
    _write_out(path, contents)


def resize(path: StorePath, schema: Schema, rows: int) -> None:
    """Change how many rows a store's arrays hold; those beyond are deleted."""
    group = _open(path)
    for variable in schema.arrays:
        _array(group, variable.name).resize((rows, *variable.shape))


def enlarge(path: StorePath, schema: Schema, rows: int) -> None:
    """Make room for at least so many rows; nothing is deleted."""
    group = _open(path)
    held = [_array(group, v.name).shape[0] for v in schema.arrays]
    resize(path, schema, max([rows, *held]))


def write_structures(path: StorePath, first: int, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write consecutive structures' arrays and see them safely on disk.

    Args:
        path: the store.
        first: index of the first structure; the start of a shard.
        arrays: by variable name, leading dimension the structures.
    """
    for name, values in arrays.items():
        array = zarr.open_array(files.zarr_store(path / name, read_only=False), mode="r+", zarr_format=3)
        array[first : first + len(values)] = values
        shard = (array.shards or array.chunks)[0]
        files.flush(path / name / "c" / str(first // shard))


def write_records(path: StorePath, schema: Schema, records: Sequence[Mapping[str, Any]]) -> None:
    """Write the small variables of all rows at once, with the structure of each and, of several, its draw.

    Args:
        path: the store.
        schema: names the variables.
        records: one mapping per row; a missing or short value is padded with the fill value.
    """
    group, contents = _in_memory()
    structure, draw = np.divmod(np.arange(len(records)), schema.rows_per_structure)
    _write_whole(
        group, "structure", structure, ("structure",), {"long_name": "structure index within the specimen"}
    )
    if schema.rows_per_structure != 1:
        _write_whole(group, "draw", draw, ("structure",), {"long_name": "which of the structure's images"})
    for variable in schema.records:
        values = np.full((len(records), *variable.shape), variable.fill_value, dtype=variable.dtype)
        for index, record in enumerate(records):
            values[index] = stored(variable, record.get(variable.name, variable.fill_value))
        _write_whole(group, variable.name, values, ("structure", *variable.dims), _attributes(variable))
    # the root is that of the whole store
    del contents[MARK]
    _write_out(path, contents)


def stored(variable: Variable, value: Any) -> NDArray[Any]:
    """One structure's value as it is stored: of the variable's type, padded to its shape with the fill value.

    Args:
        variable: says type and shape.
        value: number, nested sequence or array; no larger than the variable's shape.
    """
    array = np.asarray(value, dtype=variable.dtype)
    if array.shape == variable.shape:
        return array
    values = np.full(variable.shape, variable.fill_value, dtype=variable.dtype)
    values[tuple(slice(n) for n in array.shape)] = array
    return values


def read_records(path: StorePath, names: Sequence[str]) -> list[dict[str, Any]]:
    """The named small variables of every structure of a finished store, as `write_records` takes them."""
    group = _open(path)
    columns = {name: np.asarray(_array(group, name)[:]) for name in names}
    count = _array(group, "structure").shape[0]
    return [{name: column[i] for name, column in columns.items()} for i in range(count)]


def finish(path: StorePath, attributes: Mapping[str, Any]) -> None:
    """Write the attributes of a complete store, gather all metadata in its root and seal it."""
    group = _open(path)
    group.update_attributes({**attributes, SEAL: BLANK_SEAL})
    with warnings.catch_warnings():
        # consolidated metadata is an extension of Zarr v3 that xarray and zarr both read
        warnings.filterwarnings("ignore", message="Consolidated metadata")
        zarr.consolidate_metadata(files.zarr_store(path, read_only=False), zarr_format=3)
    # a power cut must not leave a store in its place whose metadata or records never reached the disk
    files.flush(path)
    seal(path)


def _open(path: StorePath) -> zarr.Group:
    # a store being extended still carries the gathered metadata, with the old shapes, of the one it began as
    return zarr.open_group(
        files.zarr_store(path, read_only=False), mode="r+", zarr_format=3, use_consolidated=False
    )


def _array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    array = group[name]
    if not isinstance(array, zarr.Array):
        raise TypeError(f"{name!r} in {group.store_path} is a group, not an array")
    return array


def _attributes(variable: Variable) -> dict[str, Any]:
    return {"units": variable.units, "long_name": variable.long_name, **variable.attributes}


def _in_memory() -> tuple[zarr.Group, dict[str, Buffer]]:
    """A group for small variables, and the files that it becomes."""
    contents: dict[str, Buffer] = {}
    return zarr.create_group(MemoryStore(contents), zarr_format=3), contents


def _write_out(path: StorePath, contents: Mapping[str, Buffer]) -> None:
    files.write_all({path / name: content.to_bytes() for name, content in contents.items()})


def _write_whole(
    group: zarr.Group, name: str, values: NDArray[Any], dims: tuple[str, ...], attributes: dict[str, Any]
) -> None:
    array = group.create_array(
        name,
        shape=values.shape,
        chunks=tuple(max(1, n) for n in values.shape),
        dtype=values.dtype,
        fill_value=np.nan if values.dtype.kind == "f" else 0,
        dimension_names=dims,
        attributes=attributes,
        # a file that is always written replaces that of an earlier attempt
        config={"write_empty_chunks": True},
    )
    array[...] = values
