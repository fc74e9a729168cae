"""Plans: every state is told with its reason, and what is left costs what was measured."""

import json
import time

import pytest
from click.testing import CliRunner

from hrtem_assets.assets.partitions import stored_bytes
from hrtem_assets.campaign import load_campaign, with_overrides
from hrtem_assets.cli import main
from hrtem_assets.maintenance.plan import SelectionError, plan, select
from hrtem_assets.maintenance.rates import mean_height_a
from hrtem_assets.store.journal import mark_prepared
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.maintenance.conftest import CONDITION, fill_all
from hrtem_assets_tests.small import SPECIMEN, small_campaign

WAVES = PartitionId("exit_waves", SPECIMEN)


def state_of(layout: Layout, campaign, partition: PartitionId):
    (found,) = plan(campaign, layout, [partition])
    return found


def test_the_paper_campaign_is_planned_at_once_and_counts_12160_structures(tmp_path):
    campaign = load_campaign("paper")
    start = time.process_time()
    plans = plan(campaign, Layout(tmp_path), select(campaign, ["all"]))
    assert time.process_time() - start < 5
    structures = [p for p in plans if p.partition.asset == "structures"]
    assert sum(p.left for p in structures) == 12_160
    assert len([p for p in plans if p.partition.asset == "micrographs"]) == 11 + 5 + 18
    assert {p.state for p in plans} == {"missing"}
    assert all(p.seconds is None for p in plans)


def test_a_series_a_specimen_and_all_select_what_they_say():
    campaign = load_campaign("paper")
    assert len(select(campaign, ["dose_series"])) == 4 + 2 * 5
    assert len(select(campaign, ["dose_series", "defocus_series"])) == 4 + 2 * 16
    assert len(select(campaign, ["Ag-large"])) == 4 + 2 * 16
    assert len(select(small_campaign(), ["all"])) == 9 * (4 + 2 * 16)
    with pytest.raises(SelectionError, match=r"'dose' is neither.*dose_series.*CdSe-medium"):
        select(campaign, ["dose"])


def test_complete_partial_and_missing_partitions_are_told_apart(filled):
    campaign = small_campaign()
    by_asset = {str(p.partition): p for p in plan(campaign, filled, select(campaign, [SPECIMEN]))}
    assert by_asset[str(WAVES)].state == "complete"
    assert by_asset[str(WAVES)].seconds == 0
    assert by_asset[f"micrographs/{SPECIMEN}/{CONDITION}"].state == "complete"
    assert by_asset[f"micrographs/{SPECIMEN}/df+00nm_400e"].state == "missing"
    larger = state_of(filled, small_campaign(counts={"train": 8, "validation": 2}), WAVES)
    assert (larger.state, larger.done, larger.left) == ("partial", 3, 7)


def test_an_unfinished_build_counts_what_it_has_committed(layout):
    campaign = small_campaign()
    # as a kill before publishing leaves it
    layout.build(WAVES, "x").parent.mkdir(parents=True, exist_ok=True)
    fill_all(layout, 3, ("exit_waves",))
    digest = state_digest(layout)
    layout.store(WAVES).rename(layout.build(WAVES, digest))
    journal = layout.journal(WAVES, digest)
    journal.mkdir()
    for first in range(2):
        (journal / f"{first:06d}.json").write_text(json.dumps({"first": first, "records": [{}]}))
    mark_prepared(journal)
    found = state_of(layout, campaign, WAVES)
    assert (found.state, found.done, found.left) == ("partial", 2, 1)


def state_digest(layout: Layout) -> str:
    return json.loads((layout.store(WAVES) / "zarr.json").read_text())["attributes"]["recipe_digest"]


def test_a_stale_partition_says_why(filled):
    changed = with_overrides(small_campaign(), {"optics": {"focal_spread_a": 8.0}})
    found = state_of(filled, changed, PartitionId("zero_defocus", SPECIMEN))
    assert (found.state, found.done) == ("stale", 0)
    assert found.why == ("settings.optics.focal_spread_a: 10.0 (stored), 8.0 (wanted)",)
    downstream = state_of(filled, changed, PartitionId("training_sets", SPECIMEN, CONDITION))
    assert downstream.state == "stale"
    assert state_of(filled, changed, WAVES).state == "complete"


def test_overrides_of_a_run_are_honoured_and_make_stale_what_was_made_before_them(layout):
    overrides = {"optics": {"focal_spread_a": 12.0}}
    changed = with_overrides(small_campaign(), overrides)
    fill_all(layout, None, ("zero_defocus",), changed, overrides)
    campaign = small_campaign()
    assert state_of(layout, campaign, PartitionId("zero_defocus", SPECIMEN)).state == "complete"
    images = PartitionId("micrographs", SPECIMEN, CONDITION)
    found = state_of(layout, campaign, images)
    assert found.state == "stale"
    assert "has been made again since" in found.why[0]
    fill_all(layout, None, ("micrographs",), changed, overrides)
    assert state_of(layout, campaign, images).state == "complete"


def test_what_is_no_store_is_stale_and_not_complete(layout):
    (layout.store(WAVES) / "zarr.json").write_text("{")
    assert state_of(layout, small_campaign(), WAVES).why == (
        "what is in its place is not a complete store; ask: hrtem verify",
    )


