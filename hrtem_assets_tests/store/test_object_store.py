"""Filling, resuming, extending and replacing partitions in an object store, under kills and refusals."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from hrtem_assets.store import files
from hrtem_assets.store.build import open_build
from hrtem_assets.store.commits import Product
from hrtem_assets.store.errors import PartitionBusyError, StoreError
from hrtem_assets.store.files import store_path
from hrtem_assets.store.integrity import seal_holds, shard_digest
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.locking import lease as leases
from hrtem_assets.store.reader import StoreReader
from hrtem_assets.store.reading import find_store
from hrtem_assets.store.reopen import discard, reopen
from hrtem_assets_tests.forks import FORKS, fork, preloaded
from hrtem_assets_tests.store.test_build import PARTITION, PROVENANCE, make_product, make_recipe, make_schema

pytestmark = pytest.mark.slow

KILLS = 20
COUNT = 6
preloaded(__name__)


@pytest.fixture
def remote(bucket, tmp_path) -> Layout:
    return Layout(tmp_path, store_path(f"{bucket}/assets"))


def product(dose: float, index: int) -> Product:
    """Another recipe gives other numbers."""
    made = make_product(index)
    return Product({"counts": made.arrays["counts"] + np.uint16(dose)}, made.record, made.seconds)


def fill(layout: Layout, count: int, stop_after: int | None = None, dose: float = 400.0) -> list[int]:
    """Fill a partition, publish it unless stopped early, and say which structures were made."""
    made: list[int] = []
    recipe = make_recipe(dose_e_per_a2=dose)
    with open_build(layout, PARTITION, recipe, make_schema(), count, PROVENANCE) as build:
        for unit in build.missing[:stop_after]:
            build.handle.commit(unit.start, [product(dose, i) for i in unit])
            made += unit
        if stop_after is None:
            build.publish()
    return made


def assert_whole(layout: Layout, count: int, dose: float = 400.0) -> None:
    """The finished store holds exactly so many structures of a recipe, in its bytes and in its numbers."""
    info = find_store(layout, PARTITION)
    assert seal_holds(info.path)
    assert info.recipe == make_recipe(dose_e_per_a2=dose)
    assert info.structures == count
    for index, stored in enumerate(StoreReader(info.path).column("shard_digest")):
        assert shard_digest(info.path, "counts", index // 2) == int(stored[0])
    with StoreReader(info.path).dataset() as ds:
        for i in range(count):
            np.testing.assert_array_equal(ds.counts[i], product(dose, i).arrays["counts"])


def test_a_store_in_a_bucket_reads_with_xarray_and_its_url_alone(remote, bucket):
    fill(remote, 5)
    url = f"{bucket}/assets/micrographs/CdSe-medium/df-10nm_400e.zarr"
    assert str(remote.store(PARTITION)) == url
    with xr.open_zarr(url) as ds:
        np.testing.assert_array_equal(ds.counts[4], product(400, 4).arrays["counts"])
        assert ds.attrs["recipe_digest"] == make_recipe(dose_e_per_a2=400.0).digest


def test_a_bucket_and_a_folder_hold_the_same_bytes(remote, tmp_path):
    here = Layout(tmp_path / "here")
    for layout in (here, remote):
        fill(layout, 5)
    columns = [
        {
            name: StoreReader(layout.store(PARTITION)).column(name).tolist()
            for name in ("digest", "shard_digest")
        }
        for layout in (here, remote)
    ]
    assert columns[0] == columns[1]


def test_resuming_and_extending_make_only_what_is_missing(remote):
    assert fill(remote, 7, stop_after=2) == [0, 1, 2, 3]
    assert not files.is_made(remote.store(PARTITION))
    with pytest.raises(StoreError, match="has not been made; make it with: hrtem materialize"):
        find_store(remote, PARTITION)
    assert fill(remote, 7) == [4, 5, 6]
    assert_whole(remote, 7)
    assert fill(remote, 9, stop_after=1) == [7]
    assert_whole(remote, 7)
    assert fill(remote, 9) == [8]
    assert_whole(remote, 9)


def test_another_recipe_replaces_the_old_which_is_kept_whole(remote):
    fill(remote, 4)
    fill(remote, 4, dose=30.0)
    assert_whole(remote, 4, dose=30.0)
    (kept,) = files.children(remote.superseded(PARTITION, "any").parent)
    assert seal_holds(kept)
    assert files.children(remote.build(PARTITION, make_recipe(dose_e_per_a2=30.0).digest)) == []


def test_damaged_structures_are_taken_out_and_made_again(remote):
    fill(remote, 5)
    assert reopen(remote, PARTITION, {2}) == 2
    assert not files.is_made(remote.store(PARTITION))
    assert fill(remote, 5) == [2, 3]
    assert_whole(remote, 5)
    discard(remote, PARTITION)
    assert files.listing(remote.store(PARTITION)) == {}


def test_a_write_that_the_server_refuses_leaves_nothing_that_looks_complete(remote, s3_server):
    """As on a full disk: at first of a shard, then of a journal entry, at last of the finished store's root."""
    refused = []
    for pattern in ("/counts/c/1", "000004.json", "df-10nm_400e.zarr/zarr.json"):
        s3_server.refuse_writes(pattern)
        try:
            with pytest.raises(StoreError, match=r"cannot be reached .*materialize again to go on"):
                fill(remote, 6)
        finally:
            s3_server.refuse_writes("")
        refused.append(files.is_made(remote.store(PARTITION)))
    assert refused == [False] * 3
    assert fill(remote, 6) == []
    assert_whole(remote, 6)


