"""Series: which partitions they need, what of it is missing, their jobs' backfills, and making them by command."""

from typing import Any

import dagster as dg
import pytest

from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import UnknownKeyError, load_campaign
from hrtem_assets.definitions import build_defs
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets.orchestration.series import (
    SERIES_TAG,
    materialize_series,
    missing_partitions,
    series_partitions,
)
from hrtem_assets.orchestration.workspace import Workspace
from hrtem_assets.store.layout import Layout
from hrtem_assets_tests.small import SPECIMEN, small_campaign

PAPER = load_campaign("paper")
OTHERS = dict.fromkeys(PAPER.series)
# two conditions that follow each other in the campaign and one apart
KEYS = ("df-25nm_400e", "df-20nm_400e", "df-10nm_075e")
SERIES: dict[str, Any] = OTHERS | {
    "short": {
        "description": "Three conditions of one specimen.",
        "specimens": [SPECIMEN],
        "conditions": [
            {"defocus_nm": -25, "dose_e_per_a2": 400},
            {"defocus_nm": -20, "dose_e_per_a2": 400},
            {"defocus_nm": -10, "dose_e_per_a2": 75},
        ],
    }
}
FREE = [name for name, asset in ASSETS.items() if not asset.per_condition]


def targets(backfill, name):
    subset = backfill.asset_backfill_data.target_subset.partitions_subsets_by_asset_key
    return {key.to_user_string(): set(s.get_partition_keys()) for key, s in subset.items()}[name]


@pytest.mark.parametrize(
    ("name", "specimens", "sets"),
    [("defocus_series", 1, 11), ("dose_series", 1, 5), ("structure_series", 18, 18)],
)
def test_a_published_series_needs_its_training_sets_and_all_before_them_once(name, specimens, sets):
    partitions = series_partitions(PAPER, name)
    assert len(set(partitions)) == len(partitions) == 4 * specimens + 2 * sets
    assert len([p for p in partitions if p.asset == "training_sets"]) == sets
    made = set()
    for partition in partitions:
        for upstream, condition in ASSETS[partition.asset].reads(partition.condition):
            assert upstream.partition(PAPER.specimen(partition.specimen), condition) in made
        made.add(partition)


def test_defocus_and_dose_series_share_structures_and_waves():
    one, two = (
        {p for p in series_partitions(PAPER, name) if p.condition is None}
        for name in ("defocus_series", "dose_series")
    )
    assert one == two


def test_the_job_of_a_series_requests_one_backfill_of_exactly_what_is_missing(tmp_path):
    instance = dg.DagsterInstance.ephemeral()
    definitions = build_defs(PAPER, tmp_path)
    job = definitions.resolve_job_def("dose_series")
    assert "5 training sets" in (job.description or "")
    assert job.execute_in_process(instance=instance).success
    (backfill,) = instance.get_backfills()
    assert backfill.tags[SERIES_TAG] == "dose_series"
    assert backfill.title == "dose_series"
    assert {key.to_user_string() for key in backfill.asset_selection or ()} == set(ASSETS)
    for name in FREE:
        assert targets(backfill, name) == {"CdSe-medium"}
    for name in ("micrographs", "training_sets"):
        assert targets(backfill, name) == {
            f"df-10nm_{dose:03d}e|CdSe-medium" for dose in (30, 75, 150, 300, 600)
        }


def test_a_series_is_made_by_command_in_batches_and_only_where_it_is_missing(tmp_path):
    campaign = small_campaign(series=SERIES, counts={"train": 1, "validation": 1})
    workspace, definitions = Workspace(campaign, Layout(tmp_path)), build_defs(campaign, tmp_path)
    instance = dg.DagsterInstance.ephemeral()
    materialize(definitions, instance, ["structures"], SPECIMEN)
    wanted = series_partitions(campaign, "short")
    missing = missing_partitions(workspace, wanted)
    assert {p.asset for p in missing} == set(ASSETS) - {"structures"}

    # the waves and what follows, two neighbouring conditions, and the one apart
    assert len(materialize_series(definitions, instance, workspace, "short")) == 3
    assert not missing_partitions(workspace, wanted)
    assert not materialize_series(definitions, instance, workspace, "short")
    job = definitions.resolve_job_def("short")
    assert job.execute_in_process(instance=instance).success
    assert not instance.get_backfills()
    assert job.execute_in_process(
        instance=instance, run_config={"ops": {"request_short": {"config": {"everything": True}}}}
    ).success
    (backfill,) = instance.get_backfills()
    assert targets(backfill, "training_sets") == {f"{key}|{SPECIMEN}" for key in KEYS}

    larger = Workspace(small_campaign(series=SERIES, counts={"train": 2, "validation": 1}), workspace.layout)
    assert set(missing_partitions(larger, wanted)) == set(wanted)


def test_an_unknown_series_is_answered_with_the_known_ones():
    with pytest.raises(UnknownKeyError, match="known: defocus_series, dose_series, structure_series"):
        series_partitions(PAPER, "tilt_series")


def test_the_pairs_are_an_asset_with_a_table(tmp_path):
    instance = dg.DagsterInstance.ephemeral()
    materialize(build_defs(PAPER, tmp_path), instance, ["transfer_pairs"], None)
    (record,) = instance.fetch_materializations(dg.AssetKey("transfer_pairs"), limit=1).records
    assert record.asset_materialization is not None
    shown: dict[str, Any] = dict(record.asset_materialization.metadata)
    assert shown["pairs"].value == 376
    assert shown["pairs_by_series"].value == {
        "defocus_series": 50,
        "dose_series": 20,
        "structure_series": 306,
    }
    assert len(shown["table"].records) == 376
    lines = (tmp_path / "assets/transfer_pairs/transfer_pairs.csv").read_text().splitlines()
    assert lines[0] == "series,source_specimen,source_condition,target_specimen,target_condition"
    assert len(lines) == 377
    assert len((tmp_path / "assets/transfer_pairs/mixtures.csv").read_text().splitlines()) == 1 + 3 * 376
