"""Taking what is damaged out of a finished store, so that materializing makes it again."""

from collections.abc import Iterator

from hrtem_assets.campaign import Campaign
from hrtem_assets.maintenance.verify import verify_partition
from hrtem_assets.maintenance.words import counted, verdict_lines
from hrtem_assets.store import Layout, PartitionId, StoreError, files
from hrtem_assets.store.pruning import pruned_structures
from hrtem_assets.store.reading import materialize_command, row_word
from hrtem_assets.store.reopen import discard, reopen


def repair(campaign: Campaign, layout: Layout, partition: PartitionId, yes: bool) -> Iterator[str]:
    """Verify a finished store, and take out what is damaged; with it what was pruned and the campaign wants again.

    Args:
        campaign: says whether vacuum waves are wanted.
        layout: where stores lie.
        partition: a finished partition.
        yes: whether to take it out; else it is only said what would be.

    Yields:
        lines for people.

    Raises:
        PartitionBusyError: if the partition is being filled.
        StoreError: if nothing lies in the store's place.
    """
    store, again = layout.store(partition), materialize_command(partition)
    absent = f"{partition} has no finished store; make it with: {again}"
    if not files.children(store):
        raise StoreError(absent)
    if not files.is_made(store):
        # remains, which materializing clears
        yield absent
        return
    verdict = verify_partition(layout, partition)
    yield from verdict_lines(verdict)
    lost, word = set(verdict.damaged), row_word(verdict.rows_per_structure)
    if not verdict.whole and campaign.storage.keep_vacuum_waves:
        # wanted again
        lost |= set(pruned_structures(store))
    if not (verdict.whole or lost):
        yield f"nothing to take out of {partition}"
    elif not yes:
        yield f"--yes takes out {'the whole store' if verdict.whole else counted(len(lost), word)} of {partition}"
    elif verdict.whole:
        discard(layout, partition)
        yield f"took out {partition} as a whole; make it again with: {again}"
    else:
        taken = counted(reopen(layout, partition, lost), word)
        yield f"took {taken} out of {partition}; make again with: {again}"
