"""A campaign's partitions beside what lies on disk: recipe, upstream, overrides, store and state of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from hrtem_assets.assets import ASSETS, Asset
from hrtem_assets.assets.lineage import Lineage, in_words, upstream_partitions
from hrtem_assets.assets.overrides import effective_campaigns
from hrtem_assets.base.files import shown
from hrtem_assets.campaign import Campaign, with_overrides
from hrtem_assets.store import (
    Layout,
    PartitionId,
    PartitionKeyError,
    Recipe,
    StoreError,
    StoreInfo,
    StorePath,
    differences,
    files,
    find_store,
    info_or_none,
)
from hrtem_assets.store.journal import is_prepared, rows_committed
from hrtem_assets.store.reading import materialize_command, require_recipe


def parse_partition(text: str) -> PartitionId:
    """The partition that a text such as `micrographs/CdSe-medium/df-10nm_400e` names.

    Raises:
        PartitionKeyError: if its asset is unknown, or it has too few or too many parts.
    """
    parts = text.strip("/").removesuffix(".zarr").split("/")
    if parts[0] not in ASSETS:
        raise PartitionKeyError(
            f"partition {shown(text)}: unknown asset {shown(parts[0])}; known: {', '.join(ASSETS)}"
        )
    wanted = "ASSET/SPECIMEN/CONDITION" if ASSETS[parts[0]].per_condition else "ASSET/SPECIMEN"
    if len(parts) != wanted.count("/") + 1:
        raise PartitionKeyError(f"partition {shown(text)}: {parts[0]} are named {wanted}")
    return PartitionId(*parts)


def finished_partitions(layout: Layout) -> Iterator[PartitionId]:
    """Every partition with a finished store, upstream before downstream.

    Args:
        layout: where stores lie.
    """
    for name, asset in ASSETS.items():
        for parts in partition_folders(layout.assets / name, asset):
            if parts[-1].endswith(".zarr"):
                named = (*parts[:-1], parts[-1].removesuffix(".zarr"))
                yield PartitionId(name, *named)


def partition_folders(folder: StorePath, asset: Asset) -> Iterator[tuple[str, ...]]:
    """Names of what lies under an asset's folder, one or two levels deep as its partitions have parts."""
    for specimen in files.children(folder):
        if asset.per_condition:
            yield from ((specimen.name, condition.name) for condition in files.children(specimen))
        else:
            yield (specimen.name,)


def stored_bytes(path: StorePath) -> int:
    """Size of all files of a folder, or of a file."""
    return sum(files.listing(path).values())


State = Literal["complete", "partial", "stale", "missing"]
STATES: tuple[State, ...] = ("complete", "partial", "stale", "missing")


@dataclass(frozen=True)
class PartitionState:
    """How far one partition is.

    Attributes:
        name: complete, partial, stale or missing.
        done: structures that need not be made.
        wanted: structures that the campaign asks for.
        why: for a stale one what differs from its recipe, or from what lies upstream.
    """

    name: State
    done: int
    wanted: int
    why: tuple[str, ...]


