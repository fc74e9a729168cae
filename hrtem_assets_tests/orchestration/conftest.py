"""One specimen of the small campaign, materialized through Dagster once for all tests of this folder."""

from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from hrtem_assets.assets import ASSETS
from hrtem_assets.definitions import build_defs
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets.store.layout import Layout
from hrtem_assets_tests.small import CONDITIONS, SPECIMEN, small_campaign


@dataclass(frozen=True)
class Made:
    """A materialized specimen: definitions, instance and data."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    layout: Layout
    run_ids: list[str]

    def metadata(self, asset: str, partition: str | None = None) -> dict:
        """Metadata of the latest materialization of a partition, or of an asset without partitions."""
        partitions = None if partition is None else [partition]
        records = self.instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=partitions), limit=1
        ).records
        (record,) = records
        materialization = record.asset_materialization
        assert materialization is not None
        return {k: v.value for k, v in materialization.metadata.items()}


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Made:
    root: Path = tmp_path_factory.mktemp("made")
    definitions = build_defs(small_campaign(), root)
    instance = dg.DagsterInstance.ephemeral()
    run_ids = materialize(definitions, instance, tuple(ASSETS), SPECIMEN, CONDITIONS)
    return Made(definitions, instance, Layout(root), run_ids)
