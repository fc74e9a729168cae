"""The nightly top-up, tick by tick: what it requests, and in which words it does not."""

import time
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus

from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import load_campaign
from hrtem_assets.definitions import build_defs
from hrtem_assets.orchestration.backfills import add_backfill, targets
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets.orchestration.top_up import decide
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.small import SPECIMEN, small_campaign

CONDITIONS = [{"defocus_nm": -25, "dose_e_per_a2": 400}, {"defocus_nm": -20, "dose_e_per_a2": 400}]
KEYS = ("df-25nm_400e", "df-20nm_400e")
NOW = datetime(2026, 1, 1, 22, tzinfo=UTC)
WANTED = 4 + 2 * len(KEYS)


def campaign(**changes):
    series = {"specimens": [SPECIMEN], "conditions": CONDITIONS}
    no_others = dict.fromkeys(load_campaign("paper").series)
    return small_campaign(
        **{"series": no_others | {"short": series}, "counts": {"train": 1, "validation": 0}} | changes
    )


class Night:
    """Ticks of the schedule, and the runs that they request, as a daemon would make them."""

    def __init__(self, root, **changes):
        self.campaign, self.layout = campaign(**changes), Layout(root)
        (root / "home").mkdir()
        self.instance = dg.DagsterInstance.local_temp(str(root / "home"))
        self.definitions = build_defs(self.campaign, root)

    def tick(self):
        """The reason why nothing was requested, or the new backfill."""
        repository = self.definitions.get_repository_def()
        context = dg.build_schedule_context(
            self.instance, scheduled_execution_time=datetime.now(UTC), repository_def=repository
        )
        data = repository.get_schedule_def("nightly").evaluate_tick(context)
        if data.skip_message:
            assert not data.run_requests
            return data.skip_message
        before = {b.backfill_id for b in self.instance.get_backfills()}
        (request,) = data.run_requests or ()
        assert (
            self.definitions.resolve_job_def("top_up")
            .execute_in_process(instance=self.instance, tags=request.tags)
            .success
        )
        (backfill,) = [b for b in self.instance.get_backfills() if b.backfill_id not in before]
        return backfill

    def end(self, backfill, status=BulkActionStatus.COMPLETED_SUCCESS):
        self.instance.update_backfill(backfill.with_status(status))

    def make(self, *assets, conditions=KEYS):
        materialize(self.definitions, self.instance, assets, SPECIMEN, conditions)


def names(backfill):
    return {str(p) for p in targets(backfill)}


@pytest.mark.slow
def test_a_night_from_nothing_to_everything(tmp_path):
    night = Night(tmp_path)
    first = night.tick()
    assert len(names(first)) == WANTED
    assert {"structures/CdSe-small", "training_sets/CdSe-small/df-20nm_400e"} <= names(first)
    assert first.tags["dagster/schedule_name"] == "nightly"
    assert first.asset_backfill_data.target_subset.non_partitioned_asset_keys == {dg.AssetKey("storage")}
    # never twice at once
    assert night.tick() == f"backfill {first.backfill_id} is still making its {WANTED} partitions"
    night.make(*ASSETS)
    night.end(first)
    assert night.tick() == f"nothing to do: all {WANTED} partitions of short are complete"


def test_what_failed_is_tried_again_but_not_endlessly_in_one_night(tmp_path):
    night = Night(tmp_path)
    for _ in range(2):
        backfill = night.tick()
        assert len(names(backfill)) == WANTED
        night.end(backfill, BulkActionStatus.COMPLETED_FAILED)
    reason = night.tick()
    assert reason.startswith(
        "nothing to begin: structures/CdSe-small and 7 more: requested 2 times in 12 hours"
    )
    assert backfill.backfill_id in reason
    # the next night
    tomorrow = datetime.now(UTC) + timedelta(hours=24)
    assert len(decide(night.campaign, night.layout, night.instance, tomorrow).wanted) == WANTED


def test_only_what_is_missing_stale_or_too_little_is_requested(tmp_path):
    night = Night(tmp_path)
    night.make("structures", "exit_waves", "zero_defocus", "labels")
    night.make("micrographs", conditions=KEYS[:1])
    backfill = night.tick()
    assert names(backfill) == {f"micrographs/{SPECIMEN}/{KEYS[1]}"} | {
        f"training_sets/{SPECIMEN}/{k}" for k in KEYS
    }
    night.end(backfill)
    night.campaign = campaign(optics={"defocus_jitter_nm": 3})
    night.definitions = build_defs(night.campaign, tmp_path)
    stale = decide(night.campaign, night.layout, night.instance, datetime.now(UTC))
    assert f"micrographs/{SPECIMEN}/{KEYS[0]}" in map(str, stale.wanted)
    assert "1 stale" in stale.words
    more = campaign(counts={"train": 2, "validation": 0})
    few = decide(more, night.layout, dg.DagsterInstance.ephemeral(), NOW)
    assert "5 partial" in few.words and "3 missing" in few.words


