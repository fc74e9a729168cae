"""Filling, resuming, extending and replacing partitions."""

import json
import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from hrtem_assets.store import files
from hrtem_assets.store.build import open_build
from hrtem_assets.store.commits import BuildHandle, Product, digest
from hrtem_assets.store.integrity import shard_digest
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.locking import PartitionBusyError
from hrtem_assets.store.reading import StoreError, find_store, require_recipe
from hrtem_assets.store.recipe import Recipe
from hrtem_assets.store.schema import Schema, Variable, pixel_coordinates

PARTITION = PartitionId("micrographs", "CdSe-medium", "df-10nm_400e")
PROVENANCE = {"run_id": "run-a", "user": "me"}


def make_recipe(**settings: Any) -> Recipe:
    return Recipe(
        asset="micrographs",
        specimen="CdSe-medium",
        condition="df-10nm_400e",
        seed=1,
        settings=settings or {"dose_e_per_a2": 400},
        code_version="1",
        packages={},
        upstream={},
    )


def make_schema(per_shard: int = 2) -> Schema:
    return Schema(
        arrays=(Variable("counts", ("y", "x"), (8, 8), "uint16", "electrons"),),
        records=(
            Variable("defocus_nm", units="nm"),
            Variable("curve", ("evaluation",), (5,), units="1"),
        ),
        coordinates=pixel_coordinates(8, 0.2),
        structures_per_shard=per_shard,
        title="one row is an image",
    )


def make_product(index: int) -> Product:
    rng = np.random.default_rng(index)
    return Product(
        {"counts": rng.poisson(9, (8, 8)).astype(np.uint16)},
        {"defocus_nm": index / 3, "curve": [1.0 * index] * (index % 4)},
        0.5,
    )


def fill(
    layout: Layout, recipe: Recipe, count: int, stop_after: int | None = None, run: str = "run-a"
) -> list[int]:
    """Fill a partition, publish it unless stopped early, and say which structures were made."""
    made: list[int] = []
    with open_build(layout, PARTITION, recipe, make_schema(), count, PROVENANCE | {"run_id": run}) as build:
        for unit in build.missing[:stop_after]:
            build.handle.commit(unit.start, [make_product(i) for i in unit])
            made += unit
        if stop_after is None:
            build.publish()
    return made


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def assert_holds(layout: Layout, count: int) -> None:
    with xr.open_zarr(layout.store(PARTITION)) as ds:
        assert ds.sizes["structure"] == count
        for i in range(count):
            want = make_product(i)
            np.testing.assert_array_equal(ds.counts[i], want.arrays["counts"])
            assert ds.defocus_nm[i] == i / 3
            assert int(ds.digest[i]) == digest(make_schema(), want)
            assert np.isnan(ds.curve[i, i % 4 :]).all()


def test_a_finished_store_reads_with_xarray_alone_and_carries_units_coordinates_and_recipe(
    layout: Layout,
) -> None:
    fill(layout, make_recipe(), 5)
    assert_holds(layout, 5)
    with xr.open_zarr(layout.store(PARTITION)) as ds:
        assert ds.counts.dims == ("structure", "y", "x")
        assert ds.counts.attrs["units"] == "electrons"
        assert ds.x.attrs["units"] == "Å"
        np.testing.assert_allclose(ds.x, np.arange(8) * 0.2)
        assert ds.attrs["recipe_digest"] == make_recipe().digest
        assert ds.attrs["provenance"]["runs"] == ["run-a"]
        assert np.issubdtype(ds.committed_at.dtype, np.datetime64)


def test_a_store_that_is_being_filled_cannot_be_found_or_opened(layout: Layout) -> None:
    fill(layout, make_recipe(), 5, stop_after=1)
    assert not layout.store(PARTITION).exists()
    command = "hrtem materialize micrographs --specimen CdSe-medium --condition df-10nm_400e"
    with pytest.raises(StoreError, match=command):
        find_store(layout, PARTITION)


