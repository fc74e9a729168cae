"""Engines side by side on case A: `python -m hrtem_assets_tests.benchmarks`; a table, and data/bench/bench.json."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_assets_tests.benchmarks.contenders import CONTENDERS

RESULTS = Path("data/bench/bench.json")


def main() -> None:
    """Run every contender in a process of its own, print the table and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m hrtem_assets_tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--phonons", type=int, default=2, help="frozen phonons; the campaigns use 8 (default 2)"
    )
    parser.add_argument("--slices", type=int, default=0, help="use only so many slices (default: all)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the threaded run")
    parser.add_argument("--repeats", type=int, default=3, help="runs of all but abTEM; the fastest counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = {
            name: _fastest(name, options, 1, 1 if name == "abtem" else options.repeats, Path(folder))
            for name in CONTENDERS
        }
        threaded = _fastest("fused exact", options, options.threads, options.repeats, None)
        errors = {mode: _difference(Path(folder), f"fused {mode}") for mode in ("exact", "fast")}
    case = _summary(measured, threaded, errors)
    _print(case)
    _write(case)


def _fastest(
    name: str, options: argparse.Namespace, threads: int, repeats: int, folder: Path | None
) -> dict[str, Any]:
    waves = "" if folder is None else str(_waves_of(folder, name))
    command = [sys.executable, "-m", "hrtem_assets_tests.benchmarks.contenders"]
    command += [name, str(options.phonons), str(options.slices), str(threads), waves]
    runs = []
    for repeat in range(repeats):
        print(f"{name}, {threads} thread(s), run {repeat + 1} of {repeats} ...", file=sys.stderr, flush=True)
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return min(runs, key=lambda run: run["cpu_s"])


def _waves_of(folder: Path, name: str) -> Path:
    return folder / f"{name.replace(' ', '_')}.npz"


def _difference(folder: Path, name: str) -> float:
    """The larger of the relative differences of full and vacuum waves from abTEM's."""
    with np.load(_waves_of(folder, name)) as ours, np.load(_waves_of(folder, "abtem")) as theirs:
        return max(
            float(np.linalg.norm(ours[key] - theirs[key]) / np.linalg.norm(theirs[key])) for key in theirs
        )


def _summary(
    measured: dict[str, dict[str, Any]], threaded: dict[str, Any], errors: dict[str, float]
) -> dict[str, Any]:
    cpu = {name: figures["cpu_s"] for name, figures in measured.items()}
    return {
        "machine": _machine(),
        **{key: measured["abtem"][key] for key in ("atoms", "slices", "phonons")},
        "exact_vs_abtem_cpu": cpu["abtem"] / cpu["fused exact"],
        "fast_vs_abtem_cpu": cpu["abtem"] / cpu["fused fast"],
        "fast_vs_fft_limit": cpu["fused fast"] / cpu["fft limit"],
        "exact_vs_fft_limit": cpu["fused exact"] / cpu["fft limit"],
        "wall_over_cpu": threaded["wall_s"] / threaded["cpu_s"],
        "exact_relative_difference": errors["exact"],
        "fast_relative_difference": errors["fast"],
        "contenders": measured | {"fused exact, threads": threaded},
    }


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def _print(case: dict[str, Any]) -> None:
    print(
        f"case A: {case['atoms']} atoms, {case['slices']} slices, {case['phonons']} phonons, full and vacuum"
    )
    print(f"on {case['machine']}; after a warm-up, fastest of the repeats\n")
    print(f"{'':22}{'CPU s':>9}{'wall s':>9}{'peak MB':>9}{'warm-up CPU s':>15}{'threads':>9}")
    for name, f in case["contenders"].items():
        print(
            f"{name:22}{f['cpu_s']:9.2f}{f['wall_s']:9.2f}{f['peak_memory_mb']:9.0f}"
            f"{f['warm_up_cpu_s']:15.1f}{f['threads']:9}"
        )
    print(
        f"\nexact: {case['exact_vs_abtem_cpu']:.1f} x faster than abTEM, relative difference "
        f"{case['exact_relative_difference']:.1e}, {case['exact_vs_fft_limit']:.2f} of the FFT limit"
        f"\nfast:  {case['fast_vs_abtem_cpu']:.1f} x faster than abTEM, relative difference "
        f"{case['fast_relative_difference']:.1e}, {case['fast_vs_fft_limit']:.2f} of the FFT limit"
        f"\nwall / CPU with threads: {case['wall_over_cpu']:.2f}"
    )


def _write(case: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    results["case_a"] = results.get("case_a", {}) | case
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\nwritten to {RESULTS}")


if __name__ == "__main__":
    main()
