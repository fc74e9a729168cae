"""The IO manager: hands finished stores to downstream assets and notebooks as lazy xarray Datasets."""

from typing import Any

import dagster as dg

from hrtem_assets.orchestration.partitions import by_specimen
from hrtem_assets.orchestration.workspace import Workspace
from hrtem_assets.store import PartitionId, open_partition


class StoreIOManager(dg.IOManager):
    """Opens partitions; assets write theirs themselves, structure by structure, and publish them in one step.

    Args:
        workspace: campaign and data root.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def load_input(self, context: dg.InputContext) -> Any:
        """A Dataset for one partition; a dict of Datasets by partition key for several.

        Raises:
            StoreError: if a partition has not been made; names the command that makes it.
        """
        asset = context.asset_key.to_user_string()
        opened = {}
        for key in context.asset_partition_keys:
            ((specimen, (condition,)),) = by_specimen([key]).items()
            opened[key] = open_partition(self.workspace.layout, PartitionId(asset, specimen, condition))
        return next(iter(opened.values())) if len(opened) == 1 else opened

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Refuse values: nothing is stored twice."""
        if obj is not None:
            raise TypeError(
                f"{context.asset_key.to_user_string()} must write its own store, not return a value"
            )
