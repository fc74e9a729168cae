"""Checksums of a store: of each structure's values, of the files that hold them, and a seal on everything else."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.store import places, trees
from hrtem_assets.store.places import MARK, PARTIAL, Place

SEAL = "seal"
# what stands in the root's attributes while the seal is computed
BLANK_SEAL = "0" * 32


def structure_digest(array_digests: Sequence[int], records: Mapping[str, NDArray[Any]]) -> int:
    """BLAKE2b-64 of all that a structure is: the digests of its arrays, and its records.

    Args:
        array_digests: from `content_digest` of each array, in the order of the store's attribute `arrays`.
        records: by name, as `content_digest` takes them.
    """
    state = hashlib.blake2b(digest_size=8)
    for number in (*array_digests, content_digest(records)):
        state.update(int(number).to_bytes(8, "big"))
    return int.from_bytes(state.digest(), "big")


def content_digest(values: Mapping[str, NDArray[Any]]) -> int:
    """BLAKE2b-64 of some of one structure's values, with their names, types and shapes.

    Args:
        values: by variable name, in the form in which they are stored: padded, without the `structure` dimension.
    """
    state = hashlib.blake2b(digest_size=8)
    for name in sorted(values):
        value = values[name]
        state.update(f"{name} {value.dtype.name} {value.shape}\n".encode())
        state.update(np.ascontiguousarray(value).data)
    return int.from_bytes(state.digest(), "big")


def shard_files(path: Place, array: str, shard: int) -> list[Place]:
    """The files of one shard of one array, sorted; what a killed write left beside them is none of the store's.

    Args:
        path: the store.
        array: a large variable.
        shard: number of the shard along `structure`.
    """
    return _files(path / array / "c" / str(shard))


def shard_digest(path: Place, array: str, shard: int) -> int:
    """BLAKE2b-64 of the files that hold one shard of an array, byte for byte.

    Args:
        path: the store.
        array: a large variable.
        shard: number of the shard along `structure`.
    """
    state = hashlib.blake2b(digest_size=8)
    _update(state, path, shard_files(path, array, shard))
    return int.from_bytes(state.digest(), "big")


def seal(path: Place) -> None:
    """Write the seal into the root's attributes, where `BLANK_SEAL` stands; whatever changes later breaks it."""
    root = path / MARK
    text = places.read(root)
    if text.count(BLANK_SEAL.encode()) != 1:
        raise ValueError(f"{root} must hold the blank seal exactly once to be sealed")
    sealed = text.replace(BLANK_SEAL.encode(), _seal_of(path, text).encode())
    places.write(root, sealed)


def seal_holds(path: Place) -> bool:
    """Whether metadata, attributes, records and coordinates are byte for byte those that were sealed."""
    text = places.read(path / MARK)
    try:
        found: str = json.loads(text)["attributes"][SEAL]
        blank = text.replace(found.encode(), BLANK_SEAL.encode())
        return found == _seal_of(path, blank)
    except (AttributeError, KeyError, TypeError, ValueError):
        # edited beyond reading
        return False


def _seal_of(path: Place, root_text: bytes) -> str:
    """BLAKE2b-128 of the root with a blank seal and of every other file but those of the shards."""
    large: list[str] = json.loads(root_text)["attributes"]["arrays"]
    state = hashlib.blake2b(digest_size=len(BLANK_SEAL) // 2)
    state.update(root_text)
    held: dict[str, list[Place]] = {}
    for file in _files(path):
        held.setdefault(trees.name_within(path, file).split("/")[0], []).append(file)
    for name, files in held.items():
        metadata, chunks = path / name / MARK, path / name / "c"
        if metadata in files:
            small = [f for f in files if chunks in f.parents] if name not in large else []
            _update(state, path, [metadata, *small])
    return state.hexdigest()


def _update(state: "hashlib.blake2b", path: Place, files: list[Place]) -> None:
    for file, content in zip(files, places.read_all(files), strict=True):
        # the length keeps two neighbouring files from exchanging bytes unseen
        state.update(f"{trees.name_within(path, file)} {len(content)}\n".encode())
        state.update(content)


def _files(place: Place) -> list[Place]:
    return [file for file in trees.files(place) if file.suffix != PARTIAL]