def _fill_slowly(url: str, dose: float, started, seconds) -> None:
    shorten()
    layout = Layout(Path(os.devnull), store_path(url))
    # the first request sets a connection up
    files.require_bucket(layout.assets)
    started.set()
    begun = time.monotonic()
    fill(layout, COUNT, dose=dose)
    seconds.value = time.monotonic() - begun


def shorten() -> None:
    leases.LOOK_S, leases.SETTLE_S = 0.05, 0.3


@pytest.mark.timeout(900)
def test_killed_at_any_moment_a_partition_is_absent_or_complete_and_the_next_run_finishes_it(remote):
    """Recipes take turns, so that kills also meet the replacing of a finished store."""
    rng = np.random.default_rng(11)
    fill(remote, COUNT, dose=1.0)
    held, wanted, left = 1.0, 2.0, KILLS
    seconds = FORKS.Value("d", 0.0)
    hit: Counter[str] = Counter()
    patience = 1.0
    while left > 0 or not {"filling", "publishing"} <= hit.keys():
        started = FORKS.Event()
        process = fork(_fill_slowly, str(remote.assets), wanted, started, seconds)
        process.start()
        assert started.wait(60)
        # the first is not disturbed: it tells how long one takes
        process.join(rng.uniform(0, patience * seconds.value) if seconds.value else None)
        if process.is_alive():
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
            hit[phase(remote, wanted)] += 1
            left -= 1
            # on a machine that is busier now than then, one must get through at last
            patience *= 1.2
        else:
            assert process.exitcode == 0
            patience = 1.0
        if files.is_made(remote.store(PARTITION)):
            found = find_store(remote, PARTITION).recipe.settings["dose_e_per_a2"]
            # the new one, or still the one before
            assert found in (held, wanted)
            assert_whole(remote, COUNT, found)
            held = found
        if held == wanted:
            wanted = 3.0 - wanted
    print(f"killed {dict(hit)}")
    fill(remote, COUNT, dose=wanted)
    assert_whole(remote, COUNT, wanted)


def phase(layout: Layout, dose: float) -> str:
    """What a killed run was at."""
    build = layout.build(PARTITION, make_recipe(dose_e_per_a2=dose).digest)
    if not files.is_made(build):
        return "preparing or done"
    return "publishing" if b'"complete": true' in files.read(build / "zarr.json") else "filling"


def _fill_beside(url: str, queue) -> None:
    try:
        queue.put(fill(Layout(Path(os.devnull), store_path(url)), 12))
    except PartitionBusyError as error:
        queue.put(str(error))


def test_of_two_processes_that_fill_the_same_partition_one_does_and_the_other_says_who(remote):
    queue = FORKS.Queue()
    pair = [fork(_fill_beside, str(remote.assets), queue) for _ in range(2)]
    for process in pair:
        process.start()
    answers = sorted((queue.get(timeout=60) for _ in pair), key=str)
    for process in pair:
        process.join()
    # whoever comes when the first is done finds nothing left to do
    assert list(range(12)) in answers
    other = answers[answers.index(list(range(12))) - 1]
    assert other == [] or "is being filled by another run by" in other
    assert_whole(remote, 12)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "check that the server answers"),
        ({"AWS_ACCESS_KEY_ID": ""}, "check the credentials"),
    ],
)
def test_a_server_that_refuses_is_an_error_that_names_url_and_repair(remote, changed, words):
    queue = FORKS.Queue()
    process = fork(_fill_elsewhere, str(remote.assets), changed, queue)
    process.start()
    answer = queue.get(timeout=120)
    process.join()
    assert answer.startswith(f"StoreError: {remote.assets}")
    assert words in answer


def _fill_elsewhere(url: str, changed: dict[str, str], queue) -> None:
    os.environ.update(changed)
    for name in [name for name, value in changed.items() if not value]:
        del os.environ[name]
    try:
        fill(Layout(Path(os.devnull), store_path(url)), 2)
    except Exception as error:
        queue.put(f"{type(error).__name__}: {error}")
