"""What is complete, partial, stale or missing of a selection, and what making the rest costs on this machine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.partitions import STATES as STATES
from hrtem_assets.assets.partitions import Partitions, State
from hrtem_assets.base.errors import HrtemError
from hrtem_assets.base.files import shown
from hrtem_assets.campaign import Campaign
from hrtem_assets.campaign.names import listed
from hrtem_assets.maintenance.rates import Rate, Rates
from hrtem_assets.store import Layout, PartitionId


class SelectionError(HrtemError, ValueError):
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
        rows_per_structure: images of each structure, where the asset makes images; else 1.
    """

    partition: PartitionId
    state: State
    done: int
    wanted: int
    why: tuple[str, ...]
    rate: Rate | None
    rows_per_structure: int = 1

    @property
    def rows_left(self) -> int:
        """Rows still to be made: images, where the asset makes images."""
        return self.left * self.rows_per_structure

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
    partitions = Partitions(campaign, layout)
    rates = Rates(partitions)
    return [_plan_partition(partitions, rates, partition) for partition in selection]


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
        PartitionId(asset_name, *key)
        for asset_name, asset in ASSETS.items()
        for key in (wanted if asset.per_condition else ((s,) for s in specimens))
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
            f"{shown(name)} is neither a series nor a specimen of campaign {campaign.name!r}; series: "
            f"{listed(campaign.series)}; specimens: {listed(campaign.specimens)}; or: all"
        )


def _plan_partition(partitions: Partitions, rates: Rates, partition: PartitionId) -> PartitionPlan:
    state = partitions.state(partition)
    rate = (
        rates.rate(partition.asset, partition.specimen, partition.condition)
        if state.done < state.wanted
        else None
    )
    rows = ASSETS[partition.asset].rows_per_structure(partitions.campaign)
    return PartitionPlan(partition, state.name, state.done, state.wanted, state.why, rate, rows)
