"""Memory and disk are known before anything is computed, and what does not fit is refused with what would."""

import re
import shutil
import time
from collections import namedtuple
from pathlib import Path

import pytest
from click.testing import CliRunner

from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import CampaignError, load_campaign
from hrtem_assets.cli import main
from hrtem_assets.execution import machine, needs
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.needs import CostError, Work, fewer_workers, require_disk, require_memory
from hrtem_assets.execution.settings import ClusterCompute, LocalCompute
from hrtem_assets.labels.registry import PLANES, TABLES
from hrtem_assets.store import files
from hrtem_assets.store.layout import Layout
from hrtem_assets_tests.execution.dask_cluster import scheduler_at
from hrtem_assets_tests.execution.peaks import peak_bytes
from hrtem_assets_tests.small import SPECIMEN, small_campaign, small_campaign_yaml

CAMPAIGNS = Path(__file__).parents[1] / "data" / "campaigns"
GB = 10**9
BARE = {
    "placement": {"count_min": 1, "count_max": 1},
    "max_stacking_faults": None,
    "series": None,
    "sizes": {"medium": None, "large": None},
}
NO_SUBSTRATE = {"thickness_min_a": 0, "thickness_max_a": 0}
# substrate atoms, atoms of a particle, points of a grid, phonons of waves: whatever decides, in turn decides here
WAVES = BARE | {
    "counts": {"train": 16, "validation": 0},
    "substrate": NO_SUBSTRATE,
    "simulation": {"cell_a": 64, "sampling_a": 0.2, "output_sampling_a": 0.2, "frozen_phonons": 96},
}
CASES = {
    "substrate": BARE
    | {
        "substrate": {"thickness_min_a": 70, "thickness_max_a": 70},
        "simulation": {"cell_a": 640, "sampling_a": 0.5, "output_sampling_a": 0.5, "frozen_phonons": 1},
    },
    "particle": BARE
    | {
        "sizes": {"small": {"radius_min_a": 130, "radius_max_a": 130}, "medium": None, "large": None},
        "substrate": NO_SUBSTRATE,
        "simulation": {"cell_a": 320, "sampling_a": 0.5, "output_sampling_a": 0.5, "frozen_phonons": 1},
    },
    "grid": BARE
    | {
        "substrate": NO_SUBSTRATE,
        "simulation": {"sampling_a": 0.05, "output_sampling_a": 0.2, "frozen_phonons": 1},
    },
    "waves": WAVES,
    "labels": BARE
    | {
        "counts": {"train": 16, "validation": 0},
        "labels": {"planes": list(PLANES), "tables": list(TABLES)},
        "substrate": {"thickness_min_a": 20, "thickness_max_a": 20},
        "simulation": {
            "sampling_a": 0.2,
            "slice_thickness_a": 4,
            "frozen_phonons": 1,
            "fused_mode": "fast",
        },
    },
}
# structures, where not those of the campaign
COUNTS = {"substrate": 1, "particle": 1, "grid": 1, "waves": 2}


@pytest.fixture
def machine_of(monkeypatch):
    """A function that makes this a machine with so much memory for workers."""

    def use(memory_bytes: int) -> None:
        monkeypatch.setattr(machine, "machine_bytes", lambda: memory_bytes + machine.MASTER_BYTES)
        monkeypatch.setattr(needs, "machine_bytes", lambda: memory_bytes)

    return use


def bound(asset: str, overrides, conditions: int = 1) -> int:
    work = Work(ASSETS[asset], load_campaign("demo", overrides), "Cu-small", conditions)
    return work.precise_memory_bytes()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("case", "assets"),
    [
        ("substrate", ["structures", "exit_waves"]),
        ("particle", ["structures"]),
        ("grid", ["structures", "exit_waves"]),
        ("waves", list(ASSETS)),
        ("labels", list(ASSETS)),
    ],
)
def test_memory_is_never_below_a_measured_peak_and_at_most_twice_it(tmp_path, case, assets):
    for asset in assets:
        conditions = ("df-10nm_400e",) if ASSETS[asset].per_condition else (None,)
        count = COUNTS.get(case) if asset == "structures" else None
        peak = peak_bytes(tmp_path, asset, "Cu-small", CASES[case], conditions, count)
        assert peak <= bound(asset, CASES[case]) <= 2 * peak, (asset, peak, bound(asset, CASES[case]))