def test_what_is_left_costs_what_stores_of_the_specimen_measured(filled):
    campaign = small_campaign(counts={"train": 20, "validation": 3})
    found = state_of(filled, campaign, WAVES)
    assert found.left == 20
    assert found.bytes == pytest.approx(20 * stored_bytes(filled.store(WAVES)) / 3)
    assert 0 < found.seconds < 200


def test_a_specimen_without_stores_is_scaled_by_height_where_slices_cost(filled):
    sizes = {
        "small": {"radius_min_a": 8, "radius_max_a": 12},
        "large": {"radius_min_a": 15, "radius_max_a": 20},
    }
    campaign = small_campaign(sizes=sizes | {"medium": None}, counts={"train": 3, "validation": 3})
    own, other = (
        state_of(filled, campaign, PartitionId("exit_waves", key)).rate for key in (SPECIMEN, "Ag-large")
    )
    height = mean_height_a(campaign, "Ag-large") / mean_height_a(campaign, SPECIMEN)
    assert height > 1.2
    assert other.basis == (SPECIMEN,)
    assert other.seconds == pytest.approx(own.seconds * height)
    images = PartitionId("micrographs", "Ag-large", CONDITION)
    assert state_of(filled, campaign, images).rate.seconds == pytest.approx(
        state_of(filled, campaign, PartitionId("micrographs", SPECIMEN, CONDITION)).rate.seconds
    )


def test_stores_with_another_grid_or_engine_tell_no_rate(filled):
    finer = with_overrides(small_campaign(), {"simulation": {"sampling_a": 0.1, "output_sampling_a": 0.1}})
    coarse = with_overrides(small_campaign(), {"simulation": {"frozen_phonons": 3}})
    for campaign in (finer, coarse):
        assert state_of(filled, campaign, PartitionId("exit_waves", "Ag-small")).rate is None
        assert state_of(filled, campaign, PartitionId("structures", "Ag-small")).rate is not None
    assert state_of(filled, finer, PartitionId("labels", "Ag-small")).rate is None


def test_the_split_does_not_change_what_a_training_set_costs(filled):
    campaign = small_campaign(counts={"train": 5, "validation": 1})
    assert state_of(filled, campaign, PartitionId("training_sets", "Ag-small", CONDITION)).rate is not None


def test_the_command_prints_a_table_with_totals_and_json(layout, environment):
    shown = CliRunner().invoke(main, ["plan", SPECIMEN, "--workers", "2"], catch_exceptions=False).output
    lines = shown.splitlines()
    assert lines[0].split()[:6] == ["asset", "complete", "partial", "stale", "missing", "to"]
    assert lines[7].startswith("total")
    assert "with 2 workers" in shown
    data = json.loads(CliRunner().invoke(main, ["plan", SPECIMEN, "--json"], catch_exceptions=False).output)
    assert len(data["partitions"]) == 4 + 2 * 16
    assert data["total"]["to_make"] == 2 * 15 * 3
    assert data["total"]["without_rate"] == 0
    assert data["total"]["worker_seconds"]["cpu"] > 0 == data["total"]["worker_seconds"]["cuda"]
    assert 5e7 < data["total"]["memory_bytes"] < 8e9


def test_without_any_store_the_command_says_how_to_measure(layout, environment, monkeypatch, tmp_path):
    monkeypatch.setenv("HRTEM_DATA", str(tmp_path / "empty"))
    shown = CliRunner().invoke(main, ["plan", "all"], catch_exceptions=False).output
    assert "no rate measured yet: run the demo" in shown
    assert not (tmp_path / "empty").exists()


def test_plan_ends_with_what_each_lattice_of_the_selection_amounts_to(tmp_path, monkeypatch):
    campaign = tmp_path / "own.yaml"
    campaign.write_text(
        "extends: demo\nname: own\nlattices:\n"
        "  PbO: {space_group: 129, a: 3.976, c: 5.023, formula: PbO,\n"
        "        sites: [{element: O, position: [3/4, 1/4, 0]}, {element: Pb, position: [1/4, 1/4, 0.2385]}]}\n"
    )
    monkeypatch.setenv("HRTEM_CAMPAIGN", str(campaign))
    monkeypatch.setenv("HRTEM_DATA", str(tmp_path / "data"))
    lines = CliRunner().invoke(main, ["plan", "PbO-small", "Cu-small"]).output.splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("lattice "))
    told = lines[first:]
    assert [line.split()[0] for line in told[:5]] == ["lattice", "PbO", "Cu", "PbO:", "support:"]
    assert told[1].split() == ["PbO", "PbO", "2", "9.335", "O-Pb", "2.321", "Å", "P", "4/n", "m", "m:2"]
    assert told[3] == "PbO: origin 2 taken: the other does not give what is declared"
    assert told[4] == "support: amorphous C, 2.2 g/cm³, shortest 1.4 Å, 20 to 80 Å thick"
    assert [line.split()[0] for line in told[6:]] == ["specimen", "PbO-small", "Cu-small"]
    found = json.loads(CliRunner().invoke(main, ["plan", "PbO-small", "--json"]).output)
    assert found["lattices"]["PbO"]["density_g_per_cm3"] == pytest.approx(9.335, abs=0.001)
    assert list(found["lattices"]) == ["PbO"]
