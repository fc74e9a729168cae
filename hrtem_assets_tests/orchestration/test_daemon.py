"""A real daemon: the schedule, a backfill launched as the UI does, and what becomes of an edit of the campaign."""

import os
from datetime import UTC, datetime

import pytest
import yaml

from hrtem_assets.store.layout import PartitionId
from hrtem_assets.store.reading import store_info
from hrtem_assets_tests.orchestration.served import serve, wait_for
from hrtem_assets_tests.small import SETTINGS, SPECIMEN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NIGHTLY = [{"defocus_nm": float(d), "dose_e_per_a2": 400.0} for d in (-10, 10)]
OTHERS = [{"defocus_nm": float(d), "dose_e_per_a2": 100.0} for d in range(32)]
NIGHTLY_KEYS, OTHER_KEYS = ("df-10nm_400e", "df+10nm_400e"), [f"df+{d:02d}nm_100e" for d in range(32)]
CAMPAIGN = SETTINGS | {
    "extends": "demo",
    "counts": {"train": 1, "validation": 0},
    "sizes": {"small": {"radius_min_a": 4, "radius_max_a": 5}, "medium": None, "large": None},
    "simulation": {"cell_a": 25.6, "sampling_a": 0.2, "slice_thickness_a": 4.0, "frozen_phonons": 1},
    "conditions": [*NIGHTLY, *OTHERS],
    "series": dict.fromkeys(("defocus_series", "dose_series", "structure_series"))
    | {"short": {"specimens": [SPECIMEN], "conditions": NIGHTLY}},
    "schedule": {"cron": "* * * * *"},
}


def text(**changes):
    return yaml.safe_dump(CAMPAIGN | changes, allow_unicode=True)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("daemon"), text(), HRTEM_WORKERS="1") as served:
        yield served


def ended(served, backfill):
    status = served.backfill(backfill)["status"]
    assert not status.startswith("FAIL") and status != "COMPLETED_FAILED", served.log()[-5000:]
    return status == "COMPLETED_SUCCESS"


def jitter_nm(served, asset, condition):
    info = store_info(served.layout.store(PartitionId(asset, SPECIMEN, condition)))
    return info.recipe.settings["defocus_jitter_nm"]


def test_the_schedule_tops_a_series_up_and_never_twice_at_once(served):
    assert not served.ticks("nightly")
    served.switch("Schedule", "nightly", on=True)
    first = wait_for(lambda: served.ticks("nightly"), 120)[0]
    assert first["status"] == "SUCCESS", first
    (backfill,) = wait_for(served.backfills, 60)
    assert backfill["title"] == "top_up"
    second = wait_for(lambda: served.ticks("nightly")[1:], 120)[0]
    assert second["status"] == "SKIPPED"
    assert second["skipReason"] == f"backfill {backfill['id']} is still making its 8 partitions"
    assert second["endTimestamp"] - second["timestamp"] < 30
    served.switch("Schedule", "nightly", on=False)
    wait_for(lambda: ended(served, backfill["id"]), 300)
    for asset in ("structures", "exit_waves", "zero_defocus", "labels"):
        assert served.layout.store(PartitionId(asset, SPECIMEN)).is_dir()
    for asset in ("micrographs", "training_sets"):
        for key in NIGHTLY_KEYS:
            assert served.layout.store(PartitionId(asset, SPECIMEN, key)).is_dir()
    with served.instance() as instance:
        import dagster as dg

        (record,) = instance.fetch_materializations(dg.AssetKey("storage"), limit=5).records
        shown = record.asset_materialization.metadata
        assert shown["total_megabytes"].value >= shown["exit_waves_megabytes"].value > 0


def test_thirty_two_partitions_launched_as_by_the_ui_take_less_than_three_seconds_each(served):
    start = datetime.now(UTC).timestamp()
    backfill = served.launch_backfill(["micrographs"], [f"{key}|{SPECIMEN}" for key in OTHER_KEYS])
    wait_for(lambda: ended(served, backfill), 300)
    seconds = datetime.now(UTC).timestamp() - start
    for key in OTHER_KEYS:
        assert served.layout.store(PartitionId("micrographs", SPECIMEN, key)).is_dir()
    runs = served.graphql(
        "query($f: RunsFilter!) { runsOrError(filter: $f) { ... on Runs { results { id } } } }",
        f={"tags": [{"key": "dagster/backfill", "value": backfill}]},
    )["runsOrError"]["results"]
    assert len(runs) == 2
    # up to 30 s of them go by before the daemon looks at a new backfill, and again before it sees its end
    busy = max(os.getloadavg()[0] / (os.cpu_count() or 1), 1.0)
    assert seconds / len(OTHER_KEYS) < 3 * busy


def test_an_edit_is_seen_as_unsynced_and_topped_up_and_waves_are_left_alone(served):
    waves = served.layout.store(PartitionId("exit_waves", SPECIMEN))
    before = waves.stat().st_mtime_ns
    images = [f"{key}|{SPECIMEN}" for key in (*NIGHTLY_KEYS, *OTHER_KEYS)]
    assert not served.stale("micrographs")
    served.campaign.write_text(text(optics={"defocus_jitter_nm": 2.5}), "utf-8")
    wait_for(lambda: served.stale("micrographs"), 120)
    assert sorted(served.stale("micrographs")) == sorted(images)
    assert sorted(served.stale("training_sets")) == sorted(f"{key}|{SPECIMEN}" for key in NIGHTLY_KEYS)
    assert [a for a in ("structures", "exit_waves", "zero_defocus", "labels") if served.stale(a)] == []

    known = {b["id"] for b in served.backfills()}
    served.switch("Schedule", "nightly", on=True)
    (backfill,) = wait_for(lambda: [b for b in served.backfills() if b["id"] not in known], 120)
    assert backfill["title"] == "top_up"
    wait_for(lambda: ended(served, backfill["id"]), 300)
    assert {jitter_nm(served, "micrographs", k) for k in NIGHTLY_KEYS} == {2.5}
    assert waves.stat().st_mtime_ns == before
    # the other conditions belong to no series that the schedule names
    assert sorted(served.stale("micrographs")) == sorted(f"{key}|{SPECIMEN}" for key in OTHER_KEYS)
    assert not served.stale("training_sets")

    served.campaign.write_text(
        text(
            optics={"defocus_jitter_nm": 2.5},
            conditions=[*NIGHTLY, *OTHERS, {"defocus_nm": 42, "dose_e_per_a2": 1}],
        ),
        "utf-8",
    )
    wait_for(
        lambda: any("not loaded yet" in (t["skipReason"] or "") for t in served.ticks("nightly")),
        120,
    )
