"""Filling partitions of one specimen: what is missing is made by workers, committed shard by shard and published."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from hrtem_assets.campaign import Campaign
from hrtem_assets.compute.progress import Progress
from hrtem_assets.compute.settings import Compute
from hrtem_assets.compute.tasks import map_tasks
from hrtem_assets.stages import STAGES, Stage
from hrtem_assets.stages.base import Assignment, source_key
from hrtem_assets.store.build import BuildHandle, open_build
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.places import Place
from hrtem_assets.store.reading import StoreError, StoreInfo, find_store, require_recipe
from hrtem_assets.store.recipe import Recipe, differences


@dataclass(frozen=True)
class Shard:
    """The structures of one shard, under every condition for which they are missing.

    Attributes:
        structures: consecutive structure indices.
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
    """

    stage: str
    campaign: Campaign
    specimen: str
    handles: Mapping[str | None, BuildHandle]
    sources: Mapping[str, Place]
    recipes: Mapping[str | None, Recipe]

    def __call__(self, shard: Shard) -> float:
        """Make and commit one shard; returns the seconds that it took per structure."""
        stage, specimen = STAGES[self.stage], self.campaign.specimen(self.specimen)
        made: dict[str | None, list[Any]] = {key: [] for key in shard.conditions}
        for index in shard.structures:
            try:
                products = stage.products(
                    Assignment(self.campaign, specimen, index, shard.conditions, self.sources)
                )
            except Exception as error:
                error.add_note(f"while making {self.stage} of {self.specimen}, structure {index}")
                raise
            for key, product in products.items():
                made[key].append(product)
        for key in shard.conditions:
            self.handles[key].commit(shard.structures.start, made[key])
        return sum(p.seconds for products in made.values() for p in products) / len(shard.structures)

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
        provenance: who and when.
        log: receives progress lines.

    Returns:
        path of each finished store, by condition.

    Raises:
        StoreError: if an upstream partition is absent or stale.
        PartitionBusyError: if one of the partitions is being filled elsewhere.
        RuntimeError, ComputeError: of `map_tasks`, if workers or a cluster are lost or unfit.
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
        )
        tasks = [
            Shard(structures, tuple(keys))
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
            # an interrupted run takes back what the cluster has not begun
            with closing(map_tasks(maker, tasks, compute, name=what, log=log, check=maker.check)) as finished:
                for made, seconds in finished:
                    progress.advance(len(made.structures), seconds)
        return {key: build.publish() for key, build in builds.items()}


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
