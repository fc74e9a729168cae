"""Looking at finished stores: whether any ever looked complete when it was not, and whether two hold the same."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from hrtem_assets.maintenance.verify import verify_partition
from hrtem_assets.store.errors import StoreError
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reading import store_info

# what says when, where and by whom, and not what
TIMES = ("seconds", "committed_at", "run", "peak_memory", "device")


class Watcher:
    """Looks at the places of finished stores all the time; whatever lies there must be complete and intact.

    Args:
        layout: whose places.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.seen: dict[tuple[str, int], str] = {}
        self.broken: list[str] = []

    def look(self) -> None:
        """Read every store that appeared since the last look: metadata, seal, digests of all structures."""
        assets = self.layout.root / "assets"
        for path in [*assets.glob("[a-z]*/*.zarr"), *assets.glob("[a-z]*/*/*.zarr")]:
            try:
                key = (str(path), (path / "zarr.json").stat().st_mtime_ns)
            except FileNotFoundError:
                if path.is_dir():
                    self.broken.append(f"{path} is there without a description")
                continue
            if key in self.seen:
                continue
            partition = PartitionId(*path.relative_to(assets).with_suffix("").parts)
            verdict = verify_partition(self.layout, partition)
            self.seen[key] = str(partition)
            # what it was made from need not lie here
            if verdict.whole or verdict.damaged:
                self.broken.append(f"{partition}: {verdict.whole} {verdict.damaged}")


@contextmanager
def watched(layout: Layout) -> Iterator[Watcher]:
    """Watch while something is done to the processes; at the end nothing may have looked complete that was not."""
    watcher, done = Watcher(layout), threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            watcher.look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield watcher
    finally:
        done.set()
        thread.join()
    watcher.look()
    assert not watcher.broken, "; ".join(watcher.broken)


def stored(layout: Layout) -> dict[str, str]:
    """Every file of every finished store, with a hash of what is in it; times, runs and the seal on them left out."""
    assets = layout.root / "assets"
    found: dict[str, str] = {}
    for path in sorted(assets.glob("[a-z]*/**/zarr.json")):
        if path.parent.suffix == ".zarr":
            found |= _files(assets, path.parent)
    return found


def _files(assets: Path, store: Path) -> dict[str, str]:
    found = {}
    for file in sorted(p for p in store.rglob("*") if p.is_file()):
        inside = file.relative_to(store).parts
        if inside[0] in TIMES and inside[1:2] == ("c",):
            continue
        content = file.read_bytes()
        if inside == ("zarr.json",):
            root = json.loads(content)
            for name in ("seal", "provenance"):
                del root["attributes"][name]
            content = json.dumps(root, sort_keys=True).encode()
        found[str(file.relative_to(assets))] = hashlib.blake2b(content, digest_size=16).hexdigest()
    return found


def commits(layout: Layout, partition: PartitionId) -> dict[int, int]:
    """When each structure was committed [ms], by index: those of a finished store, or of one being filled."""
    try:
        store_info(layout.store(partition))
    except StoreError:
        return journaled(layout, partition)
    times = zarr.open_array(layout.store(partition) / "committed_at", mode="r")
    return dict(enumerate(np.asarray(times[:]).astype("int64").tolist()))


def journaled(layout: Layout, partition: PartitionId) -> dict[int, int]:
    """The same, of the journals of a partition being filled."""
    found: dict[int, int] = {}
    for file in layout.lock(partition).parent.glob("*.journal/*.json"):
        entry: dict[str, Any] = json.loads(file.read_text())
        for index, record in enumerate(entry["records"], entry["first"]):
            found[index] = record["committed_at"]
    return found


def runs_of(layout: Layout, partition: PartitionId) -> list[str]:
    """The runs that made the structures of a finished store."""
    runs: list[str] = store_info(layout.store(partition)).attributes["provenance"]["runs"]
    return runs
