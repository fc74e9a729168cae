"""Everything measured side by side: `python -m benchmarks`; tables, and bench/bench.json in data."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.clock import in_own_process, machine
from benchmarks.report import budget_figures, markdown, scaling_table
from hrtem_assets.backend.choice import cuda_problem
from hrtem_assets.store import data_root

PHONONS, WORKERS = 8, 2
REDUCED_PHONONS = 2
SCALING_STRUCTURES = 4
# Prismatic takes half an hour for each
PRISMATIC_PHONONS = 1


def main() -> None:
    """Measure, write the figures and print their tables; or print those of the last time."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help=f"{PHONONS} phonons throughout, growth, training loader"
    )
    parser.add_argument(
        "--backfill",
        action="store_true",
        help="only what Dagster costs per partition, by backfills of 304 and 432",
    )
    parser.add_argument(
        "--scaling", action="store_true", help="only worker processes and Dask workers side by side"
    )
    parser.add_argument("--markdown", action="store_true", help="only print the tables of the last run")
    parser.add_argument("--repeats", type=int, default=3, help="runs of all but abTEM; the least counts")
    parser.add_argument("--structures", type=int, default=8, help="made by the worker processes")
    parser.add_argument(
        "--device-structures", type=int, default=64, help="made on a CUDA device, if there is one"
    )
    options = parser.parse_args()
    path = data_root() / "bench" / "bench.json"
    if options.backfill:
        _backfill(path)
        return
    if options.scaling:
        _one_thread()
        _scaling(path)
        print(scaling_table(json.loads(path.read_text("utf-8"))["scaling"]))
        return
    if options.markdown and not path.is_file():
        parser.error(f"{path} does not exist: nothing has been measured here yet; run `make bench` first")
    if not options.markdown:
        _one_thread()
        path.parent.mkdir(parents=True, exist_ok=True)
        _keep(path, "case_a", _case_a(options))
        _device(path, options)
        _scaling(path)
        if options.full:
            _growth(path, options.repeats)
            _loader(path)
    print(markdown(json.loads(path.read_text("utf-8"))))
    print(f"\nfigures: {path}", file=sys.stderr)


def _case_a(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.contenders import CONTENDERS, measure
    from benchmarks.whole import measure_ours, measure_script, measure_workers

    phonons = PHONONS if options.full else REDUCED_PHONONS
    load, measured = os.getloadavg()[0], {}
    with tempfile.TemporaryDirectory() as folder:
        for name in CONTENDERS:
            if name == "prismatic" and not options.full:
                continue
            own_phonons = PRISMATIC_PHONONS if name == "prismatic" else phonons
            _say(f"{name}, {own_phonons} phonons")
            waves = Path(folder, f"{name}.npz")
            measured[name] = in_own_process(measure, name, own_phonons, options.repeats, waves)
        errors = {mode: _difference(Path(folder), f"fused {mode}") for mode in ("exact", "fast")}
    _say(f"whole structure by the assets, {phonons} phonons")
    ours = in_own_process(measure_ours, phonons, options.repeats)
    _say(f"whole structure by the script, {phonons} phonons")
    script = in_own_process(measure_script, phonons)
    as_published = ours
    if phonons != PHONONS:
        _say(f"whole structure by the assets, {PHONONS} phonons")
        as_published = in_own_process(measure_ours, PHONONS, options.repeats)
    _say(f"{options.structures} whole structures by {WORKERS} workers")
    workers = in_own_process(measure_workers, WORKERS, options.structures, PHONONS)
    cpu = {name: figures["cpu_s"] for name, figures in measured.items()}
    return {
        "machine": machine(),
        "load_before": load,
        **{key: measured["abtem"][key] for key in ("atoms", "slices", "phonons")},
        "exact_vs_abtem_cpu": cpu["abtem"] / cpu["fused exact"],
        "fast_vs_abtem_cpu": cpu["abtem"] / cpu["fused fast"],
        "fast_vs_fft_limit": cpu["fused fast"] / cpu["fft limit"],
        "exact_vs_fft_limit": cpu["fused exact"] / cpu["fft limit"],
        "whole_vs_script_cpu": script["cpu_s"] / ours["cpu_s"],
        "wall_over_cpu": workers["wall_s"] / workers["cpu_s"],
        "exact_relative_difference": errors["exact"],
        "fast_relative_difference": errors["fast"],
        "contenders": measured,
        "script": script,
        "whole": ours,
        "budgets": budget_figures(as_published),
        "workers": workers,
    }


def _difference(folder: Path, name: str) -> float:
    """The larger of the relative differences of full and vacuum waves from abTEM's."""
    import numpy as np

    with np.load(folder / f"{name}.npz") as ours, np.load(folder / "abtem.npz") as theirs:
        return max(
            float(np.linalg.norm(ours[key] - theirs[key]) / np.linalg.norm(theirs[key])) for key in theirs
        )


def _growth(path: Path, repeats: int) -> None:
    from benchmarks.growth import draw_growth, measure_growth

    growth = measure_growth(_say, repeats)
    _keep(path, "growth", growth)
    draw_growth(growth, path.with_name("growth.png"))


def _device(path: Path, options: argparse.Namespace) -> None:
    problem = in_own_process(cuda_problem)
    if problem:
        _say(f"CUDA device: left out, {problem}")
        return
    from benchmarks.device import measure_device

    _say("CUDA device")
    figures = in_own_process(measure_device, PHONONS, options.repeats, options.device_structures)
    _keep(path, "device", figures)


def _loader(path: Path) -> None:
    if find_spec("torch") is None:
        _say("training loader: left out, PyTorch is not installed")
        return
    from benchmarks.loader import measure_loader

    _say("training loader")
    _keep(path, "loader", in_own_process(measure_loader))


def _one_thread() -> None:
    """One thread each; before anything that reads these is imported."""
    for library in ("OMP", "MKL", "OPENBLAS"):
        os.environ[f"{library}_NUM_THREADS"] = "1"


def _scaling(path: Path) -> None:
    from benchmarks.scaling import measure_scaling

    path.parent.mkdir(parents=True, exist_ok=True)
    _say(f"{SCALING_STRUCTURES} whole structures by processes and by Dask")
    load = os.getloadavg()[0]
    figures = in_own_process(measure_scaling, SCALING_STRUCTURES, REDUCED_PHONONS)
    _keep(path, "scaling", figures | {"machine": machine(), "load_before": load})


def _backfill(path: Path) -> None:
    from benchmarks.backfill import measure_backfill, words

    path.parent.mkdir(parents=True, exist_ok=True)
    measured = {}
    for specimens in (19, 27):
        _say(f"backfill of the micrographs of {specimens} specimens")
        figures = measure_backfill(specimens)
        measured[str(figures["partitions"])] = figures
        print(words(figures), flush=True)
    _keep(path, "backfill", measured)


def _keep(path: Path, part: str, figures: Mapping[str, Any]) -> None:
    results = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    path.write_text(json.dumps(results | {part: figures}, indent=2) + "\n", "utf-8")


def _say(text: str) -> None:
    print(f"{text} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
