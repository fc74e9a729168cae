"""What the rest of a plan needs before it is begun: memory, disk, and room for its particles."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import Campaign
from hrtem_assets.execution.loading import compute_from_environment, expected_workers
from hrtem_assets.execution.needs import Fit, require_memory, works_of
from hrtem_assets.maintenance.plan import PartitionPlan
from hrtem_assets.specimen.placement import place_particles

# most conditions of a specimen in one run of a backfill
AT_ONCE = 16
_DRAWS = 50
_SECONDS = 1.0
_MOST_TRIALS = 50_000


@dataclass(frozen=True)
class Odds:
    """How often particles found no room in trials.

    Attributes:
        size: size class.
        asked: number of particles.
        draws: trials.
        fewer: those in which not all were placed.
    """

    size: str
    asked: int
    draws: int
    fewer: int


@dataclass(frozen=True)
class Outlook:
    """What is left of a plan, held against this machine or cluster.

    Attributes:
        left: structures still to be made.
        workers: that will be at work.
        fit: memory; None if nothing is left.
        disk_bytes: that the rest takes.
        disk_is_estimated: whether part of it could not be measured on stores already made.
        free_bytes: on the disk of the stores; None where no disk limits them.
        crowded: where particles may find no room.
    """

    left: int
    workers: int
    fit: Fit | None
    disk_bytes: float
    disk_is_estimated: bool
    free_bytes: int | None
    crowded: tuple[Odds, ...]

    def as_json(self) -> dict[str, Any]:
        """As numbers and words."""
        return {
            "memory_bytes_of_a_worker": self.fit.bytes if self.fit else 0,
            "memory_bytes_there": self.fit.room.bytes if self.fit else None,
            "workers_that_fit": self.fit.workers if self.fit else None,
            "disk_bytes": self.disk_bytes,
            "disk_is_estimated": self.disk_is_estimated,
            "disk_bytes_free": self.free_bytes,
            "crowded": [asdict(odds) for odds in self.crowded],
        }


def outlook(
    campaign: Campaign, plans: Sequence[PartitionPlan], workers: int, free_bytes: int | None
) -> Outlook:
    """What the rest of a plan needs.

    Args:
        campaign: settings.
        plans: partitions with what is left of them.
        workers: asked for; 0 for as configured.
        free_bytes: on the disk of the stores; None where no disk limits them.

    Raises:
        CostError: if it does not fit into memory; says what would fit.
        ComputeError: if the settings of the compute cannot be used.
    """
    compute = compute_from_environment(workers)
    unfinished = [p for p in plans if p.left]
    works = works_of(campaign, [p.partition for p in unfinished], AT_ONCE)
    fit = require_memory(works, compute) if works else None
    sizes = {(w.asset.name, w.specimen): w.stored_bytes() for w in works}
    disk = sum(
        p.left * sizes[p.partition.asset, p.partition.specimen] if p.bytes is None else p.bytes
        for p in unfinished
    )
    drawn = _extents(
        campaign, [p.partition.specimen for p in unfinished if not ASSETS[p.partition.asset].upstream]
    )
    return Outlook(
        left=sum(p.left for p in plans),
        workers=min(expected_workers(compute), fit.workers)
        if fit and fit.room.may_shrink
        else expected_workers(compute),
        fit=fit,
        disk_bytes=disk,
        disk_is_estimated=any(p.bytes is None for p in unfinished),
        free_bytes=free_bytes,
        crowded=tuple(odds for odds in placement_odds(campaign, drawn) if odds.fewer),
    )


def _extents(campaign: Campaign, specimens: Sequence[str]) -> dict[str, float]:
    """By size class, how far particles reach from their centres at most, over their radii; none beside an edge."""
    extents: dict[str, float] = {}
    for key in specimens if campaign.substrate.edge is None else ():
        specimen = campaign.specimen(key)
        if specimen.phases:
            wider = campaign.most_extent_a(specimen) / specimen.size.radius_max_a
            extents[specimen.size_name] = max(wider, extents.get(specimen.size_name, 1.0))
    return dict(sorted(extents.items()))


def placement_odds(
    campaign: Campaign, sizes: Mapping[str, float], seconds: float = _SECONDS
) -> Iterator[Odds]:
    """How often all particles of a structure find room, tried out in the plane.

    The largest numbers first, down to one that always found room. Of a campaign that tries long, the trials are shorter
    than what they stand for, so that particles then find room more often than is said.

    Args:
        campaign: placement and cell.
        sizes: size classes, and how far their particles reach from their centres, over their radii.
        seconds: most time that all trials may take.
    """
    rule, cell_a = campaign.placement, campaign.simulation.cell_a
    end = time.monotonic() + seconds
    for name, wider in sizes.items():
        size = campaign.sizes[name]
        for asked in range(rule.count_max, max(1, rule.count_min - 1), -1):
            short = rule.model_copy(
                update={"max_attempts": min(rule.max_attempts, max(1, _MOST_TRIALS // asked))}
            )
            rng = np.random.default_rng(asked)
            draws = fewer = 0
            while draws < _DRAWS and time.monotonic() < end:
                radii = rng.uniform(size.radius_min_a, size.radius_max_a, size=asked)
                fewer += len(place_particles(wider * radii, cell_a, short, rng)[1]) < asked
                draws += 1
            yield Odds(name, asked, draws, fewer)
            if not fewer:
                break
