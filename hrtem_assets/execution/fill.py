"""Filling partitions of one specimen: what is missing is made by workers, committed shard by shard and published."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hrtem_assets.assets import ASSETS, Asset
from hrtem_assets.assets.asset import Assignment, source_key
from hrtem_assets.assets.lineage import require_current
from hrtem_assets.backend.choice import PROCESSOR, DeviceName, requested_device
from hrtem_assets.base.errors import HrtemError
from hrtem_assets.campaign import Campaign
from hrtem_assets.execution.needs import (
    Work,
    fewer_workers,
    require_disk,
    require_memory,
    require_memory_here,
)
from hrtem_assets.execution.progress import Progress
from hrtem_assets.execution.settings import Compute, on_this_machine, processes_per_device
from hrtem_assets.execution.tasks import map_tasks
from hrtem_assets.store import (
    CheckedStore,
    Layout,
    PinnedStore,
    Recipe,
    StoreError,
    StoreInfo,
    StorePath,
    differences,
    find_store,
    pinned,
)
from hrtem_assets.store.build import open_build, structures_made
from hrtem_assets.store.commits import BuildHandle, Product
from hrtem_assets.store.reading import require_recipe, row_name, row_word


class CountError(HrtemError, ValueError):
    """A number of structures that cannot be made; the message says which can."""


@dataclass(frozen=True)
class Shards:
    """The rows of one shard or of several in succession, under every condition for which they are missing.

    Attributes:
        rows: consecutive rows, from the start of a shard.
        conditions: condition keys; `(None,)` for an asset without conditions.
    """

    rows: range
    conditions: tuple[str | None, ...]


@dataclass(frozen=True)
class ShardMaker:
    """Makes and commits shards: what all of them share, sent once to each worker.

    Attributes:
        asset: asset name.
        campaign: settings and seed.
        specimen: specimen key.
        handles: where to commit, by condition.
        sources: upstream stores by `source_key`.
        recipes: what decides the numbers here, by condition.
        device: what is asked for; a worker decides by its own environment what `auto` is.
        processes: workers that share a device.
        memory_bytes: most memory that a worker process takes.
        failures: rows that an upstream store does not hold, and why, by `source_key`.
    """

    asset: str
    campaign: Campaign
    specimen: str
    handles: Mapping[str | None, BuildHandle]
    sources: Mapping[str, PinnedStore]
    recipes: Mapping[str | None, Recipe]
    device: DeviceName
    processes: int
    memory_bytes: int
    failures: Mapping[str, Mapping[int, str]]

    def __call__(self, shards: Shards) -> float:
        """Make and commit shards; returns the seconds that each row took."""
        asset, specimen = ASSETS[self.asset], self.campaign.specimen(self.specimen)
        device = requested_device(self.device, self.processes)
        at_once = asset.structures_at_once(self.campaign, specimen, device)
        per_structure = asset.rows_per_structure(self.campaign)
        made: dict[str | None, list[Product]] = {key: [] for key in shards.conditions}
        for rows in _parts(shards.rows, at_once):
            works = [
                self._with_failures(
                    Assignment(
                        self.campaign,
                        specimen,
                        row // per_structure,
                        shards.conditions,
                        self.sources,
                        device,
                        draw=row % per_structure,
                    )
                )
                for row in rows
            ]
            try:
                products = asset.products(works)
            except Exception as error:
                which = (
                    f"{row_word(per_structure)}s {rows[0]} to {rows[-1]}"
                    if len(rows) > 1
                    else row_name(rows[0], per_structure)
                )
                error.add_note(f"while making {self.asset} of {self.specimen}, {which}")
                raise
            for key in shards.conditions:
                made[key] += [product[key] for product in products]
        for key, products_of_key in made.items():
            handle = self.handles[key]
            for part in _parts(range(len(shards.rows)), handle.schema.structures_per_shard):
                handle.commit(shards.rows[part.start], products_of_key[part.start : part.stop])
        return sum(p.seconds for products in made.values() for p in products) / len(shards.rows)

    def _with_failures(self, work: Assignment) -> Assignment:
        """An assignment with why upstream stores do not hold what it is made from."""
        failures = {
            name: reasons[row]
            for key in work.conditions
            for upstream, condition in ASSETS[self.asset].reads(key)
            if (reasons := self.failures.get(name := source_key(upstream.name, condition)))
            and (row := upstream.row_read(work)) in reasons
        }
        return replace(work, failures=failures)

    def check(self) -> None:
        """Refuse to work where other numbers would be made, or where the stores are out of sight.

        Raises:
            CostError: if there is too little memory.
            StoreError: names what differs, or the path.
        """
        require_memory_here(self.memory_bytes)
        asset, specimen = ASSETS[self.asset], self.campaign.specimen(self.specimen)
        for key, recipe in self.recipes.items():
            lines = differences(asset.recipe(self.campaign, specimen, key), recipe)
            if lines:
                shown = "\n  ".join(
                    line.replace("(stored)", "(there)").replace("(wanted)", "(here)") for line in lines
                )
                raise StoreError(
                    f"it would make other numbers:\n  {shown}\ninstall the same versions on both"
                )
        for handle in self.handles.values():
            if not handle.fence.holds():
                raise StoreError(
                    f"it does not see the store being filled, {handle.path}; mount the same folder at the same path "
                    f"on every worker, or keep the stores in an object store (HRTEM_ASSETS)"
                )


def upstream_stores(
    asset: Asset,
    campaign: Campaign,
    specimen_key: str,
    conditions: tuple[str | None, ...],
    layout: Layout,
) -> dict[str, StoreInfo]:
    """The stores that an asset reads, each checked against the recipe that the campaign gives it; by `source_key`.

    Raises:
        StoreError: if one is absent, was made with another recipe, or from other values than lie upstream of it; names
            the repair.
    """
    specimen = campaign.specimen(specimen_key)
    stores: dict[str, StoreInfo] = {}
    for upstream, condition in (pair for downstream in conditions for pair in asset.reads(downstream)):
        key = source_key(upstream.name, condition)
        if key not in stores:
            partition = upstream.partition(specimen, condition)
            stores[key] = find_store(layout, partition)
            require_recipe(stores[key], partition, upstream.recipe(campaign, specimen, condition))
            require_current(layout, partition)
    return stores


def fill(
    asset: Asset,
    campaign: Campaign,
    specimen_key: str,
    conditions: tuple[str | None, ...],
    layout: Layout,
    *,
    count: int | None,
    compute: Compute,
    device: DeviceName = "auto",
    provenance: dict[str, Any],
    log: Callable[[str], None],
) -> dict[str | None, StorePath]:
    """Fill a specimen's partitions and publish them.

    Args:
        asset: what to make.
        campaign: settings and seed.
        specimen_key: specimen.
        conditions: condition keys; `(None,)` for a condition-free asset.
        layout: where stores lie.
        count: structures wanted; by default the campaign's count, and downstream what upstream holds.
        compute: where it is made.
        device: on what; `auto` is a CUDA device where a worker has one.
        provenance: who and when.
        log: receives progress lines.

    Returns:
        path of each finished store, by condition.

    Raises:
        StoreError: if an upstream partition is absent or stale, or damaged where it is read.
        CostError: if memory or disk do not suffice; nothing has been written then.
        PartitionBusyError: if one of the partitions is being filled elsewhere.
        RuntimeError, ComputeError: of `map_tasks`, if workers or a cluster are lost or unfit.
        DeviceError: if a CUDA device is asked for and cannot be used.
        CountError: if more structures are wanted than upstream holds.
    """
    specimen = campaign.specimen(specimen_key)
    upstream = upstream_stores(asset, campaign, specimen_key, conditions, layout)
    total = _count(asset, campaign, upstream, count)
    # everything but the arrays is held against its seal here, before anything is made
    digests = {name: CheckedStore(info.path).column("digest") for name, info in upstream.items()}
    per_structure = asset.rows_per_structure(campaign)
    word, total_rows = row_word(per_structure), total * per_structure
    compute, memory_bytes = _affordable(
        asset, campaign, specimen_key, conditions, layout, total, compute, log
    )
    with ExitStack() as stack:
        # in one order everywhere, so that two runs cannot each hold what the other waits for
        builds = {
            key: stack.enter_context(
                open_build(
                    layout,
                    asset.partition(specimen, key),
                    asset.recipe(campaign, specimen, key),
                    asset.schema(campaign, specimen, key),
                    total_rows,
                    provenance,
                    {
                        source.name: np.repeat(
                            digests[source_key(source.name, where)],
                            # where upstream has one row of a structure, all rows here are made from it
                            per_structure // source.rows_per_structure(campaign),
                        )
                        for source, where in asset.reads(key)
                    },
                )
            )
            for key in sorted(conditions, key=str)
        }
        missing: dict[range, list[str | None]] = {}
        for key, build in builds.items():
            for shard in build.missing:
                missing.setdefault(shard, []).append(key)
        maker = ShardMaker(
            asset.name,
            campaign,
            specimen_key,
            {key: build.handle for key, build in builds.items()},
            {name: pinned(info) for name, info in upstream.items()},
            {key: build.recipe for key, build in builds.items()},
            device,
            processes_per_device(compute),
            memory_bytes,
            {name: info.failures for name, info in upstream.items() if info.failures},
        )
        tasks = [
            Shards(rows, tuple(keys))
            for rows, keys in sorted(missing.items(), key=lambda item: item[0].start)
        ]
        todo = sum(len(shard) for shard in missing)
        what = f"{asset.name} {specimen_key}" + (
            f" at {len(builds)} condition{'s' * (len(builds) > 1)}" if None not in builds else ""
        )
        if not tasks:
            log(f"{what}: all {total_rows} {word}s are already there")
        elif todo < total_rows:
            log(f"{what}: {total_rows - todo} of {total_rows} {word}s are already there; making {todo}")
        progress = Progress(what, total_rows, total_rows - todo, log, word)
        if tasks:
            if on_this_machine(compute):
                request = requested_device(device, maker.processes)
                where = asset.made_on(campaign, specimen, request)
                if where != PROCESSOR.name:
                    log(f"{what}: on {where}")
                tasks = joined(tasks, asset.structures_at_once(campaign, specimen, request))
            # an interrupted run takes back what the cluster has not begun
            with closing(map_tasks(maker, tasks, compute, name=what, log=log, check=maker.check)) as finished:
                for made, seconds in finished:
                    progress.advance(len(made.rows), seconds)
        return {key: build.publish() for key, build in builds.items()}


def _affordable(
    asset: Asset,
    campaign: Campaign,
    specimen_key: str,
    conditions: tuple[str | None, ...],
    layout: Layout,
    total: int,
    compute: Compute,
    log: Callable[[str], None],
) -> tuple[Compute, int]:
    """The compute with as many workers as memory allows, and what each takes; refuses what does not fit."""
    specimen, per_structure = campaign.specimen(specimen_key), asset.rows_per_structure(campaign)
    left = {
        key: total
        - structures_made(
            layout, asset.partition(specimen, key), asset.recipe(campaign, specimen, key), per_structure
        )
        for key in conditions
    }
    if max(left.values()) <= 0:
        return compute, 0
    fit = require_memory([Work(asset, campaign, specimen_key, len(conditions))], compute)
    fewer = fewer_workers(compute, fit)
    if fewer is not compute:
        log(
            f"{fit.work}: {fit.workers} workers instead of {fit.room.sharing}, because each may take up to "
            f"{fit.bytes / 1e9:.3g} GB of memory and {fit.room.name} has {(fit.room.bytes or 0) / 1e9:.3g} GB for them"
        )
    warning = require_disk(fit.work, sum(max(0, n) for n in left.values()), layout.assets)
    if warning:
        log(f"the disk may not suffice: {warning}")
    return fewer, fit.bytes


def joined(tasks: Sequence[Shards], rows: int) -> list[Shards]:
    """Tasks of up to so many rows, from tasks that follow each other and have the same conditions.

    Args:
        tasks: in the order of their rows.
        rows: most that are joined; a task that is larger stays as it is.
    """
    merged: list[Shards] = []
    for task in tasks:
        last = merged[-1] if merged else None
        if (
            last is not None
            and last.rows.stop == task.rows.start
            and last.conditions == task.conditions
            and task.rows.stop - last.rows.start <= rows
        ):
            merged[-1] = Shards(range(last.rows.start, task.rows.stop), task.conditions)
        else:
            merged.append(task)
    return merged


def _parts(indices: range, size: int) -> Iterator[range]:
    for first in range(0, len(indices), size):
        yield indices[first : first + size]


def _count(asset: Asset, campaign: Campaign, upstream: Mapping[str, StoreInfo], count: int | None) -> int:
    if count is not None and count < 1:
        raise CountError(f"count = {count} must be at least 1")
    if not upstream:
        return count or campaign.counts.total
    name, held = min(((n, info.structures) for n, info in upstream.items()), key=lambda item: item[1])
    if count is not None and count > held:
        raise CountError(
            f"count = {count} {asset.name} are wanted, but {name} holds {held} structures; "
            f"materialize {name} with that count first"
        )
    return count or held
