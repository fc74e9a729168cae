"""Checksums of a store: of each structure's values, of the files that hold them, and a seal on everything else."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

SEAL = "seal"
# what stands in the root's attributes while the seal is computed
BLANK_SEAL = "0" * 32


def content_digest(values: Mapping[str, NDArray[Any]]) -> int:
    """BLAKE2b-64 of one structure's values, with their names, types and shapes.

    Args:
        values: by variable name, in the form in which they are stored: padded, without the `structure` dimension.
    """
    state = hashlib.blake2b(digest_size=8)
    for name in sorted(values):
        value = values[name]
        state.update(f"{name} {value.dtype.name} {value.shape}\n".encode())
        state.update(np.ascontiguousarray(value).data)
    return int.from_bytes(state.digest(), "big")


def shard_files(path: Path, array: str, shard: int) -> list[Path]:
    """The files of one shard of one array, sorted.

    Args:
        path: the store.
        array: a large variable.
        shard: number of the shard along `structure`.
    """
    place = path / array / "c" / str(shard)
    return [place] if place.is_file() else list(_files(place))


def shard_digest(path: Path, arrays: Iterable[str], shard: int) -> int:
    """BLAKE2b-64 of the files that hold one shard's structures, byte for byte.

    Args:
        path: the store.
        arrays: its large variables.
        shard: number of the shard along `structure`.
    """
    state = hashlib.blake2b(digest_size=8)
    for array in sorted(arrays):
        _update(state, path, shard_files(path, array, shard))
    return int.from_bytes(state.digest(), "big")


def seal(path: Path) -> None:
    """Write the seal into the root's attributes, where `BLANK_SEAL` stands; whatever changes later breaks it."""
    root = path / "zarr.json"
    text = root.read_bytes()
    if text.count(BLANK_SEAL.encode()) != 1:
        raise ValueError(f"{root} must hold the blank seal exactly once to be sealed")
    sealed = text.replace(BLANK_SEAL.encode(), _seal_of(path, text).encode())
    partial = root.with_suffix(f".{uuid4().hex}.partial")
    partial.write_bytes(sealed)
    partial.replace(root)


def seal_holds(path: Path) -> bool:
    """Whether metadata, attributes, records and coordinates are byte for byte those that were sealed."""
    text = (path / "zarr.json").read_bytes()
    try:
        found: str = json.loads(text)["attributes"][SEAL]
        blank = text.replace(found.encode(), BLANK_SEAL.encode())
        return found == _seal_of(path, blank)
    except (AttributeError, KeyError, TypeError, ValueError):
        # edited beyond reading
        return False


def _seal_of(path: Path, root_text: bytes) -> str:
    """BLAKE2b-128 of the root with a blank seal and of every other file but those of the shards."""
    large: Sequence[str] = json.loads(root_text)["attributes"]["arrays"]
    state = hashlib.blake2b(digest_size=len(BLANK_SEAL) // 2)
    state.update(root_text)
    for metadata in sorted(path.glob("*/zarr.json")):
        _update(state, path, [metadata])
        if metadata.parent.name not in large:
            _update(state, path, _files(metadata.parent / "c"))
    return state.hexdigest()


def _update(state: "hashlib.blake2b", path: Path, files: Iterable[Path]) -> None:
    for file in files:
        content = file.read_bytes()
        # the length keeps two neighbouring files from exchanging bytes unseen
        state.update(f"{file.relative_to(path).as_posix()} {len(content)}\n".encode())
        state.update(content)


def _files(folder: Path) -> Iterator[Path]:
    """Files of a folder, sorted; what a killed write left beside them is none of the store's."""
    if folder.is_file():
        yield folder
        return
    yield from sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".partial")
