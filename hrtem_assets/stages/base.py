"""What every stage has: a name, upstream stages, a recipe, a schema, and a way to make one structure."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.device.choice import PROCESSOR, DeviceRequest
from hrtem_assets.store.commits import Product
from hrtem_assets.store.layout import PartitionId
from hrtem_assets.store.places import Place
from hrtem_assets.store.recipe import Recipe
from hrtem_assets.store.schema import Schema
from hrtem_assets.waves.versions import installed_version

Made = Mapping[str | None, tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]]


@dataclass(frozen=True)
class Assignment:
    """One structure to make.

    Attributes:
        campaign: settings and seed.
        specimen: which specimen.
        index: structure index.
        conditions: condition keys; `(None,)` for a stage without conditions.
        sources: path of each upstream store, by `source_key`.
        device: where to compute; decides nothing of the recipe.
    """

    campaign: Campaign
    specimen: Specimen
    index: int
    conditions: tuple[str | None, ...]
    sources: Mapping[str, Place]
    device: DeviceRequest = PROCESSOR


class Stage(ABC):
    """One asset's science: pure given a campaign, a specimen, a structure index and the upstream stores."""

    name: ClassVar[str]
    description: ClassVar[str]
    upstream: ClassVar[tuple[str, ...]] = ()
    per_condition: ClassVar[bool] = False
    code_version: ClassVar[str] = "1"
    """Raised when a change of the stage's code changes its numbers; part of the recipe."""

    @abstractmethod
    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        """The resolved settings that decide the numbers, as JSON."""

    @abstractmethod
    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        """Distributions whose versions decide the numbers."""

    @abstractmethod
    def schema(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> Schema:
        """Variables and coordinates of the stage's stores."""

    @abstractmethod
    def make(self, work: Assignment) -> Made:
        """Make one structure under each condition of the assignment.

        Returns:
            arrays and record by condition, named as in the schema.
        """

    def make_together(self, works: Sequence[Assignment]) -> list[Made]:
        """As `make`, for several structures of a specimen; side by side where a stage can do that.

        Args:
            works: they differ in the index alone.
        """
        return [self.make(work) for work in works]

    def structures_at_once(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> int:
        """How many structures `make_together` should be given to be at its fastest."""
        return 1

    def made_on(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> str:
        """What computes, for the record: `cpu`, or the device and the library that drives it."""
        return "cpu"

    def products(self, work: Assignment) -> dict[str | None, Product]:
        """As `make`, with the time it took shared evenly among the conditions."""
        return self.products_together([work])[0]

    def products_together(self, works: Sequence[Assignment]) -> list[dict[str | None, Product]]:
        """As `make_together`, with the time it took shared evenly among structures and conditions."""
        start = time.perf_counter()
        made = self.make_together(works)
        seconds = (time.perf_counter() - start) / sum(len(work.conditions) for work in works)
        on_processor = self.made_on(works[0].campaign, works[0].specimen, works[0].device) == PROCESSOR.name
        device = PROCESSOR.name if on_processor else "cuda"
        return [
            {key: Product(arrays, record, seconds, device) for key, (arrays, record) in one.items()}
            for one in made
        ]

    def recipe(self, campaign: Campaign, specimen: Specimen, condition: str | None = None) -> Recipe:
        """The recipe of a partition, with those of everything upstream."""
        return Recipe(
            asset=self.name,
            specimen=specimen.key,
            condition=condition,
            seed=campaign.seed,
            settings=self.settings(campaign, specimen, condition),
            code_version=self.code_version,
            packages={name: installed_version(name) for name in self.packages(campaign)},
            upstream={
                stage.name: stage.recipe(campaign, specimen, key).digest
                for stage, key in self.reads(condition)
            },
        )

    def reads(self, condition: str | None) -> list[tuple["Stage", str | None]]:
        """The upstream stages of a partition, each with the condition that it is read under.

        Args:
            condition: the partition's own condition; None for a stage without conditions.
        """
        from hrtem_assets.stages import STAGES

        return [
            (stage, condition if stage.per_condition else None)
            for stage in (STAGES[name] for name in self.upstream)
        ]

    def partition(self, specimen: Specimen, condition: str | None = None) -> PartitionId:
        """Which partition holds a specimen under a condition."""
        return PartitionId(self.name, specimen.key, condition)


def source_key(asset: str, condition: str | None = None) -> str:
    """How `make` finds an upstream store: `exit_waves`, or `micrographs/df-10nm_400e` where it has conditions."""
    return asset if condition is None else f"{asset}/{condition}"
