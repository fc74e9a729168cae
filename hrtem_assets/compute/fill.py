"""Filling partitions of one specimen: what is missing is made by workers, committed shard by shard and published."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from hrtem_assets.campaign import Campaign
from hrtem_assets.compute.progress import Progress
from hrtem_assets.compute.settings import ON_THIS_MACHINE, Compute, processes_per_device
from hrtem_assets.compute.tasks import map_tasks
from hrtem_assets.device.choice import PROCESSOR, DeviceName, requested_device
from hrtem_assets.stages import STAGES, Stage
from hrtem_assets.stages.base import Assignment, source_key
from hrtem_assets.store.build import open_build
from hrtem_assets.store.commits import BuildHandle, Product
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.places import Place
from hrtem_assets.store.reading import StoreError, StoreInfo, find_store, require_recipe
from hrtem_assets.store.recipe import Recipe, differences


@dataclass(frozen=True)
class Shards:
    """The structures of one shard or of several in succession, under every condition for which they are missing.

    Attributes:
        structures: consecutive structure indices, from the start of a shard.
        conditions: condition keys; `(None,)` for a stage without conditions.
    """

    structures: range
    conditions: tuple[str | None, ...]


@dataclass(frozen=True)
class ShardMaker:
    """Makes and commits shards: what all of them share, sent once to each worker.

    Attributes:
        stage: stage name.
        campaign: settings and seed.
        specimen: specimen key.
        handles: where to commit, by condition.
        sources: upstream stores by `source_key`.
        recipes: what decides the numbers here, by condition.
        device: what is asked for; a worker decides by its own environment what `auto` is.
        processes: workers that share a device.
    """

    stage: str
    campaign: Campaign
    specimen: str
    handles: Mapping[str | None, BuildHandle]
    sources: Mapping[str, Place]
    recipes: Mapping[str | None, Recipe]
    device: DeviceName
    processes: int

    def __call__(self, shards: Shards) -> float:
        """Make and commit shards; returns the seconds that each structure took."""
        stage, specimen = STAGES[self.stage], self.campaign.specimen(self.specimen)
        device = requested_device(self.device, self.processes)
        at_once = stage.structures_at_once(self.campaign, specimen, device)
        made: dict[str | None, list[Product]] = {key: [] for key in shards.conditions}
        for indices in _parts(shards.structures, at_once):
            works = [
                Assignment(self.campaign, specimen, index, shards.conditions, self.sources, device)
                for index in indices
            ]
            try:
                products = stage.products_together(works)
            except Exception as error:
                which = (
                    f"structures {indices[0]} to {indices[-1]}"
                    if len(indices) > 1
                    else f"structure {indices[0]}"
                )
                error.add_note(f"while making {self.stage} of {self.specimen}, {which}")
                raise
            for key in shards.conditions:
                made[key] += [product[key] for product in products]
        for key, products_of_key in made.items():
            handle = self.handles[key]
            for indices in _parts(range(len(shards.structures)), handle.schema.structures_per_shard):
                handle.commit(shards.structures[indices.start], products_of_key[indices.start : indices.stop])
        return sum(p.seconds for products in made.values() for p in products) / len(shards.structures)

    def check(self) -> None:
        """Refuse to work where other numbers would be made, or where the stores are out of sight.

        Raises:
            StoreError: names what differs, or the path.
        """
        stage, specimen = STAGES[self.stage], self.campaign.specimen(self.specimen)
        for key, recipe in self.recipes.items():
            lines = differences(stage.recipe(self.campaign, specimen, key), recipe)
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
    stage: Stage,
    campaign: Campaign,
    specimen_key: str,
    conditions: tuple[str | None, ...],
    layout: Layout,
) -> dict[str, StoreInfo]:
    """The stores that a stage reads, each checked against the recipe that the campaign gives it; by `source_key`.

    Raises:
        StoreError: if one is absent, or was made with another recipe; names the repair.
    """
    specimen = campaign.specimen(specimen_key)
    found: dict[str, StoreInfo] = {}
    for upstream, condition in (pair for own in conditions for pair in stage.reads(own)):
        key = source_key(upstream.name, condition)
        if key not in found:
            partition = upstream.partition(specimen, condition)
            found[key] = find_store(layout, partition)
            require_recipe(found[key], partition, upstream.recipe(campaign, specimen, condition))
    return found


def fill(
    stage: Stage,
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
) -> dict[str | None, Place]:
    """Fill a specimen's partitions and publish them.

    Args:
        stage: what to make.
        campaign: settings and seed.
        specimen_key: specimen.
        conditions: condition keys; `(None,)` for a condition-free stage.
        layout: where stores lie.
        count: structures wanted; by default the campaign's count, and downstream what upstream holds.
        compute: where it is made.
        device: on what; `auto` is a CUDA device where a worker has one.
        provenance: who and when.
        log: receives progress lines.

    Returns:
        path of each finished store, by condition.

    Raises:
        StoreError: if an upstream partition is absent or stale.
        PartitionBusyError: if one of the partitions is being filled elsewhere.
        RuntimeError, ComputeError: of `map_tasks`, if workers or a cluster are lost or unfit.
        DeviceError: if a CUDA device is asked for and cannot be used.
        ValueError: if more structures are wanted than upstream holds.
    """
    specimen = campaign.specimen(specimen_key)
    upstream = upstream_stores(stage, campaign, specimen_key, conditions, layout)
    total = _count(stage, campaign, upstream, count)
    with ExitStack() as stack:
        # in one order everywhere, so that two runs cannot each hold what the other waits for
        builds = {
            key: stack.enter_context(
                open_build(
                    layout,
                    stage.partition(specimen, key),
                    stage.recipe(campaign, specimen, key),
                    stage.schema(campaign, specimen, key),
                    total,
                    provenance,
                )
            )
            for key in sorted(conditions, key=str)
        }
        missing: dict[range, list[str | None]] = {}
        for key, build in builds.items():
            for shard in build.missing:
                missing.setdefault(shard, []).append(key)
        maker = ShardMaker(
            stage.name,
            campaign,
            specimen_key,
            {key: build.handle for key, build in builds.items()},
            {name: info.path for name, info in upstream.items()},
            {key: build.recipe for key, build in builds.items()},
            device,
            processes_per_device(compute),
        )
        tasks = [
            Shards(structures, tuple(keys))
            for structures, keys in sorted(missing.items(), key=lambda item: item[0].start)
        ]
        todo = sum(len(shard) for shard in missing)
        what = f"{stage.name} {specimen_key}" + (
            f" at {len(builds)} condition{'s' * (len(builds) > 1)}" if None not in builds else ""
        )
        if not tasks:
            log(f"{what}: all {total} structures are already there")
        elif todo < total:
            log(f"{what}: {total - todo} of {total} structures are already there; making {todo}")
        progress = Progress(what, total, total - todo, log)
        if tasks:
            if compute.kind in ON_THIS_MACHINE:
                request = requested_device(device, maker.processes)
                where = stage.made_on(campaign, specimen, request)
                if where != PROCESSOR.name:
                    log(f"{what}: on {where}")
                tasks = joined(tasks, stage.structures_at_once(campaign, specimen, request))
            # an interrupted run takes back what the cluster has not begun
            with closing(map_tasks(maker, tasks, compute, name=what, log=log, check=maker.check)) as finished:
                for made, seconds in finished:
                    progress.advance(len(made.structures), seconds)
        return {key: build.publish() for key, build in builds.items()}


def joined(tasks: Sequence[Shards], structures: int) -> list[Shards]:
    """Tasks of up to so many structures, from tasks that follow each other and have the same conditions.

    Args:
        tasks: in the order of their structures.
        structures: most that are joined; a task that is larger stays as it is.
    """
    found: list[Shards] = []
    for task in tasks:
        last = found[-1] if found else None
        if (
            last is not None
            and last.structures.stop == task.structures.start
            and last.conditions == task.conditions
            and task.structures.stop - last.structures.start <= structures
        ):
            found[-1] = Shards(range(last.structures.start, task.structures.stop), task.conditions)
        else:
            found.append(task)
    return found


def _parts(indices: range, size: int) -> Iterator[range]:
    for first in range(0, len(indices), size):
        yield indices[first : first + size]


def _count(stage: Stage, campaign: Campaign, upstream: Mapping[str, StoreInfo], count: int | None) -> int:
    if count is not None and count < 1:
        raise ValueError(f"count = {count} must be at least 1")
    if not upstream:
        return count or campaign.counts.total
    name, held = min(((n, info.structures) for n, info in upstream.items()), key=lambda item: item[1])
    if count is not None and count > held:
        raise ValueError(
            f"count = {count} {stage.name} are wanted, but {name} holds {held} structures; "
            f"materialize {name} with that count first"
        )
    return count or held
