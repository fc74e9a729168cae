"""The benchmark's tables say what its figures are, and whether they meet their targets."""

import pytest

from benchmarks.report import (
    BUDGETS,
    SAME,
    TARGETS,
    budget_figures,
    markdown,
    scaling_table,
    verdict,
)

ENGINES = ("abtem", "fused exact", "fused fast", "fft limit")


def whole(write_s=0.1):
    names = ("structures", "exit_waves", "zero_defocus", "labels", "micrographs")
    return {
        "phonons": 8,
        "assets": {name: {"make": 0.25, "write": write_s} for name in names},
        "open_and_publish": 0.2,
        "cpu_s": 2.0,
        "wall_s": 2.0,
        "peak_memory_mb": 700.0,
    }


def results(ours):
    run = {"cpu_s": 10.0, "wall_s": 11.0, "peak_memory_mb": 500.0, "phonons": 2}
    script = run | {"assets": dict.fromkeys(SAME, 2.0)}
    workers = {
        "workers": 2,
        "structures": 8,
        "phonons": 8,
        "wall_s": 9.0,
        "cpu_s": 17.0,
        "structures_per_hour": 3200,
    }
    case = {"machine": "a machine", "load_before": 0.1, "atoms": 98_908, "slices": 100, "phonons": 2}
    case |= dict.fromkeys(TARGETS, 0.7) | {
        "exact_relative_difference": 5e-6,
        "fast_relative_difference": 8e-4,
    }
    case |= {"contenders": dict.fromkeys(ENGINES, run), "script": script, "whole": ours, "workers": workers}
    return {"case_a": case | {"budgets": budget_figures(ours)}}


def tables(text):
    return [part.splitlines() for part in text.split("\n\n") if part.startswith("|")]


@pytest.mark.parametrize(
    ("value", "said"), [(4.9, "MISSED"), (5.0, "met"), (6.9, "met"), (7.0, "stretch"), (9.0, "stretch")]
)
def test_a_ratio_that_should_be_large_meets_what_it_reaches(value, said):
    assert verdict(value, 5.0, 7.0, True) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0.76, "MISSED"), (0.75, "met"), (0.55, "stretch"), (0.2, "stretch")]
)
def test_a_ratio_that_should_be_small_meets_what_it_stays_below(value, said):
    assert verdict(value, 0.75, 0.55, False) == said


def test_writing_is_that_of_all_stages_together():
    figures = budget_figures(whole(write_s=0.11))
    assert figures["writing"] == pytest.approx(0.55)
    assert set(BUDGETS) < set(figures)


def test_a_budget_that_is_exceeded_is_marked():
    budgets = tables(markdown(results(whole(write_s=0.11))))[-1]
    marks = {line.split("|")[1].strip(): line.split("|")[-2].strip() for line in budgets[2:]}
    assert marks.pop("compressing and writing") == "MISSED"
    assert set(marks.values()) == {"met"}


def test_a_busy_machine_is_named():
    busy = results(whole())
    assert "busy" not in markdown(busy)
    busy["case_a"]["load_before"] = 3.0
    assert "busy with other work (load average 3.0" in markdown(busy)


def test_every_table_has_the_same_number_of_columns_in_each_row():
    for table in tables(markdown(results(whole()))):
        assert len({line.count("|") for line in table}) == 1


def test_workers_of_both_kinds_stand_side_by_side_with_what_dask_costs():
    rows = [
        {"kind": kind, "workers": n, "cpu_s": 19.0, "wall_s": 20.0 / n, "structures_per_hour": 1080.0 * n}
        for n in (1, 2)
        for kind in ("local", "dask")
    ]
    text = scaling_table(
        {"rows": rows, "count": 6, "phonons": 2, "load_before": 0.2}
        | {"task_ms": 1.24, "task_cpu_ms": 1.9, "task_bytes": 2345}
    )
    assert "| 2 x Dask worker " in text
    assert text.count(" 2.00 |") == 2
    assert "takes 1.2 ms on one Dask worker, 1.9 CPU ms of client, scheduler and worker together" in text
    assert "2.3 kB cross the network" in text
