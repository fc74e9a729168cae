"""Filling a partition: structure by structure, resumable, published in one step when complete."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.store import files, zarr_files
from hrtem_assets.store.commits import BuildHandle
from hrtem_assets.store.files import StorePath
from hrtem_assets.store.integrity import seal_holds
from hrtem_assets.store.journal import (
    FAILURE,
    is_prepared,
    journal_of,
    mark_prepared,
    read_entries,
    remove_journal,
    rows_committed,
)
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.ledger import note_published
from hrtem_assets.store.lineage import made_from_others, recorded_upstream
from hrtem_assets.store.locking import PartitionLock, partition_lock
from hrtem_assets.store.reading import StoreError, StoreInfo, materialize_command, repair_command, store_info
from hrtem_assets.store.recipe import Recipe
from hrtem_assets.store.schema import UPSTREAM_DIGEST, Schema, content_records


class PartitionBuild:
    """A partition being filled with one recipe; made by `open_build`."""

    def __init__(
        self,
        layout: Layout,
        partition: PartitionId,
        recipe: Recipe,
        schema: Schema,
        count: int,
        provenance: dict[str, Any],
        lock: PartitionLock,
        upstream: Mapping[str, NDArray[np.uint64]],
    ) -> None:
        self.layout, self.partition, self.recipe, self.count = layout, partition, recipe, count
        self.schema = schema.with_bookkeeping(len(recipe.upstream))
        self.upstream = upstream
        self.provenance, self._check = provenance, lock.check
        self.final = layout.store(partition)
        self.handle = BuildHandle(
            layout.build(partition, recipe.digest),
            layout.journal(partition, recipe.digest),
            str(provenance.get("run_id", "")),
            schema,
            lock.fence,
        )
        with files.explained(self.final):
            self._prepare()

    @property
    def missing(self) -> list[range]:
        """Runs of consecutive rows still to be made; each run shares one shard."""
        if self.is_published:
            return []
        done = self._committed()
        step = self.schema.structures_per_shard
        made = {k: k + len(done.get(k, {"records": ()})["records"]) for k in range(0, self.count, step)}
        return [range(m, min(k + step, self.count)) for k, m in made.items() if m < min(k + step, self.count)]

    @property
    def is_published(self) -> bool:
        """Whether the finished store already holds this recipe and at least this many rows, made from what is upstream
        now.
        """
        info = self._finished()
        return info is not None and info.rows >= self.count and not self._outdated_shards(info)

    def publish(self) -> StorePath:
        """Give the complete store its place; whatever was there is kept among the superseded.

        Returns:
            path of the finished store.

        Raises:
            RuntimeError: if rows are missing.
            PartitionBusyError: if another process may have taken the partition over.
        """
        with files.explained(self.final):
            return self._publish()

    def _publish(self) -> StorePath:
        if self.is_published:
            # a kill may have come between the last renaming and this
            note_published(self.layout, self.partition, store_info(self.final))
            return self.final
        if self.missing:
            raise RuntimeError(f"{self.partition} lacks rows from {self.missing[0].start} on")
        # a task that the cluster ran twice may still be writing
        self.handle.fence.close()
        self._check()
        files.sweep(self.handle.path)
        entries = self._leading_entries()
        made = [r for e in entries for r in e["records"]]
        # of a structure that an earlier attempt began and this one does not want, some rows may be there
        per_structure = self.schema.rows_per_structure
        made = made[: len(made) // per_structure * per_structure]
        run_ids = list(dict.fromkeys(r["run_id"] for r in made))
        records = [r | {"run": run_ids.index(r["run_id"])} for r in made]
        arrays = [v.name for v in self.schema.arrays]
        zarr_files.resize(self.handle.path, self.schema, len(records))
        zarr_files.write_records(self.handle.path, self.schema, records)
        zarr_files.finish(
            self.handle.path,
            {
                **self.schema.attributes,
                "title": self.schema.title,
                "complete": True,
                "structures": len(records) // per_structure,
                # xarray then takes the record draw for a coordinate, beside structure
                **(
                    {"rows_per_structure": per_structure, "coordinates": "draw"} if per_structure != 1 else {}
                ),
                "structures_per_shard": self.schema.structures_per_shard,
                # what the structures' digests are computed over, for checking a store by itself
                "arrays": arrays,
                # of these some structures' values are gone, and read as NaN
                "pruned": [
                    a for k, a in enumerate(arrays) if any(r["shard_digest"][k] == 0 for r in records)
                ],
                "records": content_records(self.schema),
                # whose digests the record upstream_digest holds
                "upstream": sorted(self.recipe.upstream),
                # rows that could not be made at this recipe, and why; their values are fill values
                "failures": {str(i): r[FAILURE] for i, r in enumerate(made) if FAILURE in r},
                "recipe": self.recipe.model_dump(mode="json"),
                "recipe_digest": self.recipe.digest,
                "provenance": {**self.provenance, "runs": run_ids},
            },
        )
        if files.is_made(self.final):
            name = f"{store_info(self.final).recipe.digest}-{uuid4().hex[:8]}"
            files.move(self.final, self.layout.superseded(self.partition, name), self._check)
        files.move(self.handle.path, self.final, self._check)
        note_published(self.layout, self.partition, store_info(self.final))
        remove_journal(self.handle.journal)
        return self.final

    def _prepare(self) -> None:
        if self.is_published:
            return
        build, journal = self.handle.path, self.handle.journal
        if is_prepared(build, journal):
            zarr_files.enlarge(build, self.schema, self.count)
            return
        # one without the other is an unfinished preparation, or what a kill just after publishing left behind; the
        # journal goes first: its entries must never meet the new, empty build
        remove_journal(journal)
        files.remove(build)
        info = self._finished()
        outdated = self._outdated_shards(info) if info is not None else set()
        if info is None or len(outdated) == -(-info.rows // self.schema.structures_per_shard):
            zarr_files.create(build, self.schema, self.count)
        else:
            self._start_from_finished(outdated)
        mark_prepared(journal)

    def _start_from_finished(self, outdated: Collection[int]) -> None:
        """Extend: begin with the finished store's structures, but those of the shards that are made again."""
        if not seal_holds(self.final):
            raise StoreError(
                f"{self.partition} cannot be extended: its metadata or records are not those that were written;\n"
                f"remove it with: {repair_command(self.partition)}\n"
                f"and make it with: {materialize_command(self.partition)}"
            )
        files.copy(self.final, self.handle.path, self._check)
        journal_of(self.final, self.handle.journal, leave_out=outdated)
        zarr_files.enlarge(self.handle.path, self.schema, self.count)

    def _finished(self) -> StoreInfo | None:
        if not files.is_made(self.final):
            return None
        info = store_info(self.final)
        return info if info.recipe.digest == self.recipe.digest else None

    def _outdated_shards(self, info: StoreInfo) -> set[int]:
        """Shards of the finished store with rows that were made from other values than are upstream now."""
        recorded = recorded_upstream(info) if self.upstream else {}
        step = self.schema.structures_per_shard
        if recorded is None:
            # written before stores recorded it: nobody knows what they were made from
            return set(range(-(-info.rows // step)))
        # others than those wanted are left as they are
        wanted = {asset: digests[: self.count] for asset, digests in self.upstream.items()}
        return {k // step for ks in made_from_others(recorded, wanted).values() for k in ks}

    def _committed(self) -> dict[int, dict[str, Any]]:
        """Journal entries by their first row; one made from what is not upstream any more counts as not made."""
        entries = read_entries(self.handle.journal)
        return {int(e["first"]): e for e in entries if self._is_current(e)}

    def _is_current(self, entry: Mapping[str, Any]) -> bool:
        # the entry of an earlier version says nothing, and counts as not made
        names = sorted(self.recipe.upstream)
        return all(
            dict(zip(names, record.get(UPSTREAM_DIGEST, ()), strict=False)).get(asset) == int(digests[index])
            for index, record in enumerate(entry["records"], int(entry["first"]))
            for asset, digests in self.upstream.items()
            if index < min(self.count, len(digests))
        )

    def _leading_entries(self) -> list[dict[str, Any]]:
        """Entries of the gapless run of rows from 0: at least `count`, more if more were made before."""
        done, step = self._committed(), self.schema.structures_per_shard
        leading: list[dict[str, Any]] = []
        first = 0
        while first in done:
            leading.append(done[first])
            if len(done[first]["records"]) < step:
                break
            first += step
        return leading


def structures_made(
    layout: Layout, partition: PartitionId, recipe: Recipe, rows_per_structure: int = 1
) -> int:
    """How many whole structures filling a partition would find made already: of the finished store, or of an open
    build.

    Args:
        layout: where stores lie.
        partition: which partition.
        recipe: what is to decide its numbers.
        rows_per_structure: rows of each structure.
    """
    final, published = layout.store(partition), 0
    if files.is_made(final) and (info := store_info(final)).recipe.digest == recipe.digest:
        published = info.structures
    build, journal = layout.build(partition, recipe.digest), layout.journal(partition, recipe.digest)
    if not is_prepared(build, journal):
        return published
    return max(published, rows_committed(journal) // rows_per_structure)


@contextmanager
def open_build(
    layout: Layout,
    partition: PartitionId,
    recipe: Recipe,
    schema: Schema,
    count: int,
    provenance: dict[str, Any],
    upstream: Mapping[str, NDArray[np.uint64]] | None = None,
) -> Iterator[PartitionBuild]:
    """Open a partition for filling, alone: resumes what an earlier attempt with the same recipe left.

    Args:
        layout: where stores lie.
        partition: what to fill.
        recipe: what decides its numbers.
        schema: what it holds.
        count: rows wanted, of whole structures.
        provenance: what and who: `run_id`, `package_version`, and `user` and `host` if they shall be known.
        upstream: digests of the values that each row is made from, uint64 (row,) by upstream asset; what was made from
            others is made again.

    Raises:
        PartitionBusyError: if another process is filling the partition.
    """
    files.require_bucket(layout.assets)
    with partition_lock(layout, partition) as lock:
        yield PartitionBuild(layout, partition, recipe, schema, count, provenance, lock, upstream or {})