def test_resuming_makes_only_what_is_missing(layout: Layout) -> None:
    assert fill(layout, make_recipe(), 7, stop_after=2) == [0, 1, 2, 3]
    assert fill(layout, make_recipe(), 7, run="run-b") == [4, 5, 6]
    assert_holds(layout, 7)
    with xr.open_zarr(layout.store(PARTITION)) as ds:
        assert ds.attrs["provenance"]["runs"] == ["run-a", "run-b"]
        assert ds.run.values.tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_a_finished_partition_is_not_made_again(layout: Layout) -> None:
    fill(layout, make_recipe(), 4)
    before = layout.store(PARTITION).stat().st_mtime_ns
    assert fill(layout, make_recipe(), 4) == []
    assert fill(layout, make_recipe(), 3) == []
    assert layout.store(PARTITION).stat().st_mtime_ns == before


def test_a_larger_count_extends_and_makes_nothing_again_also_not_of_a_short_last_shard(
    layout: Layout,
) -> None:
    fill(layout, make_recipe(), 5)
    assert fill(layout, make_recipe(), 8, run="run-b") == [5, 6, 7]
    assert_holds(layout, 8)
    with xr.open_zarr(layout.store(PARTITION)) as ds:
        assert ds.run.values.tolist() == [0, 0, 0, 0, 0, 1, 1, 1]
    for first in range(0, 8, 2):
        digest_of_shard = shard_digest(layout.store(PARTITION), "counts", first // 2)
        assert {int(d) for d in ds.shard_digest[first : first + 2, 0]} == {digest_of_shard}


def test_structures_are_not_committed_beyond_a_gap_in_their_shard(layout: Layout) -> None:
    with open_build(layout, PARTITION, make_recipe(), make_schema(4), 8, PROVENANCE) as build:
        build.handle.commit(0, [make_product(0), make_product(1)])
        with pytest.raises(ValueError, match="rows from 2 on must be committed before 3"):
            build.handle.commit(3, [make_product(3)])


def test_extending_leaves_the_finished_store_untouched_until_it_is_replaced(layout: Layout) -> None:
    fill(layout, make_recipe(), 5)
    assert fill(layout, make_recipe(), 9, stop_after=2) == [5, 6, 7]
    assert_holds(layout, 5)
    assert fill(layout, make_recipe(), 9) == [8]
    assert_holds(layout, 9)


def test_asking_for_fewer_than_were_begun_loses_none_of_them(layout: Layout) -> None:
    fill(layout, make_recipe(), 9, stop_after=3)
    assert fill(layout, make_recipe(), 3) == []
    assert_holds(layout, 6)


def test_another_recipe_builds_beside_the_old_and_replaces_it_at_the_end(layout: Layout) -> None:
    fill(layout, make_recipe(), 4)
    other = make_recipe(dose_e_per_a2=30)
    fill(layout, other, 4, stop_after=1)
    assert find_store(layout, PARTITION).recipe == make_recipe()
    fill(layout, other, 4)
    assert find_store(layout, PARTITION).recipe == other
    (kept,) = (layout.root / "assets/.superseded").rglob("*.zarr")
    assert kept.name.startswith(make_recipe().digest)


def test_a_recipe_mismatch_names_the_difference_and_the_command_that_repairs_it(layout: Layout) -> None:
    fill(layout, make_recipe(), 2)
    with pytest.raises(StoreError) as caught:
        require_recipe(find_store(layout, PARTITION), PARTITION, make_recipe(dose_e_per_a2=30))
    assert "settings.dose_e_per_a2: 400 (stored), 30 (wanted)" in str(caught.value)
    assert "hrtem materialize micrographs" in str(caught.value)


def test_the_same_partition_cannot_be_filled_twice_at_once(layout: Layout) -> None:
    def second() -> None:
        with open_build(layout, PARTITION, make_recipe(), make_schema(), 2, PROVENANCE):
            pass

    with (
        open_build(layout, PARTITION, make_recipe(), make_schema(), 2, PROVENANCE),
        pytest.raises(PartitionBusyError, match="is being filled by another run"),
    ):
        second()


def test_a_journal_left_by_a_kill_just_after_publishing_says_nothing_of_the_next_build(
    layout: Layout,
) -> None:
    """Its entries once met the next build's empty folder: every structure counted as made, and none was."""
    fill(layout, make_recipe(), 4)
    with open_build(layout, PARTITION, make_recipe(), make_schema(), 8, PROVENANCE) as build:
        journal = build.handle.journal
        kept = journal.with_suffix(".kept")
        files.copy(journal, kept)
        for unit in build.missing:
            build.handle.commit(unit.start, [make_product(i) for i in unit])
        build.publish()
    files.move(kept, journal)
    fill(layout, make_recipe(dose_e_per_a2=30), 4)
    assert fill(layout, make_recipe(), 8) == list(range(8))
    assert_holds(layout, 8)


def test_what_a_killed_write_left_behind_is_not_published(layout: Layout) -> None:
    with open_build(layout, PARTITION, make_recipe(), make_schema(), 2, PROVENANCE) as build:
        (build.handle.path / "counts" / f"0.{'5' * 32}.partial").write_bytes(b"half")
        for unit in build.missing:
            build.handle.commit(unit.start, [make_product(i) for i in unit])
        build.publish()
    assert list(layout.store(PARTITION).rglob("*.partial")) == []
    assert_holds(layout, 2)


def test_a_gap_in_the_journal_cannot_be_published(layout: Layout) -> None:
    with open_build(layout, PARTITION, make_recipe(), make_schema(), 4, PROVENANCE) as build:
        build.handle.commit(2, [make_product(2), make_product(3)])
        with pytest.raises(RuntimeError, match="lacks rows from 0 on"):
            build.publish()


@pytest.mark.parametrize("specimen", ["../evil", "a/b", "", "a..b", ".hidden", "x" + os.sep])
def test_a_partition_key_cannot_lead_out_of_the_root(specimen: str) -> None:
    with pytest.raises(ValueError, match="is refused"):
        PartitionId("micrographs", specimen, "df-10nm_400e")


def test_a_damaged_description_is_an_error_that_names_the_store(layout: Layout) -> None:
    fill(layout, make_recipe(), 2)
    path = layout.store(PARTITION) / "zarr.json"
    data = json.loads(path.read_text())
    data["attributes"]["complete"] = False
    path.write_text(json.dumps(data))
    with pytest.raises(StoreError, match="is damaged: its root cannot be used"):
        find_store(layout, PARTITION)


def _fill_slowly(root: Path, started: Any) -> None:
    with open_build(Layout(root), PARTITION, make_recipe(), make_schema(), 40, PROVENANCE) as build:
        started.set()
        for unit in build.missing:
            build.handle.commit(unit.start, [make_product(i) for i in unit])
        build.publish()


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_no_store_that_looks_complete_and_the_next_run_finishes_it(
    layout: Layout,
) -> None:
    context = multiprocessing.get_context("spawn")
    rng = np.random.default_rng(5)
    kills = 0
    for _ in range(6):
        started = context.Event()
        worker = context.Process(target=_fill_slowly, args=(layout.root, started))
        worker.start()
        assert started.wait(60)
        time.sleep(rng.uniform(0.0, 0.25))
        if worker.is_alive():
            os.kill(worker.pid or 0, signal.SIGKILL)
            kills += 1
        worker.join()
        if layout.store(PARTITION).exists():
            break
    assert kills > 0
    fill(layout, make_recipe(), 40)
    assert_holds(layout, 40)


def test_a_handle_works_in_another_process(layout: Layout) -> None:
    with open_build(layout, PARTITION, make_recipe(), make_schema(), 2, PROVENANCE) as build:
        worker = multiprocessing.get_context("spawn").Process(target=_commit_first, args=(build.handle,))
        worker.start()
        worker.join()
        build.publish()
    assert_holds(layout, 2)


def _commit_first(handle: BuildHandle) -> None:
    handle.commit(0, [make_product(0), make_product(1)])


def test_a_store_says_of_each_structure_what_computed_it_and_how_much_memory_that_took(layout):
    with open_build(layout, PARTITION, make_recipe(), make_schema(), 4, PROVENANCE) as build:
        for first, device in ((0, "cpu"), (2, "cuda")):
            build.handle.commit(first, [replace(make_product(i), device=device) for i in (first, first + 1)])
        build.publish()
    with xr.open_zarr(layout.store(PARTITION)) as ds:
        assert ds.device.values.tolist() == [0, 0, 1, 1]
        assert ds.device.attrs["flag_meanings"].split() == ["cpu", "cuda"]
        # an interpreter with numpy and xarray holds more than 50 MB, and no test machine more than 100 GB
        assert ((ds.peak_memory > 50e6) & (ds.peak_memory < 100e9)).all()
