"""Pruning vacuum waves: only when nothing is made from them any more, safely, and so that everybody notices."""

import json
import threading

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.partitions import stored_bytes
from hrtem_assets.assets.pictures import partition_picture
from hrtem_assets.campaign import with_overrides
from hrtem_assets.cli import main
from hrtem_assets.maintenance.plan import plan, select
from hrtem_assets.maintenance.prune import delete, leftovers
from hrtem_assets.maintenance.trace import rebuild
from hrtem_assets.maintenance.verify import verify_partition
from hrtem_assets.store import files
from hrtem_assets.store.files import store_path
from hrtem_assets.store.files.bucket import BucketFiles
from hrtem_assets.store.files.local import LocalFiles
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reader import StoreReader
from hrtem_assets.store.reading import StoreError
from hrtem_assets_tests.maintenance.conftest import fill_all
from hrtem_assets_tests.small import SPECIMEN, small_campaign

WAVES, LABELS = PartitionId("exit_waves", SPECIMEN), PartitionId("labels", SPECIMEN)
KEEPING = small_campaign()
GIVING_UP = small_campaign(storage={"keep_vacuum_waves": False})


def prune(layout: Layout) -> list[str]:
    """Give vacuum waves up; says what else there was."""
    found = leftovers(GIVING_UP, layout).leftovers
    delete(layout, [item for item in found if item.schema is not None])
    return [item.why for item in found if item.schema is None]


def digests(layout: Layout) -> list[int]:
    return [int(d) for d in StoreReader(layout.store(WAVES)).column("digest")]


def test_the_setting_decides_nothing_of_any_recipe():
    for stage in ASSETS.values():
        condition = "df-10nm_400e" if stage.per_condition else None
        kept, given_up = (stage.recipe(c, c.specimen(SPECIMEN), condition) for c in (KEEPING, GIVING_UP))
        assert kept == given_up


def test_waves_are_listed_with_their_size_and_only_if_the_campaign_gives_them_up(layout):
    assert leftovers(KEEPING, layout).leftovers == ()
    (item,) = leftovers(GIVING_UP, layout).leftovers
    assert item.partition == WAVES
    assert "storage.keep_vacuum_waves: false" in item.why
    # the particles alone leave more zeros to compress
    assert (
        item.bytes
        == stored_bytes(layout.store(WAVES) / "vacuum" / "c")
        > 0.2 * stored_bytes(layout.store(WAVES))
    )
    assert leftovers(GIVING_UP, layout).freed_bytes == item.bytes


@pytest.mark.parametrize("asset", ["labels", "zero_defocus"])
def test_waves_stay_while_anything_made_from_them_is_missing_stale_or_short(layout, asset):
    stale = with_overrides(GIVING_UP, {"labels": {"phase_threshold_rad": 0.3}})
    if asset == "labels":
        assert leftovers(stale, layout).leftovers == ()
    files.remove(layout.store(PartitionId(asset, SPECIMEN)))
    assert leftovers(GIVING_UP, layout).leftovers == ()


def test_a_pruned_store_is_whole_smaller_and_says_what_is_gone(layout):
    before, size = digests(layout), stored_bytes(layout.store(WAVES))
    full = StoreReader(layout.store(WAVES)).read("full", 1)
    assert prune(layout) == []
    assert digests(layout) == before
    assert verify_partition(layout, WAVES).intact
    assert stored_bytes(layout.store(WAVES)) < 0.8 * size
    np.testing.assert_array_equal(StoreReader(layout.store(WAVES)).read("full", 1), full)
    with pytest.raises(StoreError, match=r"vacuum of structure 1 .* has been pruned") as caught:
        StoreReader(layout.store(WAVES)).read("vacuum", 1)
    assert "hrtem repair exit_waves/CdSe-small --yes && hrtem materialize exit_waves" in str(caught.value)
    with xr.open_zarr(layout.store(WAVES)) as waves:
        assert waves.attrs["pruned"] == ["vacuum"]
        assert np.isnan(waves.vacuum.values).all()
    assert leftovers(GIVING_UP, layout).leftovers == ()
    assert len(partition_picture(layout, WAVES).tiles) == 2
    assert partition_picture(layout, LABELS).tiles
    states = {p.partition.asset: p.state for p in plan(GIVING_UP, layout, select(GIVING_UP, [SPECIMEN]))}
    assert states["exit_waves"] == states["labels"] == "complete"


def test_damage_beside_what_is_pruned_is_found(layout):
    prune(layout)
    path = layout.store(WAVES) / "full" / "c" / "1" / "0" / "0" / "0"
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    assert list(verify_partition(layout, WAVES).damaged) == [1]


def test_a_rebuilt_image_is_compared_with_the_digest_of_what_is_pruned(layout):
    prune(layout)
    assert [c.different for c in rebuild(KEEPING, layout, LABELS, 1)] == [(), (), ()]


