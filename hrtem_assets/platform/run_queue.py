"""How backfills become runs: all conditions of a specimen in one, so that its waves are read once for all of them."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.partitions.subset.default import DefaultPartitionsSubset
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator

from hrtem_assets.platform.partitions import CONDITION, SPECIMEN

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

    Dagster 1.13 goes along the dimension of which more keys are asked for. Of more specimens than conditions each run
    would hold one condition of many specimens, and the waves, some 30 MB of a structure, would be read once for each
    condition: images then cost three times as much.
    """
    # internal to Dagster, whose minor version is pinned
    DefaultPartitionsSubset.get_partition_key_ranges = _ranges  # type: ignore[assignment, method-assign]


def _ranges(
    subset: DefaultPartitionsSubset, partitions_def: dg.PartitionsDefinition
) -> Sequence[dg.PartitionKeyRange]:
    """Unbroken rows of keys, each of one specimen; of one condition where that is all that is asked for."""
    if not isinstance(
        partitions_def, dg.MultiPartitionsDefinition
    ) or partitions_def.partition_dimension_names != [
        CONDITION,
        SPECIMEN,
    ]:
        return _dagsters_ranges(subset, partitions_def)
    asked = [partitions_def.get_partition_key_from_str(key).keys_by_dimension for key in subset.subset]
    specimens = {keys[SPECIMEN] for keys in asked}
    if len({keys[CONDITION] for keys in asked}) == 1:
        return _dagsters_ranges(subset, partitions_def)
    (every,) = (
        d.partitions_def.get_partition_keys() for d in partitions_def.partitions_defs if d.name == SPECIMEN
    )
    rows = (
        partitions_def.get_multipartition_keys_with_dimension_value(SPECIMEN, specimen)
        for specimen in every
        if specimen in specimens
    )
    return [found for row in rows for found in subset.get_ranges_for_keys(row)]
