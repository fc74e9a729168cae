"""What Dagster itself costs per partition: a backfill launched as the UI does, of images that cost next to nothing."""

import os
import tempfile
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import Campaign, load_campaign
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.orchestration.top_up import decide
from hrtem_assets.store import Layout
from hrtem_assets_tests.orchestration.served import Served, serve, wait_for

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


def measure_backfill(specimens: int = 27) -> dict[str, Any]:
    """Backfill the micrographs of some specimens under 16 conditions in a real daemon; how long a nightly tick takes.

    Args:
        specimens: of the 27.

    Returns:
        wall and CPU seconds of everything together, from the launch to the end of the backfill; of runs, medians.

    Raises:
        RuntimeError: if a run or the backfill fails.
    """
    # a daemon that is being ended may still write
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        text = yaml.safe_dump(SETTINGS, allow_unicode=True)
        (root / "campaign.yaml").write_text(text, "utf-8")
        campaign, layout = load_campaign(root / "campaign.yaml"), Layout(root / "data")
        chosen = list(campaign.specimens)[:specimens]
        for asset in ("structures", "exit_waves", "zero_defocus"):
            for specimen in chosen:
                _fill(campaign, layout, asset, specimen)
        keys = [f"{c.key}|{s}" for s in chosen for c in campaign.conditions]
        load = os.getloadavg()[0]
        with serve(root, text, HRTEM_WORKERS="1") as served:
            wait_for(lambda: _loaded(served), 120)
            cpu, start = _cpu_s(served.process.pid), time.monotonic()
            backfill = served.launch_backfill(["micrographs"], keys)
            wait_for(lambda: _ended(served, backfill), 3600, every=0.25)
            wall = time.monotonic() - start
            cpu = _cpu_s(served.process.pid) - cpu
            runs = _runs(served, backfill)
            _refuse_failures(served, runs)
            with served.instance() as instance:
                start_tick = time.perf_counter()
                decide(campaign, layout, instance, datetime.now(UTC))
                tick = time.perf_counter() - start_tick
    return {
        "partitions": len(keys),
        "runs": len(runs),
        "load_before": load,
        "wall_s": wall,
        "cpu_s": cpu,
        "wall_s_per_partition": wall / len(keys),
        "cpu_s_per_partition": cpu / len(keys),
        "run_wall_s": median(r["endTime"] - r["startTime"] for r in runs),
        "run_every_s": median(_gaps(runs)),
        "tick_s": tick,
    }


def words(figures: dict[str, Any]) -> str:
    """The figures of `measure_backfill` in a line."""
    return (
        f"{figures['partitions']} partitions in {figures['runs']} runs, {figures['wall_s']:.0f} s: "
        f"{figures['wall_s_per_partition']:.2f} s and {figures['cpu_s_per_partition']:.2f} CPU s each; a run takes "
        f"{figures['run_wall_s']:.1f} s, one ends every {figures['run_every_s']:.1f} s; a nightly tick takes "
        f"{figures['tick_s']:.1f} s; load before {figures['load_before']:.1f}"
    )


def _gaps(runs: list[dict[str, Any]]) -> list[float]:
    """Seconds from the end of each run to the end of the next."""
    return [later - earlier for earlier, later in pairwise(sorted(r["endTime"] for r in runs))]


def _fill(campaign: Campaign, layout: Layout, asset: str, specimen: str) -> None:
    fill(
        ASSETS[asset],
        campaign,
        specimen,
        (None,),
        layout,
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
                words = [e.user_message for e in instance.all_logs(run["runId"]) if "FAILURE" in e.message]
            raise RuntimeError(f"run {run['runId']} ended as {run['status']}: {words}")


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