class Partitions:
    """Descriptions of stores and expected recipes, each read or computed once.

    Args:
        campaign: what is asked for.
        layout: where stores lie.
    """

    def __init__(self, campaign: Campaign, layout: Layout) -> None:
        self.campaign, self.layout = campaign, layout
        self._infos: dict[PartitionId, StoreInfo | None] = {}
        self._lineage = Lineage(self.info)
        self._recipes: dict[tuple[str, str, str | None], Recipe] = {}

    @cached_property
    def finished(self) -> list[PartitionId]:
        """Every partition with a finished store."""
        return list(finished_partitions(self.layout))

    def info(self, partition: PartitionId) -> StoreInfo | None:
        """A finished store's description; None if there is none that can be read."""
        if partition not in self._infos:
            self._infos[partition] = info_or_none(self.layout.store(partition))
        return self._infos[partition]

    def overrides(self, partition: PartitionId) -> dict[str, Any]:
        """Settings that a finished store was made with instead of the campaign's; empty if there is no store."""
        info = self.info(partition)
        recorded: dict[str, Any] = info.attributes["provenance"].get("overrides", {}) if info else {}
        return recorded

    def recipe(self, partition: PartitionId, overrides: dict[str, Any]) -> Recipe:
        """The recipe that the campaign gives a partition.

        Args:
            partition: one of the campaign's grid.
            overrides: settings that replace the campaign's.
        """
        asset = ASSETS[partition.asset]
        if overrides:
            campaign = with_overrides(self.campaign, overrides)
            return asset.recipe(campaign, campaign.specimen(partition.specimen), partition.condition)
        key = (partition.asset, partition.specimen, partition.condition)
        if key not in self._recipes:
            self._recipes[key] = asset.recipe(
                self.campaign, self.campaign.specimen(partition.specimen), partition.condition
            )
        return self._recipes[key]

    def next_recipe(self, partition: PartitionId) -> Recipe:
        """The recipe that materializing a partition would follow now: with what its upstream stores recorded."""
        asset = ASSETS[partition.asset]
        upstream = self.upstream(partition)
        if not any(self.overrides(u) for u in upstream) or any(self.info(u) is None for u in upstream):
            return self.recipe(partition, {})
        (effective,) = effective_campaigns(
            self.campaign, asset, partition.specimen, [partition.condition], self.layout, {}
        )
        return self.recipe(partition, effective.overrides)

    def upstream(self, partition: PartitionId) -> list[PartitionId]:
        """The partitions that a partition is made from."""
        return upstream_partitions(partition)

    def outdated(self, partition: PartitionId) -> dict[int, str]:
        """Rows of a finished store that were made from other values than lie upstream now, with the reason."""
        return self._lineage.outdated(partition)

    def state(self, partition: PartitionId) -> PartitionState:
        """How far a partition is, and why it is not complete: the one answer that plan, series, top-up, exports and
        the command line give.

        A store made with settings of its own run is compared with the recipe that these give.

        Args:
            partition: one of the campaign's grid.
        """
        wanted, why = self.campaign.counts.total, self._stale(partition)
        per_structure = ASSETS[partition.asset].rows_per_structure(self.campaign)
        info, others = self.info(partition), self.outdated(partition)
        done = info.structures if info is not None and not why else 0
        if others and info is not None and not why:
            why = in_words(others, info.row_word)
            # those that share a file with one of them are made again, too
            step = int(info.attributes["structures_per_shard"])
            shards = {k // step for k in others}
            done = sum(k // step not in shards for k in range(info.rows)) // per_structure
        if done < wanted:
            done = max(done, self._committed(partition) // per_structure)
        done = min(done, wanted)
        if done == wanted and info is not None and not why:
            name: State = "complete"
        elif why:
            name = "stale"
        else:
            name = "partial" if done else "missing"
        return PartitionState(name, done, wanted, tuple(why))

    def current(self, partition: PartitionId) -> StoreInfo | None:
        """A finished store, if it has the recipe that the campaign gives, and upstream has not changed."""
        info = self.info(partition)
        return None if info is None or self.what_changed(partition) else info

    def what_changed(self, partition: PartitionId) -> list[str]:
        """Why a finished store is not what the campaign and its upstream stores give now, in words; empty if it is."""
        info = self.info(partition)
        if info is None:
            return self._stale(partition)
        return self._stale(partition) or in_words(self.outdated(partition), info.row_word)

    def _stale(self, partition: PartitionId) -> list[str]:
        """What differs between a finished store and its recipe; empty if nothing does, or there is no store."""
        info = self.info(partition)
        if info is None:
            remains = bool(files.children(self.layout.store(partition)))
            return ["what is in its place is not a complete store; ask: hrtem verify"] if remains else []
        wanted = self.recipe(partition, self.overrides(partition))
        if info.recipe.digest != wanted.digest:
            return differences(info.recipe, wanted)
        return [
            f"{upstream} has been made again since, with another recipe"
            for upstream in self.upstream(partition)
            if (held := self.info(upstream)) is not None
            and held.recipe.digest != info.recipe.upstream[upstream.asset]
        ]

    def _committed(self, partition: PartitionId) -> int:
        """Rows that an unfinished build of the recipe to be followed next already holds."""
        digest = self.next_recipe(partition).digest
        build, journal = self.layout.build(partition, digest), self.layout.journal(partition, digest)
        return rows_committed(journal) if is_prepared(build, journal) else 0


def finished_store(
    campaign: Campaign, layout: Layout, asset: str, specimen: str, condition: str | None
) -> tuple[StoreInfo, Campaign]:
    """A partition's finished store, if it is what the campaign asks for; it may hold fewer structures.

    Args:
        campaign: settings and seed.
        layout: where stores lie.
        asset: asset name.
        specimen: specimen key.
        condition: condition key; None for an asset without conditions.

    Returns:
        the store, and the campaign with the overrides that it was made with.

    Raises:
        StoreError: if it is absent, was made with another recipe, or from other values than lie upstream now; names
            the repair.
    """
    partition = ASSETS[asset].partition(campaign.specimen(specimen), condition)
    info = find_store(layout, partition)
    partitions = Partitions(campaign, layout)
    effective = with_overrides(campaign, partitions.overrides(partition))
    require_recipe(info, partition, partitions.recipe(partition, partitions.overrides(partition)))
    if why := partitions.what_changed(partition):
        shown = "\n  ".join(why)
        raise StoreError(
            f"{partition} was not made from what is upstream now:\n  {shown}\n"
            f"make it again with: {materialize_command(partition)}"
        )
    return info, effective
