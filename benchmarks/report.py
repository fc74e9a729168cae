"""The benchmark's figures as Markdown, which also reads well in a terminal."""

from collections.abc import Iterable, Mapping
from typing import Any

# by figure: what it says, target, stretch, and whether more is better
TARGETS = {
    "exact_vs_abtem_cpu": ("exact: times faster than abTEM", 5.0, 7.0, True),
    "fast_vs_abtem_cpu": ("fast: times faster than abTEM", 9.0, 12.0, True),
    "fast_vs_fft_limit": ("fast: part of the FFT limit", 0.75, 0.55, False),
    "whole_vs_script_cpu": ("whole structure: times faster than the script", 5.0, 8.0, True),
    "wall_over_cpu": ("2 workers: wall seconds over CPU seconds", 0.6, 0.52, False),
}
# by figure: what it says, most allowed, and its unit
BUDGETS = {
    "structure": ("structure", 0.3, "CPU s"),
    # both grids in full
    "zero_defocus": ("zero defocus", 1.5, "CPU s"),
    # shot noise by numpy's own Poisson numbers
    "micrographs": ("11 micrographs", 1.0, "CPU s"),
    "writing": ("compressing and writing", 0.5, "CPU s"),
    "peak_memory_mb": ("peak memory of a worker", 1536.0, "MB"),
}
# assets of the script, and ours that do the same
SAME = {
    "structure": ("structures",),
    "vacuum waves": (),
    "full waves": ("exit_waves",),
    "zero defocus": ("zero_defocus",),
    "micrographs": ("micrographs",),
}

WORKER_KINDS = {"local": "x worker process", "dask": "x Dask worker"}

# a machine is quiet up to this load average
MOST_LOAD = 0.7


def budget_figures(ours: Mapping[str, Any]) -> dict[str, float]:
    """What `BUDGETS` limits, from `whole.measure_ours`."""
    assets = ours["assets"]
    return {
        "phonons": ours["phonons"],
        "structure": assets["structures"]["make"],
        "zero_defocus": assets["zero_defocus"]["make"],
        "micrographs": assets["micrographs"]["make"],
        "writing": sum(asset["write"] for asset in assets.values()),
        "peak_memory_mb": ours["peak_memory_mb"],
    }


def verdict(value: float, target: float, stretch: float, more_is_better: bool) -> str:
    """How a figure compares with its target and stretch."""
    sign = 1 if more_is_better else -1
    if sign * value >= sign * stretch:
        return "stretch"
    return "met" if sign * value >= sign * target else "MISSED"


def markdown(results: Mapping[str, Any]) -> str:
    """All tables of `bench.json`."""
    case = results["case_a"]
    parts = [
        _preamble(case),
        _targets(case),
        _contenders(case),
        _whole(case),
        _budgets(case),
        _workers(case),
    ]
    if "scaling" in results:
        parts.append(scaling_table(results["scaling"]))
    if "device" in results:
        parts.append(_device(results["device"]))
    if "loader" in results:
        parts.append(_loader(results["loader"]))
    return "\n\n".join(parts)


def scaling_table(scaling: Mapping[str, Any]) -> str:
    """Structures per hour by kind and number of workers, and what Dask adds to a task."""
    rows = scaling["rows"]
    alone = rows[0]["wall_s"]
    table = _table(
        (
            f"{scaling['count']} whole structures of {scaling['phonons']} phonons",
            "CPU s",
            "wall s",
            "per hour",
            "times faster",
        ),
        (
            (
                f"{row['workers']} {WORKER_KINDS[row['kind']]}",
                f"{row['cpu_s']:.1f}",
                f"{row['wall_s']:.1f}",
                f"{row['structures_per_hour']:.0f}",
                f"{alone / row['wall_s']:.2f}",
            )
            for row in rows
        ),
    )
    return (
        f"Load average {scaling['load_before']:.1f} before.\n\n{table}\n\nA task that does nothing takes "
        f"{scaling['task_ms']:.1f} ms on one Dask worker, {scaling['task_cpu_ms']:.1f} CPU ms of client, scheduler and "
        f"worker together, and {scaling['task_bytes'] / 1000:.1f} kB cross the network "
        f"for it, answers and heartbeats included."
    )


