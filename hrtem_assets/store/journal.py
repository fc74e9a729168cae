"""The journal of a partition being filled: one file per committed shard, with the records of its rows."""

import json
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from hrtem_assets.store import files, zarr_files
from hrtem_assets.store.files import StorePath
from hrtem_assets.store.reading import store_info
from hrtem_assets.store.schema import bookkeeping

PREPARED = "prepared"
"""The file without which a journal says nothing: written when the build beside it is ready to be filled."""
FAILURE = "failure"
"""In the record of a row that could not be made: why."""


def mark_prepared(journal: StorePath) -> None:
    """Say that the build beside a journal is ready to be filled, and holds what the entries tell."""
    files.write(journal / PREPARED, b"the build beside is ready to be filled")


def is_prepared(build: StorePath, journal: StorePath) -> bool:
    """Whether a build can be filled, or gone on with: one is nothing without the other."""
    return files.is_made(build) and files.is_file(journal / PREPARED)


def remove_journal(journal: StorePath) -> None:
    """Delete a journal; nothing of the build beside it counts from the first moment on."""
    files.remove(journal, PREPARED)


def read_entry(journal: StorePath, first: int) -> dict[str, Any]:
    """One committed shard, by its first row."""
    entry: dict[str, Any] = json.loads(files.read(_entry(journal, first)))
    return entry


def write_entry(journal: StorePath, entry: Mapping[str, Any]) -> None:
    """Commit a shard: its rows count once this file is there.

    Args:
        journal: folder.
        entry: `first` row of the shard, and `records`, one per row, each with the `run_id` that made it.
    """
    files.write(_entry(journal, entry["first"]), json.dumps(entry).encode())


def read_entries(journal: StorePath) -> list[dict[str, Any]]:
    """Every committed shard, in order; none if there is no journal."""
    written = [p for p in files.children(journal) if p.suffix == ".json"]
    return [json.loads(text) for text in files.read_all(written)]


def rows_committed(journal: StorePath) -> int:
    """How many rows a journal says are there."""
    return sum(len(entry["records"]) for entry in read_entries(journal))


def journal_of(path: StorePath, journal: StorePath, leave_out: Collection[int]) -> None:
    """Write entries for the rows of a finished store, as if they had just been committed.

    Args:
        path: the store.
        journal: without entries.
        leave_out: shards without an entry, by number: they count as not made.
    """
    info = store_info(path)
    attributes, failures = info.attributes, info.failures
    runs, step = attributes["provenance"]["runs"], attributes["structures_per_shard"]
    kept = (v.name for v in bookkeeping(len(attributes["arrays"]), len(attributes.get("upstream", ()))))
    records = zarr_files.read_records(path, [*attributes["records"], *kept])
    for first in range(0, len(records), step):
        if first // step in leave_out:
            continue
        part = [
            {k: np.asarray(v).tolist() for k, v in r.items()}
            | {"run_id": runs[int(r["run"])]}
            | ({FAILURE: failures[index]} if index in failures else {})
            for index, r in enumerate(records[first : first + step], start=first)
        ]
        write_entry(journal, {"first": first, "records": part})


def _entry(journal: StorePath, first: int) -> StorePath:
    return journal / f"{first:06d}.json"