def test_a_quick_answer_is_never_below_the_precise_one_not_even_for_diamond():
    campaign = load_campaign("paper")
    for size in ("small", "large"):
        for asset in ASSETS.values():
            work = Work(asset, campaign, f"C-{size}", 3)
            assert work.memory_bytes_of_substrate() <= work.precise_memory_bytes() <= work.memory_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"simulation": {"cell_a": 256}},
        {"simulation": {"sampling_a": 0.05}},
        {"simulation": {"frozen_phonons": 64}},
        {"simulation": {"engine": "abtem"}},
        {"substrate": {"thickness_max_a": 400}},
        {"placement": {"count_max": 8}, "sizes": {"large": None}, "series": None},
    ],
)
def test_what_makes_work_larger_takes_more_memory(change):
    def largest(campaign):
        return max(Work(asset, campaign, "CdSe-medium").memory_bytes() for asset in ASSETS.values())

    assert largest(load_campaign("paper", change)) > largest(load_campaign("paper"))


def test_as_many_workers_are_started_as_fit(machine_of):
    works = [Work(ASSETS["exit_waves"], load_campaign("paper"), "CdSe-medium")]
    each = works[0].memory_bytes()
    machine_of(3 * each + 1)
    fit = require_memory(works, LocalCompute(workers=8))
    assert (fit.workers, fit.room.sharing) == (3, 8)
    assert fewer_workers(LocalCompute(workers=8), fit) == LocalCompute(workers=3)
    enough = LocalCompute(workers=2)
    assert fewer_workers(enough, require_memory(works, enough)) is enough


@pytest.mark.parametrize(
    ("changes", "asset", "options"),
    [
        (
            {"simulation": {"frozen_phonons": 1000, "output_sampling_a": 0.1}},
            "exit_waves",
            {"simulation.frozen_phonons"},
        ),
        (
            {"simulation": {"cell_a": 2048, "output_sampling_a": 0.8, "frozen_phonons": 1}},
            "exit_waves",
            {"simulation.cell_a", "simulation.sampling_a"},
        ),
        (
            {"simulation": {"cell_a": 1024, "sampling_a": 0.5, "output_sampling_a": 1.0}}
            | {"substrate": {"thickness_max_a": 1000}},
            "structures",
            {"simulation.cell_a", "substrate.thickness_max_a"},
        ),
        (
            {"simulation": {"cell_a": 1024, "sampling_a": 0.5, "output_sampling_a": 1.0, "frozen_phonons": 1}}
            | {"sizes": {"medium": {"radius_min_a": 25, "radius_max_a": 450}}},
            "structures",
            {"sizes.medium.radius_max_a"},
        ),
    ],
)
def test_each_change_that_a_refusal_names_makes_it_fit(machine_of, changes, asset, options):
    machine_of(8 * GB)
    compute = LocalCompute(workers=2)
    works = [Work(ASSETS[asset], load_campaign("paper", changes), "CdSe-medium")]
    with pytest.raises(
        CostError, match=rf"{asset} of CdSe-medium takes up to .* this machine has 8 GB"
    ) as refused:
        require_memory(works, compute)
    offered = dict(re.findall(r"([a-z_]+\.[a-z_.]+) at (?:most|least) ([0-9.]+\d)", str(refused.value)))
    assert options <= offered.keys()
    for setting, text in offered.items():
        *path, name = setting.split(".")
        value = int(text) if text.isdecimal() else float(text)
        nested: dict = {name: value}
        for part in reversed(path):
            nested = {part: nested}
        mended = load_campaign("paper", merged(changes, nested))
        assert require_memory([Work(ASSETS[asset], mended, "CdSe-medium")], compute).workers >= 1


def merged(changes: dict, more: dict) -> dict:
    """Nested settings of both, the latter's where both have one."""
    found = dict(changes)
    for key, value in more.items():
        found[key] = merged(found.get(key, {}), value) if isinstance(value, dict) else value
    return found


def test_many_conditions_at_a_time_are_refused_with_how_many_fit(machine_of):
    work = Work(ASSETS["micrographs"], load_campaign("paper"), "CdSe-medium", 1000)
    machine_of(2 * GB)
    with pytest.raises(
        CostError, match=r"under 1000 conditions at a time .* (\d+) conditions at a time"
    ) as refused:
        require_memory([work], LocalCompute(workers=1))
    found = re.findall(r"(\d+) conditions at a time \(", str(refused.value))
    few = Work(work.asset, work.campaign, work.specimen, int(found[0]))
    assert require_memory([few], LocalCompute(workers=1)).workers == 1


def test_a_cluster_whose_workers_cannot_all_work_is_refused_and_an_unknown_one_is_not():
    works = [Work(ASSETS["exit_waves"], load_campaign("paper"), "CdSe-medium")]
    job = ClusterCompute(opener="dask_jobqueue.SLURMCluster", workers=16, memory_per_worker="500 MB")
    with pytest.raises(CostError, match=r"a worker \(memory_per_worker\) has"):
        require_memory(works, job)
    assert require_memory(works, job.model_copy(update={"memory_per_worker": "4 GB"})).workers == 1
    assert require_memory(works, scheduler_at("tcp://host:8786", at_once=3)).workers == 3


