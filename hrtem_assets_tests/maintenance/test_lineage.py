"""What was made from values that are no longer upstream is found, named, and made again: that and nothing else."""

import json
import shutil
from typing import Any, cast

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.exit_waves import ExitWavesAsset
from hrtem_assets.cli import main
from hrtem_assets.maintenance.plan import plan
from hrtem_assets.maintenance.verify import verify_partition
from hrtem_assets.store import build as building
from hrtem_assets.store.layout import PartitionId
from hrtem_assets.store.reader import StoreReader
from hrtem_assets.store.reading import StoreError
from hrtem_assets.store.reopen import reopen
from hrtem_assets_tests.maintenance.conftest import CONDITION, fill_all
from hrtem_assets_tests.small import SPECIMEN, small_campaign

STRUCTURES, WAVES, ZERO, LABELS, IMAGES, SET = (
    PartitionId(name, SPECIMEN, *([CONDITION] if asset.per_condition else []))
    for name, asset in ASSETS.items()
)
AFTER_WAVES = (ZERO, LABELS, IMAGES, SET)


def digests(layout, partition) -> list[int]:
    return StoreReader(layout.store(partition)).column("digest").tolist()


def stamps(layout, partition) -> list[int]:
    return StoreReader(layout.store(partition)).column("committed_at").tolist()


@pytest.fixture
def other_waves(layout, monkeypatch):
    """Structure 1 of the waves was taken out and made again, to other values, shifted by a pixel."""
    made = ExitWavesAsset.make

    def disturbed(self, works: Any) -> Any:
        return [
            {None: ({n: np.roll(v, 1, axis=-1) for n, v in arrays.items()}, record)}
            for ((arrays, record),) in (cast(Any, one).values() for one in made(self, works))
        ]

    reopen(layout, WAVES, [1])
    with monkeypatch.context() as patch:
        patch.setattr(ExitWavesAsset, "make", disturbed)
        fill_all(layout, assets=("exit_waves",))
    return layout


def test_every_structure_says_what_it_was_made_from(filled):
    for partition, names in (
        (WAVES, ["structures"]),
        (ZERO, ["exit_waves", "structures"]),
        (IMAGES, ["exit_waves", "zero_defocus"]),
        (SET, ["labels", "micrographs"]),
    ):
        path = filled.store(partition)
        with xr.open_zarr(path) as ds:
            assert ds.attrs["upstream"] == names
            for k, name in enumerate(names):
                (upstream,) = (p for p in (STRUCTURES, WAVES, ZERO, LABELS, IMAGES) if p.asset == name)
                assert ds.upstream_digest.values[:, k].tolist() == digests(filled, upstream)
    with xr.open_zarr(filled.store(STRUCTURES)) as ds:
        assert "upstream_digest" not in ds


def test_images_of_waves_that_are_others_now_are_named_all_the_way_down_and_never_called_intact(other_waves):
    assert verify_partition(other_waves, WAVES).outdated == {}
    for partition in AFTER_WAVES:
        verdict = verify_partition(other_waves, partition)
        assert not verdict.intact
        assert list(verdict.outdated) == [1]
        assert not verdict.damaged
        condition = f" --condition {CONDITION}" if partition.condition else ""
        assert verdict.repair[-1] == f"hrtem materialize {partition.asset} --specimen {SPECIMEN}{condition}"
    assert verify_partition(other_waves, IMAGES).outdated[1] == (
        f"made from other values of {WAVES} than are there now"
    )
    assert verify_partition(other_waves, SET).repair == (
        f"hrtem materialize labels --specimen {SPECIMEN}",
        f"hrtem materialize zero_defocus --specimen {SPECIMEN}",
        f"hrtem materialize micrographs --specimen {SPECIMEN} --condition {CONDITION}",
        f"hrtem materialize training_sets --specimen {SPECIMEN} --condition {CONDITION}",
    )


def test_the_plan_calls_them_stale_and_counts_what_is_made_again(other_waves):
    states = {p.partition: p for p in plan(small_campaign(), other_waves, [STRUCTURES, WAVES, *AFTER_WAVES])}
    assert [states[p].state for p in (STRUCTURES, WAVES)] == ["complete", "complete"]
    assert all(
        states[p].state == "stale" and "structure 1: made from" in states[p].why[0] for p in AFTER_WAVES
    )
    # zero defocus shares no files; of labels and images all three share one
    assert [states[p].left for p in AFTER_WAVES] == [1, 3, 3, 3]


