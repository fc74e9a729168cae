"""Damage to stores as disks, copies and hands do it, drawn at random."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from hrtem_assets.store.layout import Layout, PartitionId

Harm = Callable[[Layout, PartitionId, np.random.Generator], str]


def folder(layout: Layout, partition: PartitionId) -> Path:
    """Where a store lies."""
    place = layout.store(partition)
    assert isinstance(place, Path)
    return place


def write(file: Path, data: bytes) -> None:
    """Replace a file: copies of stores share theirs by hard links."""
    file.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def files_of(root: Path) -> list[Path]:
    """Every file of a store."""
    return sorted(p for p in root.rglob("*") if p.is_file())


def _one_of(items, rng):
    return items[rng.integers(len(items))]


def _changed(change: Callable[[bytearray, np.random.Generator], bytes | bytearray]) -> Harm:
    def harm(layout: Layout, partition: PartitionId, rng: np.random.Generator) -> str:
        file = _one_of(files_of(folder(layout, partition)), rng)
        write(file, bytes(change(bytearray(file.read_bytes()), rng)))
        return str(file.relative_to(folder(layout, partition)))

    return harm


def _flipped(data: bytearray, rng: np.random.Generator) -> bytearray:
    data[rng.integers(len(data))] ^= 1 << rng.integers(8)
    return data


def _zeroed(data: bytearray, rng: np.random.Generator) -> bytearray:
    first = int(rng.integers(len(data)))
    length = min(len(data) - first, 512)
    data[first : first + length] = bytes(length)
    return data


def _truncated(data: bytearray, rng: np.random.Generator) -> bytearray:
    return data[: rng.integers(len(data))]


def _lengthened(data: bytearray, rng: np.random.Generator) -> bytearray:
    return data + bytes(rng.integers(0, 256, 1 + rng.integers(64), dtype=np.uint8))


def deleted(layout: Layout, partition: PartitionId, rng: np.random.Generator) -> str:
    file = _one_of(files_of(folder(layout, partition)), rng)
    file.unlink()
    return str(file.relative_to(folder(layout, partition)))


def swapped_within(layout: Layout, partition: PartitionId, rng: np.random.Generator) -> str:
    """Two chunks exchanged: of two structures, or of two arrays."""
    chunks = [p for p in files_of(folder(layout, partition)) if "/c/" in p.as_posix()]
    one, other = (chunks[k] for k in rng.choice(len(chunks), 2, replace=False))
    data = one.read_bytes(), other.read_bytes()
    write(one, data[1])
    write(other, data[0])
    return f"{one.relative_to(folder(layout, partition))} and {other.relative_to(folder(layout, partition))}"


def from_another_store(layout: Layout, partition: PartitionId, rng: np.random.Generator) -> str:
    """A file of the same name from another store of the asset."""
    mine, theirs = folder(layout, partition), layout.root / "others" / partition.asset
    both = [f for f in files_of(mine) if (theirs / f.relative_to(mine)).is_file()]
    file = _one_of(both, rng)
    write(file, (theirs / file.relative_to(mine)).read_bytes())
    return str(file.relative_to(mine))


def another_store(layout: Layout, partition: PartitionId, rng: np.random.Generator) -> str:
    """The whole store of another partition in its place."""
    mine, theirs = folder(layout, partition), layout.root / "others" / partition.asset
    for file in files_of(mine):
        file.unlink()
    for file in files_of(theirs):
        write(mine / file.relative_to(theirs), file.read_bytes())
    return "all"


def edited_attributes(layout: Layout, partition: PartitionId, rng: np.random.Generator) -> str:
    """Any value of any metadata replaced, as an editor would."""
    file = _one_of([f for f in files_of(folder(layout, partition)) if f.name == "zarr.json"], rng)
    document = json.loads(file.read_text())
    parent, key = _one_of(list(_leaves(document)), rng)
    old = parent[key]
    others: tuple[Any, ...] = (None, 0, 7, -1.5, "other", [], {}, True)
    parent[key] = _one_of([v for v in others if v != old], rng)
    write(file, json.dumps(document).encode())
    return f"{file.relative_to(folder(layout, partition))}: {key} = {parent[key]!r}"


def edited_values(layout: Layout, partition: PartitionId, rng: np.random.Generator) -> str:
    """A value of any array or record written through zarr, well formed."""
    path = folder(layout, partition)
    name = _one_of([p.name for p in path.iterdir() if p.is_dir()], rng)
    for file in files_of(path / name):
        write(file, file.read_bytes())
    array = zarr.open_array(path / name, mode="r+")
    place = tuple(int(rng.integers(n)) for n in array.shape)
    old = np.asarray(array[place])
    array[place] = ~old if old.dtype == bool else old + np.ones((), old.dtype)
    return f"{name}{list(place)}"


def emptied_folder(layout: Layout, partition: PartitionId, rng: np.random.Generator) -> str:
    for file in files_of(folder(layout, partition)):
        file.unlink()
    return "all"


HARMS: dict[str, Harm] = {
    "a bit flipped": _changed(_flipped),
    "a block zeroed": _changed(_zeroed),
    "truncated": _changed(_truncated),
    "emptied": _changed(lambda data, rng: b""),
    "lengthened": _changed(_lengthened),
    "deleted": deleted,
    "exchanged within": swapped_within,
    "from another store": from_another_store,
    "another store": another_store,
    "metadata edited": edited_attributes,
    "values edited": edited_values,
    "emptied folder": emptied_folder,
}


def _leaves(value):
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        if isinstance(inner, dict | list) and inner:
            yield from _leaves(inner)
        else:
            yield value, key