def test_a_pruned_specimen_is_extended_by_new_structures_alone(layout):
    prune(layout)
    fill_all(layout, 5, ("structures", "exit_waves", "zero_defocus", "labels"), GIVING_UP)
    assert verify_partition(layout, WAVES).intact
    assert verify_partition(layout, LABELS).intact
    with xr.open_zarr(layout.store(WAVES)) as waves:
        assert np.isnan(waves.vacuum[:, 0, 0, 0].values).tolist() == [True] * 3 + [False] * 2
    # of the superseded ones the pruned files are gone already
    assert {why.split(";")[0] for why in prune(layout)} == {"superseded"}
    with xr.open_zarr(layout.store(WAVES)) as waves:
        assert np.isnan(waves.vacuum[:, 0, 0, 0].values).all()
    assert verify_partition(layout, WAVES).intact


def test_labels_with_another_threshold_say_that_the_waves_are_gone(layout):
    prune(layout)
    with pytest.raises(StoreError, match="has been pruned"):
        fill_all(
            layout, None, ("labels",), with_overrides(GIVING_UP, {"labels": {"phase_threshold_rad": 0.3}})
        )


def test_waves_that_are_wanted_again_are_made_again_and_are_the_same(layout, environment):
    before = digests(layout)
    prune(layout)
    output = CliRunner().invoke(main, ["repair", str(WAVES), "--yes"], catch_exceptions=False).output
    assert "took 3 structures out of exit_waves/CdSe-small" in output
    fill_all(layout, None, ("exit_waves",))
    assert digests(layout) == before
    assert StoreReader(layout.store(WAVES)).read("vacuum", 2).shape == (2, 256, 256)
    assert verify_partition(layout, WAVES).intact


def test_the_command_lists_and_deletes_them(layout, environment):
    environment.write_text(environment.read_text() + "\nstorage: {keep_vacuum_waves: false}\n")
    listed = CliRunner().invoke(main, ["prune"], catch_exceptions=False).output
    assert "assets/exit_waves/CdSe-small.zarr/vacuum/c" in listed
    assert not np.isnan(StoreReader(layout.store(WAVES)).read("vacuum", 0)).any()
    deleted = CliRunner().invoke(main, ["prune", "--yes"], catch_exceptions=False).output
    assert "freed" in deleted
    assert json.loads((layout.store(WAVES) / "zarr.json").read_text())["attributes"]["pruned"] == ["vacuum"]


class Killed(BaseException):
    """Ends what it is raised in as a kill would: nothing more is written."""


def killed_after(patch, most: int) -> list[str]:
    """Let whatever changes stores end after so many changes; the list grows by each."""
    done: list[str] = []

    def counted(name: str, change):
        def one(self, *arguments):
            change(self, *arguments)
            # renewing a lease changes no store
            if not threading.current_thread().name.startswith("hrtem-lease"):
                done.append(name)
                if len(done) == most:
                    raise Killed

        return one

    for kind in (LocalFiles, BucketFiles):
        for name in ("write", "delete", "remove", "copy", "move"):
            patch.setattr(kind, name, counted(name, getattr(kind, name)))
    return done


def copied(filled: Layout, layout: Layout) -> Layout:
    """What waves are made from, and what is made from them, in another place."""
    for asset in ("structures", "exit_waves", "zero_defocus", "labels"):
        source, target = (at.store(PartitionId(asset, SPECIMEN)) for at in (filled, layout))
        files.write_all({target / files.name_within(source, f): files.read(f) for f in files.listing(source)})
    return layout


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("where", "kills"), [("folder", 8), ("bucket", 2)])
def test_killed_at_any_step_pruning_loses_nothing_and_is_finished_by_materializing(
    filled, where, kills, request, tmp_path, monkeypatch
):
    def fresh(name: str) -> Layout:
        remote = store_path(f"{request.getfixturevalue('bucket')}/{name}") if where == "bucket" else None
        return copied(filled, Layout(tmp_path / name, remote))

    whole = fresh("whole")
    found = leftovers(GIVING_UP, whole).leftovers
    with monkeypatch.context() as patch:
        steps = killed_after(patch, 10**6)
        delete(whole, found)
    made = StoreReader(whole.store(WAVES)).column("committed_at").tolist()
    pruned_by_then = set()
    for step in np.linspace(2, len(steps) - 3, kills).astype(int):
        layout = fresh(f"killed-{step}")
        found = leftovers(GIVING_UP, layout).leftovers
        with monkeypatch.context() as patch, pytest.raises(Killed):
            killed_after(patch, step)
            delete(layout, found)
        fill_all(layout, None, ("exit_waves",), GIVING_UP)
        assert verify_partition(layout, WAVES).intact
        pruned_by_then.add(bool(StoreReader(layout.store(WAVES)).column("shard_digest")[:, 1].any()))
        prune(layout)
        assert stored_bytes(layout.store(WAVES) / "vacuum" / "c") == 0
        assert verify_partition(layout, WAVES).intact
        assert StoreReader(layout.store(WAVES)).column("committed_at").tolist() == made
    # an early kill leaves the waves, a late one only work for the next publishing
    assert pruned_by_then == {True, False}
