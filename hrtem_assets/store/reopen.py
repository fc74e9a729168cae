"""Taking a finished store back: without its damaged structures, or altogether."""

from collections.abc import Collection

from hrtem_assets.store import files
from hrtem_assets.store.errors import StoreError
from hrtem_assets.store.integrity import seal_holds, shard_files
from hrtem_assets.store.journal import journal_of, mark_prepared, remove_journal
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.locking import partition_lock
from hrtem_assets.store.reading import store_info


def reopen(layout: Layout, partition: PartitionId, damaged: Collection[int]) -> int:
    """Turn a finished store back into one that is being filled, without its damaged rows.

    Materializing then makes these, and those that share their files, and publishes the store again.

    Args:
        layout: where stores lie.
        partition: a finished partition whose seal holds: its records are kept.
        damaged: indices of rows.

    Returns:
        rows taken out.

    Raises:
        PartitionBusyError: if the partition is being filled.
        StoreError: if its seal is broken: then no record of it can be trusted.
    """
    final = layout.store(partition)
    with partition_lock(layout, partition) as lock, files.explained(final):
        if not seal_holds(final):
            raise StoreError(f"{partition} cannot be reopened: its seal is broken; discard it as a whole")
        info = store_info(final)
        step = int(info.attributes["structures_per_shard"])
        shards = {k // step for k in damaged}
        digest = info.recipe.digest
        build, journal = layout.build(partition, digest), layout.journal(partition, digest)
        # an extension in progress shares the damaged files
        remove_journal(journal)
        files.remove(build)
        journal_of(final, journal, leave_out=shards)
        # a crash from here on leaves the store damaged as it was, or a build that lacks these shards
        for shard in shards:
            for array in info.attributes["arrays"]:
                for file in shard_files(final, array, shard):
                    files.delete(file)
        mark_prepared(journal)
        files.move(final, build, lock.check)
    return sum(min(step, info.rows - shard * step) for shard in shards)


def discard(layout: Layout, partition: PartitionId) -> None:
    """Remove a finished store that nothing of can be trusted.

    Args:
        layout: where stores lie.
        partition: a finished partition.

    Raises:
        PartitionBusyError: if the partition is being filled.
    """
    final = layout.store(partition)
    with partition_lock(layout, partition):
        files.remove(final)
