"""Giving an array of a finished store up: its values go, its records and all digests stay."""

from hrtem_assets.store import files
from hrtem_assets.store.build import PartitionBuild
from hrtem_assets.store.files import StorePath
from hrtem_assets.store.integrity import seal_holds
from hrtem_assets.store.journal import journal_of, mark_prepared, read_entries, remove_journal, write_entry
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.locking import partition_lock
from hrtem_assets.store.reader import StoreReader
from hrtem_assets.store.reading import StoreError, repair_command, store_info
from hrtem_assets.store.schema import Schema


def held_files(path: StorePath, array: str) -> StorePath:
    """Folder of the files that hold an array's values; empty once it is pruned."""
    return path / array / "c"


def pruned_structures(path: StorePath) -> list[int]:
    """Structures of a finished store of which an array has been pruned."""
    if not store_info(path).pruned:
        return []
    return [k for k, row in enumerate(StoreReader(path).column("shard_digest")) if not row.all()]


def prune_array(layout: Layout, partition: PartitionId, schema: Schema, array: str) -> None:
    """Delete an array's values of all structures; the store then says which are gone, and they read as NaN.

    The store is taken back into a build that is already complete, and published again: killed at any moment, it is
    finished by this command again or by materializing, without making anything anew.

    Args:
        layout: where stores lie.
        partition: a finished partition.
        schema: of its asset.
        array: a large variable, each structure of which has files of its own.

    Raises:
        PartitionBusyError: if the partition is being filled.
        StoreError: if its seal is broken.
        ValueError: if structures share files.
    """
    if schema.structures_per_shard != 1:
        raise ValueError(f"{array} of {partition} cannot be pruned: its structures share files")
    final = layout.store(partition)
    with partition_lock(layout, partition) as lock, files.explained(final):
        info = store_info(final)
        column = info.attributes["arrays"].index(array)
        if StoreReader(final).column("shard_digest")[:, column].any():
            if not seal_holds(final):
                raise StoreError(f"{partition} is damaged; repair it first: {repair_command(partition)}")
            digest = info.recipe.digest
            build, journal = layout.build(partition, digest), layout.journal(partition, digest)
            # an extension in progress begins again from the pruned store
            remove_journal(journal)
            files.remove(build)
            journal_of(final, journal, leave_out=())
            for entry in read_entries(journal):
                for record in entry["records"]:
                    record["shard_digest"][column] = 0
                write_entry(journal, entry)
            # without a build beside it this says nothing yet; with it, all is made
            mark_prepared(journal)
            files.move(final, build, lock.check)
            files.remove(held_files(build, array))
            PartitionBuild(
                layout,
                partition,
                info.recipe,
                schema,
                info.rows,
                info.attributes["provenance"],
                lock,
                {},
            ).publish()
        # what a kill between publishing and here would leave; nothing counts on it any more
        files.remove(held_files(final, array))
