"""Pruning: nothing that is wanted or in use is listed, and nothing is deleted without being asked."""

from click.testing import CliRunner

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.partitions import finished_partitions, stored_bytes
from hrtem_assets.campaign import with_overrides
from hrtem_assets.cli import main
from hrtem_assets.maintenance.prune import delete, leftovers
from hrtem_assets.maintenance.verify import verify_partition
from hrtem_assets.store.build import open_build
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.locking import partition_lock
from hrtem_assets_tests.maintenance.conftest import fill_all
from hrtem_assets_tests.small import SPECIMEN, small_campaign

LABELS = PartitionId("labels", SPECIMEN)
CHANGED = with_overrides(small_campaign(), {"labels": {"phase_threshold_rad": 0.3}})


def begin(layout: Layout, campaign, partition: PartitionId = LABELS) -> None:
    """Leave a build as a run leaves it that is killed before its first structure."""
    asset, specimen = ASSETS[partition.asset], campaign.specimen(SPECIMEN)
    recipe, schema = asset.recipe(campaign, specimen), asset.schema(campaign, specimen, None)
    with open_build(layout, partition, recipe, schema, 5, {"run_id": "killed", "runs": []}):
        pass


def test_a_tidy_root_has_nothing_to_delete(layout, environment):
    assert leftovers(small_campaign(), layout).leftovers == ()
    output = CliRunner().invoke(main, ["prune", "--yes"], catch_exceptions=False).output
    assert output == "nothing to delete\n"


def test_superseded_stores_are_listed_with_their_size_and_deleted_only_when_asked(layout, environment):
    fill_all(layout, None, ("labels",), CHANGED)
    (item,) = leftovers(CHANGED, layout).leftovers
    assert item.partition == LABELS
    assert item.why.startswith("superseded")
    assert item.bytes == stored_bytes(item.path) > 0
    assert leftovers(CHANGED, layout).freed_bytes == item.bytes
    listed = CliRunner().invoke(main, ["prune"], catch_exceptions=False).output
    assert "assets/.superseded/labels/CdSe-small/" in listed
    assert "would be freed" in listed
    assert item.path.is_dir()
    deleted = CliRunner().invoke(main, ["prune", "--yes"], catch_exceptions=False).output
    assert "freed" in deleted
    assert not item.path.exists()
    assert all(verify_partition(layout, p).whole == () for p in finished_partitions(layout))


def test_what_an_extended_store_shares_with_the_superseded_one_is_not_counted_as_freed(layout):
    """An extension begins with hard links to what is there."""
    fill_all(layout, 4, ("structures",))
    found = leftovers(small_campaign(), layout)
    (item,) = found.leftovers
    assert 0 < found.freed_bytes < item.bytes / 2
    delete(layout, found.leftovers)
    assert verify_partition(layout, PartitionId("structures", SPECIMEN)).intact


def test_a_build_that_would_be_resumed_is_kept_and_one_of_another_recipe_is_not(layout):
    begin(layout, CHANGED)
    assert leftovers(CHANGED, layout).leftovers == ()
    found = leftovers(small_campaign(), layout).leftovers
    assert {i.path.suffix for i in found} == {".zarr", ".journal"}
    delete(layout, found)
    assert leftovers(small_campaign(), layout).leftovers == ()


def test_a_partition_that_is_being_filled_is_left_alone(layout):
    begin(layout, CHANGED)
    found = leftovers(small_campaign(), layout)
    with partition_lock(layout, LABELS):
        during = leftovers(small_campaign(), layout)
        assert during.leftovers == ()
        assert during.busy == (LABELS,)
        assert delete(layout, found.leftovers) == [LABELS]
    assert all(i.path.exists() for i in found.leftovers)


def test_files_of_killed_writes_are_found_wherever_they_lie_and_harm_no_verdict(layout):
    inside = layout.store(LABELS) / "mask" / "c" / "0" / "0" / "0.1234.partial"
    inside.write_bytes(b"half")
    beside = layout.journal(LABELS, "0" * 24)
    beside.mkdir(parents=True)
    assert verify_partition(layout, LABELS).intact
    found = leftovers(small_campaign(), layout).leftovers
    assert {i.path for i in found} == {inside, beside}
    delete(layout, found)
    assert verify_partition(layout, LABELS).intact
