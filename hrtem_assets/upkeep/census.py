"""What lies on disk beside what a campaign asks for: finished stores, builds, and the recipes expected of them."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from hrtem_assets.campaign import Campaign, with_overrides
from hrtem_assets.compute.overrides import effective_campaigns
from hrtem_assets.stages import STAGES, Stage
from hrtem_assets.store import places, trees
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.places import Place
from hrtem_assets.store.reading import StoreError, StoreInfo, store_info
from hrtem_assets.store.recipe import Recipe


def parse_partition(text: str) -> PartitionId:
    """The partition that a text such as `micrographs/CdSe-medium/df-10nm_400e` names.

    Raises:
        ValueError: if its asset is unknown, or it has too few or too many parts.
    """
    parts = text.strip("/").removesuffix(".zarr").split("/")
    if parts[0] not in STAGES:
        raise ValueError(f"partition {text!r}: unknown asset {parts[0]!r}; known: {', '.join(STAGES)}")
    wanted = "ASSET/SPECIMEN/CONDITION" if STAGES[parts[0]].per_condition else "ASSET/SPECIMEN"
    if len(parts) != wanted.count("/") + 1:
        raise ValueError(f"partition {text!r}: {parts[0]} are named {wanted}")
    return PartitionId(*parts)


def finished_partitions(layout: Layout) -> Iterator[PartitionId]:
    """Every partition with a finished store, upstream before downstream.

    Args:
        layout: where stores lie.
    """
    for name, stage in STAGES.items():
        for parts in partition_folders(layout.assets / name, stage):
            if parts[-1].endswith(".zarr"):
                named = (*parts[:-1], parts[-1].removesuffix(".zarr"))
                yield PartitionId(name, *named)


def partition_folders(folder: Place, stage: Stage) -> Iterator[tuple[str, ...]]:
    """Names of what lies under a stage's folder, one or two levels deep as its partitions have parts."""
    for specimen in places.children(folder):
        if stage.per_condition:
            yield from ((specimen.name, condition.name) for condition in places.children(specimen))
        else:
            yield (specimen.name,)


def stored_bytes(path: Place) -> int:
    """Size of all files of a folder, or of a file."""
    return sum(trees.files(path).values())


class Census:
    """Descriptions of stores and expected recipes, each read or computed once.

    Args:
        campaign: what is asked for.
        layout: where stores lie.
    """

    def __init__(self, campaign: Campaign, layout: Layout) -> None:
        self.campaign, self.layout = campaign, layout
        self._infos: dict[PartitionId, StoreInfo | None] = {}
        self._recipes: dict[tuple[str, str, str | None], Recipe] = {}

    @cached_property
    def finished(self) -> list[PartitionId]:
        """Every partition with a finished store."""
        return list(finished_partitions(self.layout))

    def info(self, partition: PartitionId) -> StoreInfo | None:
        """A finished store's description; None if there is none that can be read."""
        if partition not in self._infos:
            try:
                self._infos[partition] = store_info(self.layout.store(partition))
            except StoreError:
                self._infos[partition] = None
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
        stage = STAGES[partition.asset]
        if overrides:
            campaign = with_overrides(self.campaign, overrides)
            return stage.recipe(campaign, campaign.specimen(partition.specimen), partition.condition)
        key = (partition.asset, partition.specimen, partition.condition)
        if key not in self._recipes:
            self._recipes[key] = stage.recipe(
                self.campaign, self.campaign.specimen(partition.specimen), partition.condition
            )
        return self._recipes[key]

    def next_recipe(self, partition: PartitionId) -> Recipe:
        """The recipe that materializing a partition would follow now: with what its upstream stores recorded."""
        stage = STAGES[partition.asset]
        upstream = self.upstream(partition)
        if not any(self.overrides(u) for u in upstream) or any(self.info(u) is None for u in upstream):
            return self.recipe(partition, {})
        (seen,) = effective_campaigns(
            self.campaign, stage, partition.specimen, [partition.condition], self.layout, {}
        )
        return self.recipe(partition, seen.overrides)

    def upstream(self, partition: PartitionId) -> list[PartitionId]:
        """The partitions that a partition is made from."""
        return upstream_partitions(STAGES[partition.asset], partition)


def upstream_partitions(stage: Stage, partition: PartitionId) -> list[PartitionId]:
    """The partitions that a partition of a stage is made from."""
    return [
        PartitionId(upstream.name, partition.specimen, key)
        for upstream, key in stage.reads(partition.condition)
    ]
