"""Which partitions Dagster has recorded as made, for whoever looks for stores that are gone."""

import os
from pathlib import Path

import dagster as dg

from hrtem_assets.assets import ASSETS
from hrtem_assets.orchestration.partitions import partition_ids
from hrtem_assets.store import PartitionId, data_root


def recorded_partitions() -> list[PartitionId]:
    """Partitions of the assets with a materialization in the Dagster home; none if there is no home yet.

    Nothing is made or changed by asking.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or data_root() / "dagster_home").expanduser().resolve()
    if not (home / "dagster.yaml").is_file() or not (home / ".prepared").is_file():
        return []
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return [
            partition
            for asset in ASSETS
            for partition in partition_ids(
                asset, sorted(instance.get_materialized_partitions(dg.AssetKey(asset)))
            )
        ]
