"""Fifty readers beside a writer: each sees the store of before or that of after, whole, or is told to try again."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from hrtem_assets.store.checked import CheckedStore, open_partition
from hrtem_assets.store.errors import ReplacedError
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.reading import find_store
from hrtem_assets_tests.forks import fork, preloaded
from hrtem_assets_tests.store.test_build import PARTITION, fill, make_product, make_recipe

preloaded(__name__)
READERS, ROUNDS = 50, 6


def test_fifty_readers_beside_a_writer_see_whole_stores_alone(tmp_path):
    layout, done = Layout(tmp_path), threading.Event()
    fill(layout, make_recipe(dose=0), 3)
    whole: set[tuple[int, int]] = set()
    again, wrong = [0], []

    def read(reader: int) -> None:
        while not done.is_set():
            try:
                if reader % 2:
                    store = CheckedStore(find_store(layout, PARTITION).path)
                    count, dose = store.info.structures, store.info.recipe.settings["dose"]
                    counts = [store.read("counts", i) for i in range(count)]
                    records = store.column("defocus_nm")
                else:
                    ds = open_partition(layout, PARTITION)
                    count, dose = ds.attrs["structures"], ds.attrs["recipe"]["settings"]["dose"]
                    counts, records = list(ds["counts"].values), ds["defocus_nm"].values
                assert len(counts) == len(records) == count
                for i, values in enumerate(counts):
                    np.testing.assert_array_equal(values, make_product(i).arrays["counts"])
                    assert records[i] == i / 3
                whole.add((dose, count))
                (tmp_path / f"read-{dose}-{count}").touch()
            except ReplacedError as error:
                assert "open it again" in str(error)
                again[0] += 1
            except Exception as error:
                wrong.append(repr(error))
                return

    # a process of its own: threads of this one would not let it come to work
    writer = fork(_write, tmp_path)
    writer.start()
    with ThreadPoolExecutor(READERS) as pool:
        futures = [pool.submit(read, k) for k in range(READERS)]
        writer.join(200)
        done.set()
    assert writer.exitcode == 0
    assert not wrong, wrong[:5]
    assert all(future.exception() is None for future in futures)
    assert whole == {(0, 3), *(state for k in range(1, ROUNDS) for state in _states(k))}


def _states(k: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Dose and count of a round: extended, so that the last shard has other bytes; then replaced by another recipe."""
    return (k - 1, 3 + 2 * k), (k, 3)


def _write(root) -> None:
    _wait_for(root / "read-0-3")
    for k in range(1, ROUNDS):
        for dose, count in _states(k):
            fill(Layout(root), make_recipe(dose=dose), count)
            # however busy the machine is, each state is read by some while others have the one before
            _wait_for(root / f"read-{dose}-{count}")


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 100
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)


def test_who_opened_the_store_of_before_keeps_it_or_is_told(tmp_path):
    layout = Layout(tmp_path)
    fill(layout, make_recipe(), 3)
    opened = CheckedStore(layout.store(PARTITION))
    first = opened.read("counts", 0)
    fill(layout, make_recipe(), 5)
    # its first shard is the same file still
    np.testing.assert_array_equal(CheckedStore(layout.store(PARTITION)).read("counts", 0), first)
    np.testing.assert_array_equal(opened.read("counts", 1), make_product(1).arrays["counts"])
    try:
        np.testing.assert_array_equal(opened.read("counts", 2), make_product(2).arrays["counts"])
    except ReplacedError as error:
        assert "replaced or taken away while it was read" in str(error)
    else:
        raise AssertionError("the last shard has other bytes now")
