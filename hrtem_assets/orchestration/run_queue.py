"""How backfills become runs: all conditions of a specimen in one, so that its waves are read once for all of them."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from hrtem_assets.orchestration.dagster_internals import DefaultPartitionsSubset, QueuedRunCoordinator
from hrtem_assets.orchestration.partitions import CONDITION, SPECIMEN, by_specimen

_dagsters_ranges = DefaultPartitionsSubset.get_partition_key_ranges


class RunQueue(QueuedRunCoordinator):
    """Dagster's own queue of runs, in a daemon that cuts backfills by specimen.

    The daemon loads it when it starts, before it looks at any backfill.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        keep_specimens_together()


def keep_specimens_together() -> None:
    """Let a backfill's runs hold the conditions of one specimen, however many specimens there are.

    Dagster 1.13 cuts a backfill along its longer dimension. A backfill with more specimens than conditions would get
    runs of one condition and many specimens each. Then the waves, some 30 MB of a structure, would be read again for
    every condition, and images would cost three times as much.
    """
    DefaultPartitionsSubset.get_partition_key_ranges = _ranges  # type: ignore[assignment, method-assign]


def _ranges(
    subset: DefaultPartitionsSubset, partitions_def: dg.PartitionsDefinition
) -> Sequence[dg.PartitionKeyRange]:
    """Unbroken rows of keys, each of one specimen; of one condition where that is all that is asked for."""
    if not isinstance(partitions_def, dg.MultiPartitionsDefinition):
        return _dagsters_ranges(subset, partitions_def)
    dimensions = {d.name: d.partitions_def for d in partitions_def.partitions_defs}
    asked = by_specimen(list(subset.subset)) if dimensions.keys() == {CONDITION, SPECIMEN} else {}
    if len({condition for conditions in asked.values() for condition in conditions}) < 2:
        return _dagsters_ranges(subset, partitions_def)
    rows = (
        partitions_def.get_multipartition_keys_with_dimension_value(SPECIMEN, specimen)
        for specimen in dimensions[SPECIMEN].get_partition_keys()
        if specimen in asked
    )
    return [key_range for row in rows for key_range in subset.get_ranges_for_keys(row)]
