"""What can be deleted without losing anything that is asked for, and its deletion."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.partitions import Partitions, partition_folders, stored_bytes
from hrtem_assets.campaign import Campaign, with_overrides
from hrtem_assets.store import Layout, PartitionId, Schema, StorePath, files
from hrtem_assets.store.files import PARTIAL
from hrtem_assets.store.journal import is_prepared, remove_journal, rows_committed
from hrtem_assets.store.locking import PartitionBusyError, partition_lock
from hrtem_assets.store.pruning import held_files, prune_array

VACUUM = "vacuum"


@dataclass(frozen=True)
class Leftover:
    """Something that can go.

    Attributes:
        path: folder or file.
        partition: whose it is.
        why: in words.
        bytes: its size; files shared with another store count in full.
        schema: of the store, where the path holds values of an array of a finished one.
    """

    path: StorePath
    partition: PartitionId
    why: str
    bytes: int
    schema: Schema | None = None


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
        return files.freed_bytes(item.path for item in self.leftovers)


def leftovers(campaign: Campaign, layout: Layout) -> Inventory:
    """Superseded stores, builds of recipes that the campaign no longer gives, and files of killed writes.

    A build that materializing would go on with is no leftover. Where the campaign keeps no vacuum waves, those are of
    which labels and zero defocus are complete and current.

    Args:
        campaign: decides which builds are still wanted.
        layout: where stores lie.
    """
    partitions = Partitions(campaign, layout)
    items: list[Leftover] = []
    busy: list[PartitionId] = []
    for partition in _partitions(layout, partitions):
        try:
            with partition_lock(layout, partition):
                items += _leftovers_of(partitions, partition)
        except PartitionBusyError:
            busy.append(partition)
    return Inventory(tuple(items), tuple(busy))


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
            if item.schema is not None:
                prune_array(layout, item.partition, item.schema, VACUUM)
                continue
            with partition_lock(layout, item.partition):
                if item.path.suffix == ".journal":
                    remove_journal(item.path)
                else:
                    files.remove(item.path)
        except PartitionBusyError:
            busy[item.partition] = None
    return list(busy)


def _partitions(layout: Layout, partitions: Partitions) -> list[PartitionId]:
    """Every partition of which anything lies on disk."""
    partitions_on_disk = dict.fromkeys(partitions.finished)
    for area in (".building", ".superseded"):
        for name, asset in ASSETS.items():
            for parts in partition_folders(layout.assets / area / name, asset):
                partitions_on_disk[PartitionId(name, *parts)] = None
    return list(partitions_on_disk)


def _leftovers_of(partitions: Partitions, partition: PartitionId) -> Iterator[Leftover]:
    layout = partitions.layout
    # any name gives the folder
    old, builds = layout.superseded(partition, "any").parent, layout.lock(partition).parent
    for path in files.children(old):
        yield Leftover(path, partition, f"superseded; recipe {path.stem.split('-')[0]}", stored_bytes(path))
    wanted = _wanted_build(partitions, partition)
    kept = [layout.store(partition)]
    for path in files.children(builds):
        if wanted is not None and path.name in (f"{wanted}.zarr", f"{wanted}.journal"):
            kept.append(path)
        elif path.suffix in (".zarr", ".journal", PARTIAL):
            yield Leftover(path, partition, _why(path), stored_bytes(path))
    yield from _vacuum_waves(partitions, partition)
    for path in kept:
        for partial, size in files.listing(path).items():
            if partial.suffix == PARTIAL:
                yield Leftover(partial, partition, "left by a killed write", size)


def _vacuum_waves(partitions: Partitions, partition: PartitionId) -> Iterator[Leftover]:
    """The vacuum waves of a specimen, if the campaign gives them up and nothing is to be made from them any more."""
    campaign, layout = partitions.campaign, partitions.layout
    unwanted = partition.asset == "exit_waves" and not campaign.storage.keep_vacuum_waves
    if not unwanted or partition.specimen not in campaign.specimens:
        return
    made = [
        PartitionId(name, partition.specimen, condition)
        for name, asset in ASSETS.items()
        if asset.reads_vacuum_waves(campaign)
        for condition in (campaign.condition_by_key if asset.per_condition else (None,))
    ]
    waves, *others = (partitions.current(p) for p in (partition, *made))
    if waves is None or any(other is None or other.structures < waves.structures for other in others):
        return
    path = held_files(layout.store(partition), VACUUM)
    if size := stored_bytes(path):
        effective = with_overrides(campaign, partitions.overrides(partition))
        schema = ASSETS[partition.asset].schema(effective, effective.specimen(partition.specimen), None)
        why = "vacuum waves; labels and zero defocus are made from them (storage.keep_vacuum_waves: false)"
        yield Leftover(path, partition, why, size, schema)


def _wanted_build(partitions: Partitions, partition: PartitionId) -> str | None:
    """The recipe's hash of a build that is worth going on with; None if there is none."""
    if (
        partition.specimen not in partitions.campaign.specimens
        or (partition.condition or partitions.campaign.conditions[0].key)
        not in partitions.campaign.condition_by_key
    ):
        return None
    digest = partitions.next_recipe(partition).digest
    build, journal = partitions.layout.build(partition, digest), partitions.layout.journal(partition, digest)
    if not is_prepared(build, journal):
        return None
    info = partitions.info(partition)
    made = rows_committed(journal)
    # what a kill just after publishing left behind adds nothing
    return None if info and info.recipe.digest == digest and made <= info.rows else digest


def _why(path: StorePath) -> str:
    store, journal = path.with_suffix(".zarr"), path.with_suffix(".journal")
    if path == store:
        made = rows_committed(journal)
        return f"abandoned build of another recipe, {made} rows" if made else "build without a structure"
    if path == journal:
        return (
            "journal of an abandoned build"
            if files.is_made(store)
            else "journal of a build that is published"
        )
    return "left by a killed write"
