"""Whether what a store was made from is still what lies upstream, all the way up; the one place that decides it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.assets import ASSETS
from hrtem_assets.store import (
    Layout,
    PartitionId,
    StoreError,
    StoreInfo,
    StoreReader,
    find_store,
    info_or_none,
)
from hrtem_assets.store.lineage import made_from_others, recorded_upstream
from hrtem_assets.store.reading import materialize_command

MOST_RANGES = 8


def upstream_partitions(partition: PartitionId) -> list[PartitionId]:
    """The partitions that a partition is made from."""
    return [
        PartitionId(upstream.name, partition.specimen, key)
        for upstream, key in ASSETS[partition.asset].reads(partition.condition)
    ]


class Lineage:
    """What finished stores were made from, held against what lies upstream of them; each store is read once.

    Args:
        info_of: gives what a partition's finished store says of itself; None if there is none.
    """

    def __init__(self, info_of: Callable[[PartitionId], StoreInfo | None]) -> None:
        self._info_of = info_of
        self._outdated: dict[PartitionId, dict[int, str]] = {}
        self._digests: dict[PartitionId, NDArray[np.uint64] | None] = {}

    def outdated(self, partition: PartitionId) -> dict[int, str]:
        """Rows of a finished store that were made from other values than lie upstream now, with the reason.

        An upstream store that is absent, or was made by another recipe than the one named, is not compared: that is
        told by itself.

        Args:
            partition: any; without a finished store it has no rows.
        """
        if partition not in self._outdated:
            self._outdated[partition] = self._compare(partition)
        return self._outdated[partition]

    def _compare(self, partition: PartitionId) -> dict[int, str]:
        info = self._info_of(partition)
        if info is None:
            return {}
        try:
            recorded = recorded_upstream(info)
        except (KeyError, TypeError, ValueError, StoreError, FileNotFoundError) as error:
            return _all(info, f"what it was made from cannot be read ({type(error).__name__})")
        if recorded is None:
            return _all(info, "does not say which values it was made from: an earlier version wrote it")
        reasons: dict[int, str] = {}
        for upstream in upstream_partitions(partition):
            held = self._info_of(upstream)
            if held is None or held.recipe.digest != info.recipe.upstream.get(upstream.asset):
                continue
            if upstream.asset not in recorded:
                return _all(info, f"does not say which values of {upstream} it was made from")
            digests = self._digests_of(upstream, held)
            if digests is None:
                reason = f"cannot be compared with {upstream}, whose records cannot be read"
                return _all(info, reason) | reasons
            # where upstream has one row of a structure, all of this store's are made from it
            each = info.rows_per_structure // held.rows_per_structure
            present = {upstream.asset: np.repeat(digests, each)}
            for index in made_from_others(recorded, present).get(upstream.asset, []):
                reasons.setdefault(index, f"made from other values of {upstream} than are there now")
            for index in (each * row + k for row in self.outdated(upstream) for k in range(each)):
                if index < info.rows:
                    reasons.setdefault(index, f"made from {upstream}, which is to be made again itself")
        return reasons

    def _digests_of(self, partition: PartitionId, info: StoreInfo) -> NDArray[np.uint64] | None:
        if partition not in self._digests:
            try:
                self._digests[partition] = StoreReader(info.path).column("digest")
            except (StoreError, FileNotFoundError):
                self._digests[partition] = None
        return self._digests[partition]


def lineage_in(layout: Layout) -> Lineage:
    """The lineage of the stores that lie there now.

    Args:
        layout: where stores lie.
    """
    return Lineage(lambda partition: info_or_none(layout.store(partition)))


def require_current(layout: Layout, partition: PartitionId) -> None:
    """Refuse a finished store that was made from other values than lie upstream now.

    Raises:
        StoreError: names structures, reason and repair.
    """
    reasons = lineage_in(layout).outdated(partition)
    if reasons:
        shown = "\n  ".join(in_words(reasons, find_store(layout, partition).row_word))
        raise StoreError(
            f"{partition} was not made from what is upstream now:\n  {shown}\n"
            f"make these again, and no others, with: {materialize_command(partition)}"
        )


def in_words(reasons: Mapping[int, str], row_word: str = "structure") -> list[str]:
    """Rows with the same reason together: `structures 1, 4 to 6: made from other values of ...`.

    Args:
        reasons: from `Lineage.outdated`.
        row_word: what a row of the store is called.
    """
    by_reason: dict[str, list[int]] = {}
    for index, reason in sorted(reasons.items()):
        by_reason.setdefault(reason, []).append(index)
    return [f"{_named(indices, row_word)}: {reason}" for reason, indices in by_reason.items()]


def _named(indices: Sequence[int], row_word: str) -> str:
    """`structure 3`, `structures 1, 4 to 6`, `images 3 to 5`."""
    ranges: list[list[int]] = []
    for index in indices:
        if ranges and index == ranges[-1][1] + 1:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    shown = [str(a) if a == b else f"{a} to {b}" for a, b in ranges[:MOST_RANGES]]
    more = sum(b - a + 1 for a, b in ranges[MOST_RANGES:])
    return f"{row_word}{'s' * (len(indices) > 1)} {', '.join(shown)}" + (f" and {more} more" if more else "")


def _all(info: StoreInfo, reason: str) -> dict[int, str]:
    return dict.fromkeys(range(info.rows), reason)
