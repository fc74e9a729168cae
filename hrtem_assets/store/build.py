"""Filling a partition: structure by structure, resumable, published in one step when complete."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from hrtem_assets.store import places, trees, zarr_files
from hrtem_assets.store.commits import BuildHandle
from hrtem_assets.store.integrity import seal_holds
from hrtem_assets.store.journal import (
    is_prepared,
    journal_of,
    mark_prepared,
    read_entries,
    remove_journal,
)
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.lock import Hold, partition_lock
from hrtem_assets.store.places import Place
from hrtem_assets.store.reading import StoreError, StoreInfo, prune_command, repair_command, store_info
from hrtem_assets.store.recipe import Recipe
from hrtem_assets.store.schema import Schema, own_records


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
        hold: Hold,
    ) -> None:
        self.layout, self.partition, self.recipe, self.count = layout, partition, recipe, count
        self.schema = schema.with_bookkeeping()
        self.provenance, self._check = provenance, hold.check
        self.final = layout.store(partition)
        self.handle = BuildHandle(
            layout.build(partition, recipe.digest),
            layout.journal(partition, recipe.digest),
            str(provenance.get("run_id", "")),
            schema,
            hold.fence,
        )
        with places.explained(self.final):
            self._prepare()

    @property
    def missing(self) -> list[range]:
        """Runs of consecutive structures still to be made; each run shares one shard."""
        if self.is_published:
            return []
        done = self._committed()
        step = self.schema.structures_per_shard
        made = {k: k + len(done.get(k, {"records": ()})["records"]) for k in range(0, self.count, step)}
        return [range(m, min(k + step, self.count)) for k, m in made.items() if m < min(k + step, self.count)]

    @property
    def is_published(self) -> bool:
        """Whether the finished store already holds this recipe and at least this many structures."""
        info = self._finished()
        return info is not None and info.structures >= self.count

    def publish(self) -> Place:
        """Give the complete store its place; whatever was there is kept among the superseded.

        Returns:
            path of the finished store.

        Raises:
            RuntimeError: if structures are missing.
            PartitionBusyError: if another process may have taken the partition over.
        """
        with places.explained(self.final):
            return self._publish()

    def _publish(self) -> Place:
        if self.is_published:
            return self.final
        if self.missing:
            raise RuntimeError(f"{self.partition} lacks structures from {self.missing[0].start} on")
        # a task that the cluster ran twice may still be writing
        self.handle.fence.close()
        self._check()
        trees.sweep(self.handle.path)
        entries = self._leading_entries()
        made = [r for e in entries for r in e["records"]]
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
                "structures": len(records),
                "structures_per_shard": self.schema.structures_per_shard,
                # what the structures' digests are computed over, for checking a store by itself
                "arrays": arrays,
                # of these some structures' values are gone, and read as NaN
                "pruned": [
                    a for k, a in enumerate(arrays) if any(r["shard_digest"][k] == 0 for r in records)
                ],
                "records": own_records(self.schema),
                "recipe": self.recipe.model_dump(mode="json"),
                "recipe_digest": self.recipe.digest,
                "provenance": {**self.provenance, "runs": run_ids},
            },
        )
        if places.is_made(self.final):
            name = f"{store_info(self.final).recipe.digest}-{uuid4().hex[:8]}"
            trees.move(self.final, self.layout.superseded(self.partition, name), self._check)
        trees.move(self.handle.path, self.final, self._check)
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
        trees.remove(build)
        if self._finished() is None:
            zarr_files.create(build, self.schema, self.count)
        else:
            self._start_from_finished()
        mark_prepared(journal)

    def _start_from_finished(self) -> None:
        """Extend: begin with the finished store's structures."""
        if not seal_holds(self.final):
            raise StoreError(
                f"{self.partition} cannot be extended: its metadata or records are not those that were written;\n"
                f"take it out with: {prune_command(self.partition)}\nand make it with: {repair_command(self.partition)}"
            )
        trees.copy(self.final, self.handle.path, self._check)
        journal_of(self.final, self.handle.journal, leave_out=())
        zarr_files.enlarge(self.handle.path, self.schema, self.count)

    def _finished(self) -> StoreInfo | None:
        if not places.is_made(self.final):
            return None
        info = store_info(self.final)
        return info if info.recipe.digest == self.recipe.digest else None

    def _committed(self) -> dict[int, dict[str, Any]]:
        """Journal entries by their first structure."""
        return {int(e["first"]): e for e in read_entries(self.handle.journal)}

    def _leading_entries(self) -> list[dict[str, Any]]:
        """Entries of the gapless run of structures from 0: at least `count`, more if more were made before."""
        done, step = self._committed(), self.schema.structures_per_shard
        leading: list[dict[str, Any]] = []
        first = 0
        while first in done:
            leading.append(done[first])
            if len(done[first]["records"]) < step:
                break
            first += step
        return leading


@contextmanager
def open_build(
    layout: Layout,
    partition: PartitionId,
    recipe: Recipe,
    schema: Schema,
    count: int,
    provenance: dict[str, Any],
) -> Iterator[PartitionBuild]:
    """Open a partition for filling, alone: resumes what an earlier attempt with the same recipe left.

    Args:
        layout: where stores lie.
        partition: what to fill.
        recipe: what decides its numbers.
        schema: what it holds.
        count: structures wanted.
        provenance: who and when: `run_id`, `user`, `host`, `package_version`.

    Raises:
        PartitionBusyError: if another process is filling the partition.
    """
    places.require_bucket(layout.assets)
    with partition_lock(layout, partition) as hold:
        yield PartitionBuild(layout, partition, recipe, schema, count, provenance, hold)
