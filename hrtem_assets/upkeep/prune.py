"""What can be deleted without losing anything that is asked for, and its deletion."""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hrtem_assets.campaign import Campaign
from hrtem_assets.stages import STAGES
from hrtem_assets.store.journal import read_entries
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.lock import PartitionBusyError, partition_lock
from hrtem_assets.store.reopen import DAMAGED
from hrtem_assets.upkeep.census import Census, stored_bytes


@dataclass(frozen=True)
class Leftover:
    """Something that can go.

    Attributes:
        path: folder or file.
        partition: whose it is.
        why: in words.
        bytes: its size; files shared with another store count in full.
    """

    path: Path
    partition: PartitionId
    why: str
    bytes: int


@dataclass(frozen=True)
class Inventory:
    """Everything that can go, and what was left alone.

    Attributes:
        leftovers: what can go.
        busy: partitions that are being filled: nothing of theirs is looked at.
    """

    leftovers: tuple[Leftover, ...]
    busy: tuple[PartitionId, ...]

    @property
    def freed_bytes(self) -> int:
        """Disk that deleting all frees: files that nothing else shares."""
        return freed_bytes(item.path for item in self.leftovers)


def leftovers(campaign: Campaign, layout: Layout) -> Inventory:
    """Superseded stores, builds of recipes that the campaign no longer gives, and files of killed writes.

    A build that materializing would go on with is no leftover.

    Args:
        campaign: decides which builds are still wanted.
        layout: where stores lie.
    """
    census = Census(campaign, layout)
    found: list[Leftover] = []
    busy: list[PartitionId] = []
    for partition in _partitions(layout, census):
        try:
            with partition_lock(layout, partition):
                found += _leftovers_of(census, partition)
        except PartitionBusyError:
            busy.append(partition)
    return Inventory(tuple(found), tuple(busy))


def delete(layout: Layout, items: Iterable[Leftover]) -> list[PartitionId]:
    """Delete leftovers, each under the lock of its partition.

    Args:
        layout: where stores lie.
        items: from `leftovers`.

    Returns:
        partitions left alone because they are being filled by now.
    """
    busy: dict[PartitionId, None] = {}
    for item in items:
        try:
            with partition_lock(layout, item.partition):
                if item.path.is_dir():
                    shutil.rmtree(item.path)
                else:
                    item.path.unlink(missing_ok=True)
        except PartitionBusyError:
            busy[item.partition] = None
    return list(busy)


def freed_bytes(paths: Iterable[Path]) -> int:
    """Disk that deleting paths frees: the size of every file whose last names lie among them."""
    names: Counter[tuple[int, int]] = Counter()
    links: dict[tuple[int, int], tuple[int, int]] = {}
    for path in paths:
        for file in [path] if path.is_file() else path.rglob("*"):
            if file.is_file():
                status = file.stat()
                key = (status.st_dev, status.st_ino)
                names[key] += 1
                links[key] = (status.st_nlink, status.st_size)
    return sum(size for key, (count, size) in links.items() if names[key] == count)


def _partitions(layout: Layout, census: Census) -> list[PartitionId]:
    """Every partition of which anything lies on disk."""
    found = dict.fromkeys(census.finished)
    for area in (".building", ".superseded"):
        for name, stage in STAGES.items():
            folder = layout.root / "assets" / area / name
            for path in sorted(folder.glob("*/*" if stage.per_condition else "*")):
                if path.is_dir():
                    found[PartitionId(name, *path.relative_to(folder).parts)] = None
    return list(found)


def _leftovers_of(census: Census, partition: PartitionId) -> Iterator[Leftover]:
    layout = census.layout
    # any name gives the folder
    old, builds = layout.superseded(partition, "any").parent, layout.lock(partition).parent
    for path in sorted(old.glob("*.zarr")):
        why = (
            "taken out as damaged"
            if path.stem == DAMAGED
            else f"superseded; recipe {path.stem.split('-')[0]}"
        )
        yield Leftover(path, partition, why, stored_bytes(path))
    wanted = _wanted_build(census, partition)
    kept = [layout.store(partition)]
    for path in sorted(p for p in builds.glob("*") if p.name not in ("lock", "fence")):
        if wanted is not None and path.name in (f"{wanted}.zarr", f"{wanted}.journal"):
            kept.append(path)
        else:
            yield Leftover(path, partition, _why(path), stored_bytes(path))
    for path in kept:
        for partial in sorted(path.rglob("*.partial")):
            yield Leftover(partial, partition, "left by a killed write", stored_bytes(partial))


def _wanted_build(census: Census, partition: PartitionId) -> str | None:
    """The recipe's hash of a build that is worth going on with; None if there is none."""
    if (
        partition.specimen not in census.campaign.specimens
        or (partition.condition or census.campaign.conditions[0].key) not in census.campaign.condition_by_key
    ):
        return None
    digest = census.next_recipe(partition).digest
    # folder and journal are nothing without each other
    both = census.layout.build(partition, digest), census.layout.journal(partition, digest)
    return digest if all(path.is_dir() for path in both) else None


def _why(path: Path) -> str:
    store, journal = path.with_suffix(".zarr"), path.with_suffix(".journal")
    if path == store:
        made = sum(len(entry["records"]) for entry in read_entries(journal))
        return (
            f"abandoned build of another recipe, {made} structures" if made else "build without a structure"
        )
    if path == journal:
        return "journal of an abandoned build" if store.is_dir() else "journal of a build that is published"
    return "left by a killed preparation"
