"""What every asset has: name, upstream, recipe, schema, how its structures are made, drawn and judged."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.choice import PROCESSOR, DeviceRequest
from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.figures import PartitionPicture
from hrtem_assets.specimen.bounds import Bounds
from hrtem_assets.store import CheckedStore, PartitionId, Recipe, Schema, StoreInfo
from hrtem_assets.store.commits import Product, absent_product
from hrtem_assets.waves.versions import installed_version


class Source(Protocol):
    """An upstream store as a asset reads it: whatever it hands out was held against what was written."""

    def read(self, variable: str, index: int) -> NDArray[Any]:
        """One row's values of one variable."""

    def has(self, variable: str) -> bool:
        """Whether it holds a variable for each row."""

    def digest(self, index: int) -> int:
        """One number for all values of a row."""


@dataclass(frozen=True)
class Unmakeable:
    """Takes the place of a structure that physics does not allow at these settings; a fault of the program raises.

    Attributes:
        reason: why, for whoever reads the store.
    """

    reason: str


Made = Mapping[str | None, tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]] | Unmakeable]


@dataclass(frozen=True)
class Assignment:
    """One structure to make, or one draw of it.

    Attributes:
        campaign: settings and seed.
        specimen: which specimen.
        index: structure index.
        conditions: condition keys; `(None,)` for a asset without conditions.
        sources: each upstream store, by `source_key`.
        device: where to compute; decides nothing of the recipe.
        failures: why an upstream store does not hold what this is made from, by `source_key`.
        draw: which image of the structure; 0 for assets that make no images.
    """

    campaign: Campaign
    specimen: Specimen
    index: int
    conditions: tuple[str | None, ...]
    sources: Mapping[str, Source]
    device: DeviceRequest = PROCESSOR
    failures: Mapping[str, str] = field(default_factory=dict)
    draw: int = 0

    @property
    def image(self) -> int:
        """The row of this draw in stores whose rows are images."""
        return self.index * self.campaign.images_per_structure + self.draw


@dataclass(frozen=True)
class RunSetting:
    """A setting, or a group of settings, of the campaign that a run may replace.

    Attributes:
        path: where it stands in a campaign file, such as `substrate` or `simulation.cell_a`.
        description: for the Launchpad.
        without: settings of the group that a run may not replace.
    """

    path: str
    description: str
    without: tuple[str, ...] = ()


Column = Callable[[str], NDArray[Any]]