def test_a_worker_that_is_too_small_says_so(machine_of):
    machine_of(GB)
    needs.require_memory_here(GB)
    with pytest.raises(CostError, match=r"takes up to 1\.1 GB of memory, and this worker may take 1 GB"):
        needs.require_memory_here(11 * GB // 10)


def test_a_disk_that_may_not_do_is_warned_of_and_one_that_cannot_is_refused(tmp_path, monkeypatch):
    work = Work(ASSETS["exit_waves"], load_campaign("paper"), "CdSe-medium")
    expected = 640 * work.stored_bytes()
    assert 8 * GB < expected < 13 * GB
    usage = namedtuple("usage", "free")

    def free(count: float) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(count))

    free(1.1 * expected)
    assert require_disk(work, 640, tmp_path) == ""
    free(0.9 * expected)
    assert re.search(r"about 10\.\d GB of disk for 640 structures", require_disk(work, 640, tmp_path))
    free(0.2 * expected)
    with pytest.raises(CostError, match=r"lower counts, make room .*HRTEM_ASSETS"):
        require_disk(work, 640, tmp_path)
    assert require_disk(work, 640, files.store_path("memory://bucket/here")) == ""


def fill_small(folder: Path, workers: int, log=lambda _: None) -> None:
    fill(
        ASSETS["structures"],
        small_campaign(),
        SPECIMEN,
        (None,),
        Layout(folder),
        count=None,
        compute=LocalCompute(workers=workers),
        provenance={"run_id": "test", "package_version": "0", "overrides": {}},
        log=log,
    )


def test_a_fill_that_does_not_fit_is_refused_with_nothing_written(tmp_path, machine_of):
    machine_of(GB // 10)
    with pytest.raises(CostError, match="structures of CdSe-small takes up to"):
        fill_small(tmp_path / "data", 1)
    assert not (tmp_path / "data").exists()


def test_a_fill_runs_with_fewer_workers_and_says_so_and_what_is_there_needs_no_memory(tmp_path, machine_of):
    machine_of(Work(ASSETS["structures"], small_campaign(), SPECIMEN).memory_bytes() + 1)
    lines: list[str] = []
    fill_small(tmp_path, 4, lines.append)
    assert any(re.search(r"1 workers? instead of 4, because each may take up to", line) for line in lines)
    machine_of(1)
    fill_small(tmp_path, 4, lines.append)
    assert lines[-1].endswith("structures are already there")


@pytest.fixture
def command(tmp_path, monkeypatch):
    """A function that runs the command in an environment of its own."""
    monkeypatch.setenv("HRTEM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("HRTEM_WORKERS", raising=False)

    def run(campaign: Path, *words: str):
        monkeypatch.setenv("HRTEM_CAMPAIGN", str(campaign))
        return CliRunner().invoke(main, words)

    return run


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mem_2048_001", r"exit_waves of .* takes up to 2\.\d+ TB .*simulation\.cell_a at most"),
        ("mem_film_2048_2000", r" takes up to \d{3} GB .*simulation\.cell_a at most"),
    ],
)
def test_campaigns_beyond_this_machine_are_refused_by_plan_at_once(
    command, tmp_path, machine_of, name, words
):
    machine_of(24 * GB)
    start = time.process_time()
    result = command(CAMPAIGNS / f"{name}.yaml", "plan", "all")
    assert time.process_time() - start < 5
    assert result.exit_code == 1 and re.search(words, result.output), result.output
    made = command(CAMPAIGNS / f"{name}.yaml", "materialize", "all", "--specimen", "CdSe-medium")
    assert made.exit_code == 1 and re.search(words, made.output), made.output
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ["geo_particles_5_in_16", "geo_separation_inside"])
def test_campaigns_whose_particles_cannot_be_placed_are_refused_as_they_are_loaded(name):
    with pytest.raises(CampaignError, match="no arrangement holds more than"):
        load_campaign(CAMPAIGNS / f"{name}.yaml")


def test_plan_says_memory_workers_disk_and_where_particles_are_crowded(command, tmp_path, machine_of):
    machine_of(24 * GB)
    campaign = tmp_path / "small.yaml"
    campaign.write_text(small_campaign_yaml())
    said = command(campaign, "plan", SPECIMEN, "--workers", "3").output
    assert re.search(
        r"memory: up to \d+\.\d MB in a worker process .*this machine: 24\.0 GB, room for 3 of 3", said
    )
    assert re.search(
        r"disk: \d+\.\d MB \(estimated from grid, phonons and atoms\); .* are free: enough", said
    )
    assert "crowded" not in said
    campaign.write_text(
        small_campaign_yaml().replace("count_max: 2", "count_min: 5\n  count_max: 5\n  separation_a: 14")
    )
    said = command(campaign, "plan", SPECIMEN).output
    assert re.search(
        r"crowded: of 50 trials with 5 particles of size small, \d+ found room for fewer", said
    ), said
