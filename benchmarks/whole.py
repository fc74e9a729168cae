"""Whole structures: by the platform's own assets, from atoms to micrographs and labels on disk, and by the script."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import script
from benchmarks.case_a import CONDITIONS, SPECIMEN, SUBSTRATE_A, campaign_a
from benchmarks.clock import Laps, cpu_of, cpu_s, end_fork_server, peak_memory_mb
from hrtem_assets.assets import ASSETS, Asset
from hrtem_assets.backend.choice import DeviceName
from hrtem_assets.campaign import Campaign
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import Compute, LocalCompute
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.store import Layout
from hrtem_assets.store.commits import BuildHandle

MADE = ("structures", "exit_waves", "zero_defocus", "labels", "micrographs")


def make(
    asset: Asset,
    campaign: Campaign,
    folder: Path,
    count: int,
    compute: Compute,
    device: DeviceName = "cpu",
) -> None:
    """One asset of the first structures, under all conditions that it has."""
    fill(
        asset,
        campaign,
        SPECIMEN,
        CONDITIONS if asset.per_condition else (None,),
        Layout(folder),
        count=count,
        compute=compute,
        device=device,
        provenance={},
        log=lambda _: None,
    )


def measure_ours(phonons: int, repeats: int) -> dict[str, Any]:
    """CPU seconds of one structure, asset by asset, when it has been made before in the same process.

    Args:
        phonons: frozen-phonon configurations.
        repeats: how often; of each figure the least counts.

    Returns:
        `make` and `write` (compressing and writing) of each asset, `open_and_publish` of all stores together,
        `cpu_s` of all of it, `wall_s` and `peak_memory_mb`.
    """
    campaign = campaign_a(phonons)
    runs = []
    with TemporaryDirectory() as folder:
        for repeat in range(repeats + 1):
            wall, cpu, assets = time.perf_counter(), cpu_s(), {}
            for name in MADE:
                with cpu_of(Asset, "products") as made, cpu_of(BuildHandle, "commit") as written:
                    make(ASSETS[name], campaign, Path(folder, str(repeat)), 1, LocalCompute(workers=1))
                assets[name] = {"make": sum(made), "write": sum(written)}
            runs.append((cpu_s() - cpu, time.perf_counter() - wall, assets))
    # the first one has paid for imports, compilation and plans
    warm = runs[1:]
    cpu, wall, _ = min(warm, key=lambda run: run[0])
    least = {
        name: {part: min(run[2][name][part] for run in warm) for part in ("make", "write")} for name in MADE
    }
    return {
        "phonons": phonons,
        "assets": least,
        "open_and_publish": min(
            total - sum(sum(asset.values()) for asset in assets.values()) for total, _, assets in warm
        ),
        "cpu_s": cpu,
        "wall_s": wall,
        "peak_memory_mb": peak_memory_mb(),
    }


def measure_script(phonons: int) -> dict[str, Any]:
    """CPU seconds of the same structure by the script, after a small one that pays compilation and plans."""
    campaign = campaign_a(phonons)
    specimen = campaign.specimen(SPECIMEN)
    particles = build_structure(campaign, specimen, 0).particles
    x, y, _ = particles[0].center_a
    speck = replace(particles[0], radius_a=4.0, center_a=(x, y, 6.0))
    script.run(campaign_a(1), specimen, [speck], 2.0, CONDITIONS[:1])
    wall, lap = time.perf_counter(), Laps()
    assets = script.run(campaign, specimen, particles, SUBSTRATE_A, CONDITIONS)
    lap("all")
    return {
        "phonons": phonons,
        "assets": assets,
        "cpu_s": lap.seconds["all"],
        "wall_s": time.perf_counter() - wall,
        "peak_memory_mb": peak_memory_mb(),
    }


def make_all(
    compute: Compute, count: int, phonons: int, spent_s: Callable[[], float] = cpu_s
) -> dict[str, float]:
    """CPU and wall seconds of several structures through all assets, the start of their workers included.

    Args:
        compute: who makes them.
        count: structures.
        phonons: frozen-phonon configurations.
        spent_s: CPU seconds so far of all that work on it.
    """
    campaign = campaign_a(phonons)
    with TemporaryDirectory() as folder:
        cpu, wall = spent_s(), time.perf_counter()
        for name in MADE:
            make(ASSETS[name], campaign, Path(folder), count, compute)
        end_fork_server()
        cpu, wall = spent_s() - cpu, time.perf_counter() - wall
    return {"cpu_s": cpu, "wall_s": wall, "structures_per_hour": 3600 * count / wall}


def measure_workers(workers: int, count: int, phonons: int) -> dict[str, float]:
    """`make_all` by worker processes, and the memory of the largest.

    Args:
        workers: processes.
        count: structures.
        phonons: frozen-phonon configurations.
    """
    made = make_all(LocalCompute(workers=workers), count, phonons)
    return {
        "workers": workers,
        "structures": count,
        "phonons": phonons,
        **made,
        "peak_memory_mb": peak_memory_mb(),
    }
