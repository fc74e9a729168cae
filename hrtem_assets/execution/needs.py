"""What work takes of memory and disk, and its refusal before anything is computed where that is not there."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hrtem_assets.assets import ASSETS, Asset
from hrtem_assets.base.errors import HrtemError
from hrtem_assets.campaign import Campaign
from hrtem_assets.execution.fitting import what_would_fit
from hrtem_assets.execution.machine import Room, machine_bytes, room_for_workers
from hrtem_assets.execution.settings import Compute, LocalCompute
from hrtem_assets.specimen.bounds import Bounds, bounds
from hrtem_assets.store import PartitionId, StorePath, files

# a store is surely larger than this part of what is expected of it
SURE_OF_DISK = 1 / 3


class CostError(HrtemError, ValueError):
    """Work for which there is no memory or no disk; the message says what would fit."""


@dataclass(frozen=True)
class Work:
    """One asset of one specimen.

    Attributes:
        asset: what is made.
        campaign: settings.
        specimen: specimen key.
        conditions: under how many conditions at a time.
    """

    asset: Asset
    campaign: Campaign
    specimen: str
    conditions: int = 1

    def memory_bytes(self, most: Bounds | None = None) -> int:
        """Most memory of a worker process.

        Args:
            most: what structures hold at most; if not given, with a crystal denser than any, which is quicker to say.
        """
        specimen = self.campaign.specimen(self.specimen)
        most = most or bounds(self.campaign, specimen, lattice=False)
        return self.asset.memory_bytes(self.campaign, specimen, most, self.conditions)

    def precise_memory_bytes(self) -> int:
        """As `memory_bytes`, with the lattice's own density: a second where it has to be expanded first."""
        return self.memory_bytes(bounds(self.campaign, self.campaign.specimen(self.specimen)))

    def memory_bytes_of_substrate(self) -> int:
        """As `memory_bytes`, without the atoms of particles: what it takes at least."""
        most = bounds(self.campaign, self.campaign.specimen(self.specimen), lattice=False)
        return self.memory_bytes(replace(most, particle_atoms=0))

    def stored_bytes(self) -> int:
        """Roughly what one structure takes on disk, under one condition."""
        specimen = self.campaign.specimen(self.specimen)
        most = bounds(self.campaign, specimen, lattice=False)
        rows = self.asset.rows_per_structure(self.campaign)
        return rows * self.asset.stored_bytes(self.campaign, specimen, most)

    def __str__(self) -> str:
        many = f" under {self.conditions} conditions at a time" if self.conditions > 1 else ""
        return f"{self.asset.name} of {self.specimen}{many}"


def works_of(campaign: Campaign, partitions: Iterable[PartitionId], at_once: int) -> list[Work]:
    """The work that makes partitions, by asset and specimen.

    Args:
        campaign: settings.
        partitions: what is to be made.
        at_once: most conditions of a specimen that one run makes.
    """
    counts = Counter((p.asset, p.specimen) for p in partitions)
    return [
        Work(ASSETS[asset], campaign, specimen, min(count, at_once))
        for (asset, specimen), count in counts.items()
    ]


@dataclass(frozen=True)
class Fit:
    """How work fits into memory.

    Attributes:
        bytes: most memory of a worker process.
        work: that which takes it.
        room: what there is.
        workers: how many workers fit, of `room.sharing`.
    """

    bytes: int
    work: Work
    room: Room
    workers: int


def require_memory(works: Sequence[Work], compute: Compute) -> Fit:
    """See whether work fits into the memory of its workers.

    Args:
        works: at least one.
        compute: where it is to be made.

    Raises:
        CostError: if not even one worker fits, or on a cluster not all that share a place; says what would fit.
    """
    room = room_for_workers(compute)
    least = 1 if room.may_shrink else room.sharing
    sizes = [work.memory_bytes() for work in works]
    if room.workers(max(sizes)) < room.sharing:
        # what a lattice holds is looked up only where the answer may depend on it
        sure = [work.memory_bytes_of_substrate() for work in works]
        sizes = sure if room.workers(max(sure)) < least else [work.precise_memory_bytes() for work in works]
    most = max(sizes)
    fit = Fit(most, works[sizes.index(most)], room, room.workers(most))
    if fit.workers < least:
        raise CostError(_refusal(fit, works, least))
    return fit


def fewer_workers(compute: Compute, fit: Fit) -> Compute:
    """The same compute with no more workers of this machine than fit into its memory."""
    if isinstance(compute, LocalCompute) and fit.workers < fit.room.sharing:
        return compute.model_copy(update={"workers": fit.workers})
    return compute


def require_memory_here(needed: int) -> None:
    """Refuse work on the worker that this is called on, if its machine, container or own limit is too small.

    Args:
        needed: memory of a worker process in bytes.

    Raises:
        CostError: names both.
    """
    limit = min([machine_bytes(), *_dask_limit()])
    if needed > limit:
        raise CostError(
            f"a structure takes up to {_gb(needed)} of memory, and this worker may take {_gb(limit)}; give workers "
            f"more memory, or make the cell, the grid or the number of frozen phonons smaller"
        )


def require_disk(work: Work, structures: int, path: StorePath) -> str:
    """See whether what is to be made fits on the disk.

    Args:
        work: what is made.
        structures: how many of it, under all its conditions together.
        path: where stores lie.

    Returns:
        a warning where it may not fit, else nothing.

    Raises:
        CostError: if it surely does not fit.
    """
    free, expected = files.free_bytes(path), structures * work.stored_bytes()
    if free is None or expected < free:
        return ""
    said = (
        f"{work} takes about {_gb(expected)} of disk for {structures} structures, and {path} has {_gb(free)} free; "
        f"lower counts, make room (`hrtem prune` lists what can go), or set HRTEM_ASSETS to another place"
    )
    if SURE_OF_DISK * expected > free:
        raise CostError(said)
    return said


def _refusal(fit: Fit, works: Sequence[Work], least: int) -> str:
    room = fit.room
    share = (room.bytes or 0) // least
    shared = f" for {least} workers" if least > 1 else ""
    asked = (
        f"{fit.work} takes up to {_gb(fit.bytes)} of memory in a worker process, and {room.name} has "
        f"{_gb(room.bytes or 0)}{shared}"
    )
    options = what_would_fit(works, fit.work, share)
    changes = (
        ", or ".join(options)
        or "no single setting, so lower several (cell_a, frozen_phonons, substrate, radii)"
    )
    return f"{asked}; what would fit: {changes}; or compute where there is more memory"


def _dask_limit() -> list[int]:
    """The limit that Dask gave the worker that this runs in; nothing if there is none."""
    # only a Dask worker has loaded it
    distributed = sys.modules.get("distributed")
    try:
        limit = distributed.get_worker().memory_manager.memory_limit if distributed else None
    except ValueError:
        # this process is no worker
        return []
    return [int(limit)] if limit else []


def _gb(count: float) -> str:
    return f"{count / 1e12:.3g} TB" if count >= 1e12 else f"{count / 1e9:.3g} GB"
