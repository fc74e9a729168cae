"""What Dagster itself costs per partition: a backfill launched as the UI does, of images that cost next to nothing."""

import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from hrtem_assets.campaign import Campaign, load_campaign
from hrtem_assets.compute.fill import fill
from hrtem_assets.compute.settings import LocalCompute
from hrtem_assets.stages import STAGES
from hrtem_assets.store.layout import Layout
from hrtem_assets_tests.platform.served import Served, serve, wait_for

LATTICES_KEPT = 9
IMAGES = ("micrographs", "training_sets")
SETTINGS: dict[str, Any] = {
    "extends": "paper",
    "name": "tiny",
    "counts": {"train": 1, "validation": 0},
    "sizes": {
        "small": {"radius_min_a": 4, "radius_max_a": 5},
        "medium": {"radius_min_a": 4, "radius_max_a": 5.5},
        "large": {"radius_min_a": 4, "radius_max_a": 6},
    },
    "substrate": {"thickness_min_a": 5, "thickness_max_a": 6},
    "placement": {"count_min": 1, "count_max": 1},
    "max_stacking_faults": None,
    "simulation": {"cell_a": 25.6, "sampling_a": 0.2, "slice_thickness_a": 4.0, "frozen_phonons": 1},
    "series": None,
}


def measure_backfill(specimens: int, assets: tuple[str, ...] = IMAGES[:1]) -> dict[str, Any]:
    """Backfill every condition of some specimens in a real daemon, and the same work without Dagster.

    Args:
        specimens: of 27; 16 conditions each.
        assets: which images' assets.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        text = yaml.safe_dump(SETTINGS, allow_unicode=True)
        (root / "campaign.yaml").write_text(text, "utf-8")
        campaign = load_campaign(root / "campaign.yaml")
        chosen = list(campaign.specimens)[:specimens]
        for asset in ("structures", "exit_waves", "zero_defocus", "labels"):
            for specimen in chosen:
                _fill(campaign, root / "data", asset, specimen)
        # the same images elsewhere: what they cost without Dagster
        (root / "alone").mkdir()
        (root / "alone" / "assets").symlink_to(root / "data" / "assets")
        keys = [f"{c.key}|{s}" for s in chosen for c in campaign.conditions]
        with serve(root, text, HRTEM_WORKERS="1") as served:
            wait_for(lambda: _loaded(served), 120)
            cpu, start = _cpu_s(served.process.pid), time.monotonic()
            backfill = served.launch_backfill(list(assets), keys)
            wait_for(lambda: _ended(served, backfill), 3600, every=0.25)
            wall = time.monotonic() - start
            cpu = _cpu_s(served.process.pid) - cpu
            runs = _runs(served, backfill)
            _refuse_failures(served, runs)
        made = sum(
            Layout(root / "data").store(STAGES[a].partition(campaign.specimen(s), c.key)).is_dir()
            for a in assets
            for s in chosen
            for c in campaign.conditions
        )
    return {
        "partitions": len(keys) * len(assets),
        "made": made,
        "runs": len(runs),
        "wall_s": wall,
        "cpu_s": cpu,
        "wall_s_per_partition": wall / (len(keys) * len(assets)),
        "cpu_s_per_partition": cpu / (len(keys) * len(assets)),
        "run_wall_s": median(r["endTime"] - r["startTime"] for r in runs),
        "wait_to_start_s": median(r["startTime"] - r["creationTime"] for r in runs),
        "statuses": sorted({r["status"] for r in runs}),
    }


def _fill(campaign: Campaign, root: Path, asset: str, specimen: str) -> None:
    fill(
        STAGES[asset],
        campaign,
        specimen,
        (None,),
        Layout(root),
        count=None,
        compute=LocalCompute(workers=1),
        provenance={"run_id": "benchmark", "overrides": {}},
        log=lambda _: None,
    )


def _loaded(served: Served) -> bool:
    answer = served.graphql("{ assetNodes { assetKey { path } } }")
    return bool(answer["assetNodes"])


def _ended(served: Served, backfill: str) -> bool:
    answer = served.graphql(
        "query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }",
        id=backfill,
    )["partitionBackfillOrError"]
    if answer["status"].startswith("FAIL"):
        raise RuntimeError(f"backfill {backfill} ended as {answer['status']}")
    return answer["status"].startswith("COMPLETED")


def _runs(served: Served, backfill: str) -> list[dict[str, Any]]:
    return served.graphql(
        """query($f: RunsFilter!) { runsOrError(filter: $f) { ... on Runs { results {
        runId status creationTime startTime endTime } } } }""",
        f={"tags": [{"key": "dagster/backfill", "value": backfill}]},
    )["runsOrError"]["results"]


def _refuse_failures(served: Served, runs: list[dict[str, Any]]) -> None:
    """A failed run costs less than a good one: it must not enter the figures."""
    for run in runs:
        if run["status"] != "SUCCESS":
            with served.instance() as instance:
                events = instance.all_logs(run["runId"])
                words = [e.user_message for e in events if "FAILURE" in str(e.dagster_event_type)]
                errors = [
                    e.step_failure_data.error.to_string()
                    for e in (r.dagster_event for r in events)
                    if e is not None and e.is_step_failure
                ]
            raise RuntimeError(f"run {run['runId']} ended as {run['status']}: {words} {errors[:1]}")


def _cpu_s(group: int) -> float:
    """Processor seconds of a session's processes, living and waited for."""
    ticks = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == group:
            ticks += sum(int(f) for f in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    import sys

    print(json.dumps(measure_backfill(int(sys.argv[1]), tuple(sys.argv[2].split(","))), indent=1))
