"""Which stores there should be, whoever knows of them, and what else lies among them."""

from collections.abc import Iterable, Iterator

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.lineage import upstream_partitions
from hrtem_assets.assets.partitions import finished_partitions, partition_folders
from hrtem_assets.store import Layout, PartitionId, StorePath, files, info_or_none
from hrtem_assets.store.journal import read_entries
from hrtem_assets.store.ledger import published, published_partitions
from hrtem_assets.store.reading import partition_of


def known_partitions(layout: Layout, recorded: Iterable[PartitionId] = ()) -> list[PartitionId]:
    """Every partition with a finished store, or of which there must have been one; upstream before downstream.

    Known are stores that lie there, that were noted when they were published, that others were made from, and that
    are recorded elsewhere.

    Args:
        layout: where stores lie.
        recorded: partitions that were made, as somebody else recorded it.
    """
    partitions = dict.fromkeys(finished_partitions(layout))
    noted = [p for p in published_partitions(layout) if p.asset in ASSETS]
    partitions |= dict.fromkeys([*noted, *recorded])
    needed = list(partitions)
    while needed:
        needed = [u for p in needed for u in upstream_partitions(p) if u not in partitions]
        partitions |= dict.fromkeys(needed)
    order = list(ASSETS)
    # within an asset in the order of their names
    return sorted(partitions, key=lambda p: (order.index(p.asset), p.parts))


def absence(layout: Layout, partition: PartitionId) -> str:
    """Why a partition that is known has no finished store, in words.

    Args:
        layout: where stores lie.
        partition: without a finished store.
    """
    noted = published(layout, partition)
    was = f"; {noted['structures']} structures were published on {noted['published_at']}" if noted else ""
    committed = _committed(layout, partition)
    if committed:
        return f"it is under construction, {committed} structures are made{was}"
    if moved := [path for path, identity in strays(layout) if identity == partition]:
        return f"its store is missing{was}; it seems to have been moved to {moved[0]}: put it back"
    note = layout.published(partition)
    known = f"; if that is meant so, delete {note}, too" if files.is_file(note) else ""
    where = layout.store(partition)
    what = "what is in its place is not a store" if files.children(where) else "its store is missing"
    return f"{what} ({where}){was}{known}"


def strays(layout: Layout) -> Iterator[tuple[StorePath, PartitionId | None]]:
    """What lies among the stores and is none in its place, with the partition that it was made as, if it says one.

    Args:
        layout: where stores lie.
    """
    for name, asset in ASSETS.items():
        for parts in partition_folders(layout.assets / name, asset):
            path = (layout.assets / name).joinpath(*parts)
            info = info_or_none(path)
            identity = partition_of(info) if info is not None else None
            if not parts[-1].endswith(".zarr") or (identity is not None and layout.store(identity) != path):
                yield path, identity


def remarks(layout: Layout) -> Iterator[str]:
    """What lies beside the finished stores, in words.

    Args:
        layout: where stores lie.
    """
    for path, identity in strays(layout):
        yield f"{path} is not the store of a partition" + (
            f": it was made as {identity}" if identity is not None else ""
        )
    building, superseded = (
        [
            PartitionId(name, *parts)
            for name, asset in ASSETS.items()
            for parts in partition_folders(layout.assets / area / name, asset)
        ]
        for area in (".building", ".superseded")
    )
    filled = [(p, n) for p in building if (n := _committed(layout, p))]
    if filled:
        shown = ", ".join(f"{p} ({n} structures)" for p, n in filled[:8])
        yield f"under construction: {shown}" + (f" and {len(filled) - 8} more" if len(filled) > 8 else "")
    old = sum(len(files.children(layout.superseded(p, "any").parent)) for p in superseded)
    if old:
        yield f"superseded stores: {old}; hrtem prune lists them"


def _committed(layout: Layout, partition: PartitionId) -> int:
    """Structures in the fullest build of a partition that is under construction."""
    folder = layout.lock(partition).parent
    journals = [p for p in files.children(folder) if p.suffix == ".journal"]
    return max((sum(len(e["records"]) for e in read_entries(j)) for j in journals), default=0)