def _preamble(case: Mapping[str, Any]) -> str:
    lines = [
        f"Case A: {case['atoms']:,} atoms, {case['slices']} slices, 1280² points, {case['phonons']} frozen phonons, "
        f"full and vacuum.",
        f"Measured on {case['machine']}; CPU seconds after a warm-up, least of the repeats.",
    ]
    if case["load_before"] > MOST_LOAD:
        lines.append(
            f"The machine was busy with other work (load average {case['load_before']:.1f} at the start): CPU seconds "
            f"are longer than on a quiet one, and wall seconds and what follows from them are not meaningful."
        )
    return "\n".join(lines)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Columns of equal width; the first to the left, the others to the right."""
    cells = [list(head), *map(list, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    lines = [
        "| " + " | ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) + " |"
        for row in cells
    ]
    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (w + 1) + ":" for w in widths[1:])]) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _targets(case: Mapping[str, Any]) -> str:
    return _table(
        ("ratio", "measured", "target", "stretch", ""),
        (
            (
                text,
                f"{case[key]:.2f}",
                f"{target:g}",
                f"{stretch:g}",
                verdict(case[key], target, stretch, more),
            )
            for key, (text, target, stretch, more) in TARGETS.items()
        ),
    )


def _contenders(case: Mapping[str, Any]) -> str:
    differences = {f"fused {mode}": case[f"{mode}_relative_difference"] for mode in ("exact", "fast")}
    return _table(
        ("exit waves", "phonons", "CPU s", "CPU s each", "wall s", "peak MB", "difference from abTEM"),
        (
            (
                name,
                str(f["phonons"]),
                f"{f['cpu_s']:.1f}",
                f"{f['cpu_s'] / f['phonons']:.2f}",
                f"{f['wall_s']:.1f}",
                f"{f['peak_memory_mb']:.0f}",
                f"{differences[name]:.1e}" if name in differences else "",
            )
            for name, f in case["contenders"].items()
        ),
    )


def _whole(case: Mapping[str, Any]) -> str:
    script, ours = case["script"], case["whole"]
    rows = []
    for name, assets in SAME.items():
        mine = sum(ours["assets"][asset]["make"] for asset in assets)
        rows.append((name, f"{script['assets'][name]:.2f}", f"{mine:.2f}" if assets else "(with the full)"))
    written = sum(asset["write"] for asset in ours["assets"].values())
    rows += [
        ("labels", "", f"{ours['assets']['labels']['make']:.2f}"),
        ("compressing and writing", "", f"{written:.2f}"),
        ("opening and publishing stores", "", f"{ours['open_and_publish']:.2f}"),
        ("all", f"{script['cpu_s']:.2f}", f"{ours['cpu_s']:.2f}"),
        ("peak memory, MB", f"{script['peak_memory_mb']:.0f}", f"{ours['peak_memory_mb']:.0f}"),
    ]
    head = (f"one structure, {ours['phonons']} phonons, CPU s", "czone + abTEM script", "hrtem_assets, exact")
    return _table(head, rows)


def _budgets(case: Mapping[str, Any]) -> str:
    return _table(
        (f"budget of one structure, {case['budgets']['phonons']} phonons", "measured", "at most", "unit", ""),
        (
            (
                text,
                f"{value:.3g}" if value < 100 else f"{value:.0f}",
                f"{most:g}",
                unit,
                "met" if value <= most else "MISSED",
            )
            for (text, most, unit), value in ((BUDGETS[k], case["budgets"][k]) for k in BUDGETS)
        ),
    )


def _workers(case: Mapping[str, Any]) -> str:
    w = case["workers"]
    return (
        f"{w['structures']} whole structures of {w['phonons']} phonons by {w['workers']} workers: {w['wall_s']:.0f} s, "
        f"{w['cpu_s']:.0f} CPU s, {w['structures_per_hour']:.0f} structures per hour, starting the workers included."
    )


def _device(device: Mapping[str, Any]) -> str:
    whole = f"structures to micrographs and labels, written, exact ({device['workers']} workers)"
    return _table(
        (f"{device['device']}, {device['phonons']} phonons", "structures/s", "target", "stretch", ""),
        (
            ("exit waves, exact", f"{device['exact_waves_per_s']:.2f}", "", "", ""),
            ("exit waves, fast", f"{device['fast_waves_per_s']:.2f}", "", "", ""),
            ("displaced atoms to counts and labels, exact", f"{device['chain_per_s']:.2f}", "", "", ""),
            (
                whole,
                f"{device['whole_per_s']:.2f}",
                "4",
                "10",
                verdict(device["whole_per_s"], 4.0, 10.0, True),
            ),
        ),
    ) + (
        f"\n\nRelative difference from the processor's waves: exact {device['exact_relative_difference']:.1e}, fast "
        f"{device['fast_relative_difference']:.1e}."
    )


def _loader(loader: Mapping[str, Any]) -> str:
    return _table(
        (f"loading {loader['images']} images of 512²", "images/s", "CPU ms/image"),
        (
            (name, f"{f['images_per_s']:.0f}", f"{f['cpu_ms_per_image']:.2f}")
            for name, f in loader["contenders"].items()
        ),
    )