def test_the_bounds_of_the_campaign_hold(tmp_path):
    night = Night(tmp_path, schedule={"max_partitions": 3})
    assert names(night.tick()) == {
        f"{asset}/{SPECIMEN}" for asset in ("structures", "exit_waves", "zero_defocus")
    }


def test_what_a_run_or_another_backfill_is_making_is_left_to_it_and_named(tmp_path):
    night = Night(tmp_path)
    job = night.definitions.resolve_implicit_global_asset_job_def()
    run = night.instance.create_run_for_job(
        job,
        asset_selection={dg.AssetKey("exit_waves")},
        tags={"dagster/partition": SPECIMEN},
        status=dg.DagsterRunStatus.STARTED,
    )
    decision = decide(night.campaign, night.layout, night.instance, NOW)
    assert decision.wanted == (PartitionId("structures", SPECIMEN),)
    assert f"exit_waves/{SPECIMEN}: run {run.run_id}" in decision.words
    other = add_backfill(
        night.campaign, night.instance, "mine", [PartitionId("structures", SPECIMEN)], {"by": "hand"}
    )
    reason = night.tick()
    assert reason.startswith("nothing to begin: ")
    assert f"structures/{SPECIMEN}: backfill {other} (mine)" in reason
    assert f"exit_waves/{SPECIMEN}: run {run.run_id}" in reason


@pytest.mark.slow
def test_partitions_in_a_range_are_known_to_be_underway(tmp_path):
    night = Night(tmp_path)
    night.make("structures", "exit_waves", "zero_defocus", "labels")
    first, last = (f"{key}|{SPECIMEN}" for key in KEYS)
    night.instance.create_run_for_job(
        night.definitions.resolve_implicit_global_asset_job_def(),
        asset_selection={dg.AssetKey("micrographs"), dg.AssetKey("training_sets")},
        tags={"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last},
        status=dg.DagsterRunStatus.STARTED,
    )
    assert decide(night.campaign, night.layout, night.instance, NOW).wanted == ()


def test_a_campaign_file_that_has_grown_waits_for_its_partitions_to_be_loaded(tmp_path, monkeypatch):
    file = tmp_path / "mine.yaml"
    file.write_text("extends: demo\n")
    monkeypatch.setenv("HRTEM_CAMPAIGN", str(file))
    night = Night(tmp_path)
    night.definitions = build_defs(root=tmp_path)
    file.write_text("extends: demo\nconditions+: [{defocus_nm: 42, dose_e_per_a2: 400}]\n")
    assert night.tick() == (
        "the campaign file names df+42nm_400e, which are not loaded yet: reload definitions (Deployment)"
    )
    file.write_text("extends: demo\nseed: -1\n")
    assert "seed = -1" in night.tick()


def test_a_tick_on_the_whole_published_grid_is_far_from_its_time_limit(tmp_path):
    paper = load_campaign("paper", {"series": None})
    start = time.process_time()
    decision = decide(paper, Layout(tmp_path), dg.DagsterInstance.ephemeral(), NOW)
    # 60 s of wall time are allowed
    assert time.process_time() - start < 15
    # no rate is known here, so one specimen of the 27 comes first
    assert len(decision.wanted) == 4 + 2 * 16
    assert "936 more another time" in decision.words


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cron": "0 25 * * *"}, "hour '25' must be"),
        ({"cron": "0 22 * *"}, "4 fields instead of 5"),
        ({"timezone": "Mars/Olympus"}, "is not a time zone"),
        ({"series": ["tilt_series"]}, "unknown series"),
        ({"max_hours": 0}, "> 0.0 and <= 10000.0 h"),
    ],
)
def test_bad_schedules_are_refused_with_field_value_and_repair(settings, words):
    with pytest.raises(ValueError, match="schedule") as caught:
        load_campaign("paper", {"schedule": settings})
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["specimens", "images", "top_up"])
def test_a_series_may_not_take_the_name_of_a_job(name):
    series = {name: {"specimens": ["CdSe-medium"], "conditions": CONDITIONS[:1]}}
    with pytest.raises(ValueError, match="choose another name"):
        load_campaign("paper", {"series": series})


def test_the_schedule_decides_nothing_of_any_recipe():
    one, two = (
        load_campaign("paper"),
        load_campaign("paper", {"schedule": {"cron": "0 3 * * *", "max_hours": 2}}),
    )
    for stage in ASSETS.values():
        condition = KEYS[0] if stage.per_condition else None
        assert (
            stage.recipe(one, one.specimen("Cu-small"), condition).digest
            == stage.recipe(two, two.specimen("Cu-small"), condition).digest
        )
