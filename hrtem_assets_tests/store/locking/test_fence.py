"""The fence of a partition: workers that outlive their run cannot spoil what the next one makes."""

import multiprocessing
import threading
import time

import numpy as np
import pytest
import xarray as xr

from hrtem_assets.store.build import open_build
from hrtem_assets.store.commits import BuildHandle
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.locking import FencedError, PartitionBusyError, raise_fence
from hrtem_assets.store.locking import fence as fences
from hrtem_assets_tests.store.test_build import (
    PARTITION,
    PROVENANCE,
    assert_holds,
    make_product,
    make_recipe,
    make_schema,
)


def outlived(layout: Layout, count: int) -> BuildHandle:
    """What a task on a cluster still holds after its run has died."""
    with open_build(layout, PARTITION, make_recipe(), make_schema(4), count, PROVENANCE) as build:
        return build.handle


def test_a_worker_that_outlives_its_run_cannot_cut_the_longer_shard_of_the_next(tmp_path):
    layout = Layout(tmp_path)
    late = outlived(layout, 5)
    with open_build(layout, PARTITION, make_recipe(), make_schema(4), 8, PROVENANCE) as build:
        for shard in build.missing:
            build.handle.commit(shard.start, [make_product(i) for i in shard])
        with pytest.raises(FencedError, match="another run has taken this partition over"):
            late.commit(4, [make_product(4)])
        build.publish()
        with pytest.raises(FencedError, match="nothing was written"):
            late.commit(4, [make_product(4)])
    assert_holds(layout, 8)


def test_what_a_cancelled_run_finishes_late_is_kept_until_the_next_run_begins(tmp_path):
    layout = Layout(tmp_path)
    late = outlived(layout, 8)
    late.commit(0, [make_product(i) for i in range(4)])
    with open_build(layout, PARTITION, make_recipe(), make_schema(4), 8, PROVENANCE) as build:
        assert build.missing == [range(4, 8)]


def test_nothing_is_committed_once_the_store_is_published(tmp_path):
    layout = Layout(tmp_path)
    with open_build(layout, PARTITION, make_recipe(), make_schema(4), 4, PROVENANCE) as build:
        build.handle.commit(0, [make_product(i) for i in range(4)])
        path = build.publish()
        with pytest.raises(FencedError):
            build.handle.commit(0, [make_product(i) for i in range(4)])
    assert not build.handle.path.exists()
    with xr.open_zarr(path) as store:
        np.testing.assert_array_equal(store.counts[0], make_product(0).arrays["counts"])


def test_workers_of_one_run_commit_beside_each_other_and_the_next_run_waits_for_them(tmp_path):
    fence = raise_fence(tmp_path / "fence")
    order: list[str] = []
    with fence.passed(), fence.passed():
        thread = threading.Thread(target=lambda: order.append(raise_fence(tmp_path / "fence").token))
        thread.start()
        time.sleep(0.2)
        assert order == []
    thread.join(10)
    assert order and not fence.holds()


def _hold(path, inside) -> None:
    with raise_fence(path).passed():
        inside.set()
        time.sleep(60)


def test_a_worker_that_never_leaves_is_named_and_one_that_is_killed_holds_nobody_up(tmp_path, monkeypatch):
    monkeypatch.setattr(fences, "PATIENCE_S", 0.2)
    context = multiprocessing.get_context("spawn")
    inside = context.Event()
    stuck = context.Process(target=_hold, args=(tmp_path / "fence", inside))
    stuck.start()
    try:
        assert inside.wait(60)
        with pytest.raises(PartitionBusyError, match="in the middle of a commit"):
            raise_fence(tmp_path / "fence")
    finally:
        stuck.kill()
        stuck.join()
    assert raise_fence(tmp_path / "fence").holds()
