"""Checksums of a store: of each structure's values, of the files that hold them, and a seal on everything else."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.store import files
from hrtem_assets.store.files import MARK, PARTIAL, StorePath

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


def shard_files(path: StorePath, array: str, shard: int) -> list[StorePath]:
    """The files of one shard of one array, sorted; what a killed write left beside them is none of the store's.

    Args:
        path: the store.
        array: a large variable.
        shard: number of the shard along `structure`.
    """
    return [p for p in files.listing(path / array / "c" / str(shard)) if p.suffix != PARTIAL]


def shard_digest(path: StorePath, array: str, shard: int) -> int:
    """BLAKE2b-64 of the files that hold one shard of an array, byte for byte.

    Args:
        path: the store.
        array: a large variable.
        shard: number of the shard along `structure`.
    """
    return files_digest(_named(path, shard_files(path, array, shard)))


def files_digest(contents: Iterable[tuple[str, bytes]]) -> int:
    """BLAKE2b-64 of files, as `shard_digest` takes it of those that hold a shard.

    Args:
        contents: name within the store and content of each file, sorted.
    """
    state = hashlib.blake2b(digest_size=8)
    _update(state, contents)
    return int.from_bytes(state.digest(), "big")


def seal(path: StorePath) -> None:
    """Write the seal into the root's attributes, where `BLANK_SEAL` stands; whatever changes later breaks it."""
    root = path / MARK
    text = files.read(root)
    if text.count(BLANK_SEAL.encode()) != 1:
        raise ValueError(f"{root} must hold the blank seal exactly once to be sealed")
    digest = _seal_of(text, dict(_named(path, _sealed_files(path, text))))
    sealed = text.replace(BLANK_SEAL.encode(), digest.encode())
    files.write(root, sealed)


def seal_holds(path: StorePath) -> bool:
    """Whether metadata, attributes, records and coordinates are byte for byte those that were sealed."""
    return read_sealed(path) is not None


def read_sealed(path: StorePath) -> dict[str, bytes] | None:
    """All that the seal covers, read once: metadata, records and coordinates by name within the store.

    Returns:
        the very bytes that were held against the seal; None if they are not those that were sealed.
    """
    text = files.read(path / MARK)
    try:
        recorded = str(json.loads(text)["attributes"][SEAL])
        contents = dict(_named(path, _sealed_files(path, text)))
    except (AttributeError, FileNotFoundError, KeyError, TypeError, ValueError):
        # edited beyond reading, deleted, or replaced meanwhile
        return None
    if recorded != _seal_of(text.replace(recorded.encode(), BLANK_SEAL.encode()), contents):
        return None
    return {MARK: text, **contents}


def _seal_of(root_text: bytes, contents: Mapping[str, bytes]) -> str:
    """BLAKE2b-128 of the root with a blank seal and of every other file but those of the shards."""
    state = hashlib.blake2b(digest_size=len(BLANK_SEAL) // 2)
    state.update(root_text)
    _update(state, contents.items())
    return state.hexdigest()


def _sealed_files(path: StorePath, root_text: bytes) -> list[StorePath]:
    """What the seal covers beside the root, without a listing of thousands of shards: each array's metadata, and the
    one chunk of each that is small.
    """
    root = json.loads(root_text)
    large, gathered = set(root["attributes"]["arrays"]), root["consolidated_metadata"]["metadata"]
    paths: list[StorePath] = []
    for name in sorted(gathered):
        paths.append(path / name / MARK)
        if name not in large:
            paths.append(path / name / "/".join(["c", *["0"] * len(gathered[name]["shape"])]))
    return paths


def _named(tree: StorePath, paths: Sequence[StorePath]) -> Iterator[tuple[str, bytes]]:
    for path, content in zip(paths, files.read_all(paths), strict=True):
        yield files.name_within(tree, path), content


def _update(state: "hashlib.blake2b", contents: Iterable[tuple[str, bytes]]) -> None:
    for name, content in contents:
        # the length keeps two neighbouring files from exchanging bytes unseen
        state.update(f"{name} {len(content)}\n".encode())
        state.update(content)