class Asset(ABC):
    """One asset's science: pure given a campaign, a specimen, a structure index and the upstream stores."""

    name: ClassVar[str]
    description: ClassVar[str]
    upstream: ClassVar[tuple[str, ...]] = ()
    per_condition: ClassVar[bool] = False
    code_version: ClassVar[str] = "1"
    """Raised when a change of the asset's code changes its numbers; part of the recipe."""
    run_settings: ClassVar[tuple[RunSetting, ...]] = ()
    """Settings of the campaign that a run may replace; the Launchpad's form is made from them."""
    card_rows: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Settings of the recipe that dataset cards name: each with what it is."""
    cost_grows_with: ClassVar[Literal["height", "pixels"]] = "pixels"
    """On what the work on one structure depends most: the height of the cell, or its pixels."""

    @abstractmethod
    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        """The resolved settings that decide the numbers, as JSON."""

    @abstractmethod
    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        """Distributions whose versions decide the numbers."""

    @abstractmethod
    def schema(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> Schema:
        """Variables and coordinates of the asset's stores."""

    @abstractmethod
    def memory_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds, conditions: int) -> int:
        """Most memory that a worker process takes on the processor, libraries included; an upper bound, fitted to
        measured peaks.

        Args:
            campaign: settings.
            specimen: which specimen.
            most: what its structures hold at most.
            conditions: under how many conditions it is made at a time.
        """

    @abstractmethod
    def stored_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds) -> int:
        """Roughly what one row takes on disk, compressed, under one condition; fitted to the paper's stores."""

    def make(self, works: Sequence[Assignment]) -> list[Made]:
        """Make structures of a specimen, or draws of them, under each condition of their assignments; one after the
        other, where an asset has nothing better.

        Args:
            works: they differ in structure and draw alone.

        Returns:
            for each, arrays and record by condition, named as in the schema; or why this structure cannot be made.
        """
        return [self.make_one(work) for work in works]

    def make_one(self, work: Assignment) -> Made:
        """As `make`, for one structure."""
        raise NotImplementedError(f"{self.name}: neither make nor make_one")

    @abstractmethod
    def figures(self, column: Column) -> dict[str, float]:
        """What a materialization shows of a store, and plots over partitions.

        Args:
            column: gives a record's values of the rows that were made, by its name.
        """

    @abstractmethod
    def pictures(
        self, store: CheckedStore, upstream: Callable[[str], CheckedStore], shown: Sequence[int]
    ) -> PartitionPicture:
        """What a store holds, drawn.

        Args:
            store: a finished store.
            upstream: gives an upstream asset's store by its name.
            shown: rows.
        """

    @abstractmethod
    def violations(
        self, recipe: Recipe, values: Mapping[str, NDArray[Any]], sampling_a: float
    ) -> Iterator[str]:
        """What physics does not allow of one row, in words.

        Args:
            recipe: of its store.
            values: its arrays and records by name, as stored; pruned arrays are absent.
            sampling_a: pixel in Å; NaN for assets without images.
        """

    def remarks(self, info: StoreInfo, column: Column) -> Iterator[str]:
        """What must be known of a store that is otherwise as it was asked for, in sentences.

        Args:
            info: of the store.
            column: as for `figures`.
        """
        return iter(())

    def reads_vacuum_waves(self, campaign: Campaign) -> bool:
        """Whether vacuum waves must be kept until this asset is made."""
        return False

    def drawn_records(self, recipe: Recipe) -> tuple[str, ...]:
        """Records that were drawn for each row, which a trace shows.

        Args:
            recipe: of the store.
        """
        return ()

    def structures_at_once(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> int:
        """How many rows `make` should be given to be at its fastest."""
        return 1

    def made_on(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> str:
        """What computes, for the record: `cpu`, or the device and the library that drives it."""
        return "cpu"

    def products(self, works: Sequence[Assignment]) -> list[dict[str | None, Product]]:
        """As `make`, with the time it took shared evenly among structures and conditions, and what upstream lacks."""
        # what upstream could not make is handed on with its reason
        lost = [self._lost(work) for work in works]
        able = [
            replace(work, conditions=conditions)
            for work, reasons in zip(works, lost, strict=True)
            if (conditions := tuple(key for key in work.conditions if key not in reasons))
        ]
        start = time.perf_counter()
        made = iter(self.make(able) if able else ())
        seconds = (time.perf_counter() - start) / sum(len(work.conditions) for work in works)
        on_processor = self.made_on(works[0].campaign, works[0].specimen, works[0].device) == PROCESSOR.name
        device = PROCESSOR.name if on_processor else "cuda"
        return [
            {
                key: self._product(work, key, reasons.get(key) or one[key], seconds, device)
                for key in work.conditions
            }
            for work, reasons in zip(works, lost, strict=True)
            for one in [next(made) if len(reasons) < len(work.conditions) else {}]
        ]

    def _lost(self, work: Assignment) -> dict[str | None, str]:
        """Why upstream cannot serve a structure, by condition."""
        reasons = {
            key: [
                reason
                for asset, condition in self.reads(key)
                if (reason := work.failures.get(source_key(asset.name, condition)))
            ]
            for key in work.conditions
        }
        return {key: causes[0] for key, causes in reasons.items() if causes}

    def _product(self, work: Assignment, key: str | None, made: Any, seconds: float, device: str) -> Product:
        match made:
            case str():
                schema = self.schema(work.campaign, work.specimen, key)
                return absent_product(schema, made, seconds, device, self._upstream_digests(work, key))
            case Unmakeable():
                return self._product(work, key, f"{self.name}: {made.reason}", seconds, device)
            case _:
                arrays, record = made
                return Product(arrays, record, seconds, device, self._upstream_digests(work, key))

    def _upstream_digests(self, work: Assignment, condition: str | None) -> dict[str, int]:
        """What a structure was made from: its digest in each upstream store."""
        return {
            upstream.name: work.sources[source_key(upstream.name, key)].digest(upstream.row_read(work))
            for upstream, key in self.reads(condition)
        }

    def recipe(self, campaign: Campaign, specimen: Specimen, condition: str | None = None) -> Recipe:
        """The recipe of a partition, with those of everything upstream."""
        return Recipe(
            asset=self.name,
            specimen=specimen.key,
            condition=condition,
            seed=campaign.seed,
            settings=self.settings(campaign, specimen, condition) | self._rows_setting(campaign),
            code_version=self.code_version,
            packages={name: installed_version(name) for name in self.packages(campaign)},
            upstream={
                asset.name: asset.recipe(campaign, specimen, key).digest
                for asset, key in self.reads(condition)
            },
        )

    def rows_per_structure(self, campaign: Campaign) -> int:
        """How many rows its stores hold of each structure, one after the other: images, where it makes images."""
        return campaign.images_per_structure if self.per_condition else 1

    def row_read(self, work: Assignment) -> int:
        """The row of its stores that an asset downstream reads for an assignment."""
        return work.image if self.per_condition else work.index

    def _rows_setting(self, campaign: Campaign) -> dict[str, int]:
        # the setting came later: a recipe names it only where it is not at its default
        rows = self.rows_per_structure(campaign)
        return {} if rows == 1 else {"images_per_structure": rows}

    def reads(self, condition: str | None) -> list[tuple["Asset", str | None]]:
        """The upstream assets of a partition, each with the condition that it is read under.

        Args:
            condition: the partition's own condition; None for a asset without conditions.
        """
        from hrtem_assets.assets import ASSETS

        return [
            (asset, condition if asset.per_condition else None)
            for asset in (ASSETS[name] for name in self.upstream)
        ]

    def partition(self, specimen: Specimen, condition: str | None = None) -> PartitionId:
        """Which partition holds a specimen under a condition."""
        return PartitionId(self.name, specimen.key, condition)


def source_key(asset: str, condition: str | None = None) -> str:
    """How `make` finds an upstream store: `exit_waves`, or `micrographs/df-10nm_400e` where it has conditions."""
    return asset if condition is None else f"{asset}/{condition}"


PIXEL = "pixel"
"""The record of an image's pixel, where every image has its own."""


def sampling_a(store: CheckedStore, row: int = 0) -> float:
    """Pixel of one of a store's images in Å."""
    if store.array("x").attrs.get("units") == "px":
        return float(store.read(PIXEL, row))
    return float(np.diff(store.column("x")[:2])[0])
