"""Particles that found no room are told: in the run's log, in its figures, by a check and in the dataset card."""

from typing import Any

import dagster as dg

from hrtem_assets.definitions import build_defs
from hrtem_assets.export.card import dataset_card
from hrtem_assets.export.formats import FORMATS
from hrtem_assets.export.formats.collection import Collection
from hrtem_assets.export.formats.source import Source
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reader import StoreReader
from hrtem_assets_tests.small import SPECIMEN, small_campaign

WORDS = "structures hold fewer particles than were drawn for them"


def test_a_crowded_specimen_says_so_in_log_figures_check_and_card(tmp_path):
    # five particles just have room if all of them are small
    campaign = small_campaign(
        counts={"train": 4, "validation": 0},
        placement={"count_min": 5, "count_max": 5, "separation_a": 14.0, "max_attempts": 200},
    )
    instance = dg.DagsterInstance.ephemeral()
    (run_id,) = materialize(build_defs(campaign, tmp_path), instance, ("structures",), SPECIMEN)
    store = Layout(tmp_path).store(PartitionId("structures", SPECIMEN))
    few = int((StoreReader(store).column("particle_count") < 5).sum())
    assert few > 0

    entries: list[Any] = [r.event_log_entry for r in instance.get_records_for_run(run_id).records]
    events: list[Any] = [e.dagster_event for e in entries if e.dagster_event]
    evaluated = [e.event_specific_data for e in events if e.event_type_value == "ASSET_CHECK_EVALUATION"]
    checks = {check.check_name: check for check in evaluated}
    assert {name: check.passed for name, check in checks.items()} == {
        "intact": True,
        "nothing_to_remark": False,
    }
    check = checks["nothing_to_remark"]
    assert check.severity == dg.AssetCheckSeverity.WARN
    said = check.metadata["remarks"].value
    assert f"{few} of 4 {WORDS}" in said and "lower placement.count_max" in said
    (made,) = [e.step_materialization_data for e in events if e.event_type_value == "ASSET_MATERIALIZATION"]
    assert made.materialization.metadata["structures_with_fewer_particles"].value == few
    assert any(f"{few} of 4 {WORDS}" in entry.message for entry in entries)

    card = dataset_card(Collection("crowded", (Source(store),)), FORMATS["xyz"], campaign.training_sets)
    assert f"{few} of 4 {WORDS}" in card
