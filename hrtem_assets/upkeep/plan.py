"""What is complete, partial, stale or missing of a selection, and what making the rest costs on this machine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from hrtem_assets.campaign import Campaign
from hrtem_assets.stages import STAGES
from hrtem_assets.store import places
from hrtem_assets.store.journal import is_prepared, read_entries
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reading import StoreInfo
from hrtem_assets.store.recipe import differences
from hrtem_assets.upkeep.census import Census
from hrtem_assets.upkeep.rates import Rate, Rates

State = Literal["complete", "partial", "stale", "missing"]
STATES: tuple[State, ...] = ("complete", "partial", "stale", "missing")


class SelectionError(ValueError):
    """A selection that names nothing of the campaign; the message lists what there is."""


@dataclass(frozen=True)
class PartitionPlan:
    """One partition: how far it is, and what is left.

    Attributes:
        partition: which.
        state: complete, partial, stale or missing.
        done: structures that need not be made.
        wanted: structures that the campaign asks for.
        why: for a stale one what differs from its recipe.
        rate: what a structure costs; None if nothing is left, or no rate is measured yet.
    """

    partition: PartitionId
    state: State
    done: int
    wanted: int
    why: tuple[str, ...]
    rate: Rate | None

    @property
    def left(self) -> int:
        """Structures still to be made."""
        return self.wanted - self.done

    @property
    def seconds(self) -> float | None:
        """Worker seconds that the rest takes; None without a rate."""
        return self._times("seconds")

    @property
    def bytes(self) -> float | None:
        """Disk that the rest takes; None without a rate."""
        return self._times("bytes")

    def _times(self, quantity: Literal["seconds", "bytes"]) -> float | None:
        if not self.left:
            return 0.0
        return None if self.rate is None else self.left * float(getattr(self.rate, quantity))


def plan(campaign: Campaign, layout: Layout, selection: Sequence[PartitionId]) -> list[PartitionPlan]:
    """How far each partition of a selection is, and what is left of it.

    A store made with settings of its own run is compared with the recipe that these give. A stale partition is made
    in full: its store is replaced only at the end.

    Args:
        campaign: what is asked for.
        layout: where stores lie.
        selection: partitions of the campaign's grid, from `select`.
    """
    census = Census(campaign, layout)
    rates = Rates(census)
    return [_plan_partition(census, rates, partition) for partition in selection]


def select(campaign: Campaign, names: Sequence[str]) -> list[PartitionId]:
    """Every partition of every asset of a selection, upstream before downstream.

    Args:
        campaign: what is asked for.
        names: of series and specimens (these under every condition), or `all`: every series together, or in a
            campaign without series the whole grid.

    Raises:
        SelectionError: if a name is neither.
    """
    wanted: dict[tuple[str, str], None] = {}
    for name in names:
        wanted |= dict.fromkeys(_images(campaign, name))
    specimens = dict.fromkeys(specimen for specimen, _ in wanted)
    return [
        PartitionId(asset, *key)
        for asset, stage in STAGES.items()
        for key in (wanted if stage.per_condition else ((s,) for s in specimens))
    ]


def _images(campaign: Campaign, name: str) -> Iterator[tuple[str, str]]:
    """The specimens and conditions that a name stands for."""
    if name == "all" and campaign.series:
        for series in campaign.series:
            yield from _images(campaign, series)
    elif name in campaign.series:
        chosen = campaign.series[name]
        yield from ((s, c.key) for s in chosen.specimens for c in chosen.conditions)
    elif name == "all" or name in campaign.specimens:
        specimens = campaign.specimens if name == "all" else [name]
        yield from ((s, c.key) for s in specimens for c in campaign.conditions)
    else:
        raise SelectionError(
            f"{name!r} is neither a series nor a specimen of campaign {campaign.name!r}; series: "
            f"{', '.join(campaign.series) or 'none'}; specimens: {', '.join(campaign.specimens)}; or: all"
        )


def _plan_partition(census: Census, rates: Rates, partition: PartitionId) -> PartitionPlan:
    wanted, why = census.campaign.counts.total, _stale(census, partition)
    info = census.info(partition)
    done = info.structures if info is not None and not why else 0
    if done < wanted:
        done = max(done, _committed(census, partition))
    done = min(done, wanted)
    state: State
    if done == wanted and info is not None and not why:
        state = "complete"
    elif why:
        state = "stale"
    else:
        state = "partial" if done else "missing"
    rate = rates.rate(partition.asset, partition.specimen) if done < wanted else None
    return PartitionPlan(partition, state, done, wanted, tuple(why), rate)


def current_info(census: Census, partition: PartitionId) -> StoreInfo | None:
    """A partition's finished store, if it has the recipe that the campaign gives, and upstream has not changed."""
    info = census.info(partition)
    return info if info is not None and not _stale(census, partition) else None


def _stale(census: Census, partition: PartitionId) -> list[str]:
    """What differs between a finished store and its recipe; empty if nothing does, or there is no store."""
    info = census.info(partition)
    if info is None:
        there = bool(places.children(census.layout.store(partition)))
        return ["what lies in its place is no complete store; ask: hrtem verify"] if there else []
    wanted = census.recipe(partition, census.overrides(partition))
    if info.recipe.digest != wanted.digest:
        return differences(info.recipe, wanted)
    return [
        f"{upstream} has been made again since, with another recipe"
        for upstream in census.upstream(partition)
        if (held := census.info(upstream)) is not None
        and held.recipe.digest != info.recipe.upstream[upstream.asset]
    ]


def _committed(census: Census, partition: PartitionId) -> int:
    """Structures that an unfinished build of the recipe to be followed next already holds."""
    digest = census.next_recipe(partition).digest
    build, journal = census.layout.build(partition, digest), census.layout.journal(partition, digest)
    return sum(len(e["records"]) for e in read_entries(journal)) if is_prepared(build, journal) else 0