def test_materializing_makes_just_these_again_and_then_all_is_intact(other_waves):
    before = {p: digests(other_waves, p) for p in AFTER_WAVES}
    when = stamps(other_waves, ZERO)
    fill_all(other_waves, assets=[p.asset for p in AFTER_WAVES])
    assert all(verify_partition(other_waves, p).intact for p in (WAVES, *AFTER_WAVES))
    for partition in AFTER_WAVES:
        changed = [a != b for a, b in zip(before[partition], digests(other_waves, partition), strict=True)]
        # a label may well be the same of slightly other waves
        assert changed in ([False, True, False], [False] * 3)
    assert [a != b for a, b in zip(when, stamps(other_waves, ZERO), strict=True)] == [False, True, False]
    assert digests(other_waves, IMAGES) != before[IMAGES]
    # and a second time there is nothing to do
    when = stamps(other_waves, IMAGES)
    fill_all(other_waves, assets=("micrographs",))
    assert stamps(other_waves, IMAGES) == when


def test_what_is_outdated_itself_is_not_read_downstream(other_waves):
    with pytest.raises(
        StoreError, match=rf"labels/{SPECIMEN} was not made from .*\n  structure 1: made from other"
    ):
        fill_all(other_waves, assets=("training_sets",))


def test_upstream_made_again_to_the_same_bits_makes_nothing_stale(layout):
    reopen(layout, WAVES, [0, 2])
    fill_all(layout, assets=("exit_waves",))
    assert all(verify_partition(layout, p).intact for p in AFTER_WAVES)
    assert {p.state for p in plan(small_campaign(), layout, list(AFTER_WAVES))} == {"complete"}


def test_a_store_that_does_not_say_what_it_was_made_from_is_stale_and_made_again_in_full(layout, monkeypatch):
    """As an earlier version wrote it: sealed and whole, without the record."""
    shutil.rmtree(layout.store(ZERO))
    with monkeypatch.context() as patch:
        patch.setattr(
            building.Schema, "with_bookkeeping", _without_upstream(building.Schema.with_bookkeeping)
        )
        finish = building.zarr_files.finish
        patch.setattr(
            building.zarr_files,
            "finish",
            lambda path, attributes: finish(path, {k: v for k, v in attributes.items() if k != "upstream"}),
        )
        fill_all(layout, assets=("zero_defocus",))
    assert "upstream" not in json.loads((layout.store(ZERO) / "zarr.json").read_text())["attributes"]
    verdict = verify_partition(layout, ZERO)
    assert list(verdict.outdated) == [0, 1, 2]
    assert "an earlier version wrote it" in verdict.outdated[0]
    (found,) = plan(small_campaign(), layout, [ZERO])
    assert (found.state, found.left) == ("stale", 3)
    before, values = stamps(layout, ZERO), digests(layout, ZERO)
    fill_all(layout, assets=("zero_defocus",))
    assert not set(before) & set(stamps(layout, ZERO))
    assert digests(layout, ZERO) == values
    assert verify_partition(layout, ZERO).intact
    # equal to the last bit: images made from it stay
    assert verify_partition(layout, IMAGES).intact


def _without_upstream(with_bookkeeping):
    return lambda self, upstream=0: with_bookkeeping(self, 0)


def test_damaged_waves_are_refused_before_anything_is_made_from_them(layout):
    file = layout.store(WAVES) / "full/c/2/0/0/0"
    data = bytearray(file.read_bytes())
    data[len(data) // 3] ^= 16
    file.unlink()
    file.write_bytes(data)
    shutil.rmtree(layout.store(IMAGES))
    with pytest.raises(StoreError) as caught:
        fill_all(layout, assets=("micrographs",))
    assert str(caught.value) == (
        f"{WAVES} is damaged: the files of full of structure 2 are not those that were written "
        f"({layout.store(WAVES)}); nothing is made from it.\n"
        f"take out what is damaged with: hrtem repair {WAVES} --yes\n"
        f"then make it again with: hrtem materialize exit_waves --specimen {SPECIMEN}"
    )
    assert not layout.store(IMAGES).exists()


def test_the_command_names_wrong_images(other_waves, environment):
    result = CliRunner().invoke(main, ["verify", "micrographs"], catch_exceptions=False)
    assert result.exit_code == 1
    assert (
        f"wrong    {IMAGES}, structure 1: made from other values of {WAVES} than are there now"
        in result.output
    )
    assert "0 of 1 stores are intact" in result.output
