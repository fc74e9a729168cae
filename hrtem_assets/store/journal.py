"""The journal of a partition being filled: one file per committed shard, with the records of its structures."""

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from hrtem_assets.store import zarr_files
from hrtem_assets.store.reading import store_info
from hrtem_assets.store.schema import BOOKKEEPING


def write_entry(journal: Path, entry: Mapping[str, Any]) -> None:
    """Commit a shard: its structures count once this file is there.

    Args:
        journal: folder.
        entry: `first` structure, `run_id` and `records`, one per structure.
    """
    path = journal / f"{entry['first']:06d}.json"
    partial = path.with_suffix(f".{uuid4().hex}.partial")
    with partial.open("w") as file:
        file.write(json.dumps(entry))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_entries(journal: Path) -> list[dict[str, Any]]:
    """Every committed shard, in no order; none if there is no journal."""
    return [json.loads(p.read_text()) for p in journal.glob("*.json")]


def journal_of(path: Path, journal: Path, leave_out: Collection[int]) -> None:
    """Write entries for the structures of a finished store, as if they had just been committed.

    Args:
        path: the store.
        journal: an empty folder.
        leave_out: shards without an entry, by number: they count as not made.
    """
    attributes = store_info(path).attributes
    runs, step = attributes["provenance"]["runs"], attributes["structures_per_shard"]
    records = zarr_files.read_records(path, [*attributes["records"], *(v.name for v in BOOKKEEPING)])
    for first in range(0, len(records), step):
        if first // step in leave_out:
            continue
        part = records[first : first + step]
        write_entry(
            journal,
            {
                "first": first,
                "run_id": runs[int(part[0]["run"])],
                "records": [{k: np.asarray(v).tolist() for k, v in r.items()} for r in part],
            },
        )
