"""How a backfill's partitions are shared out among runs."""

import dagster as dg
import pytest
from dagster._core.definitions.partitions.subset.default import DefaultPartitionsSubset

from hrtem_assets.campaign import load_campaign
from hrtem_assets.orchestration.partitions import by_specimen, image_partitions, partition_key
from hrtem_assets.orchestration.run_queue import RunQueue


@pytest.fixture
def images(monkeypatch):
    # the queue changes Dagster: put back at the end
    monkeypatch.setattr(
        DefaultPartitionsSubset,
        "get_partition_key_ranges",
        DefaultPartitionsSubset.get_partition_key_ranges,
    )
    RunQueue()
    return image_partitions(load_campaign("paper"))


def rows(images, keys):
    """The keys of every run."""
    ranges = images.subset_with_partition_keys(keys).get_partition_key_ranges(images)
    return [list(images.get_partition_keys_in_range(r)) for r in ranges]


def test_of_more_specimens_than_conditions_each_run_holds_the_conditions_of_one_specimen(images):
    keys = images.get_partition_keys()
    found = rows(images, keys)
    assert sorted(key for row in found for key in row) == sorted(keys)
    assert [len(row) for row in found] == [16] * len(load_campaign("paper").specimens)
    assert all(len(by_specimen(row)) == 1 for row in found)


def test_what_is_not_asked_for_breaks_a_row_and_is_left_out(images):
    campaign = load_campaign("paper")
    conditions = [c.key for c in campaign.conditions]
    asked = [
        partition_key(s, c) for s in list(campaign.specimens)[:17] for c in (*conditions[:2], conditions[5])
    ]
    found = rows(images, asked)
    assert sorted(key for row in found for key in row) == sorted(asked)
    assert [len(row) for row in found] == [2, 1] * 17


def test_one_condition_of_many_specimens_is_one_row(images):
    campaign = load_campaign("paper")
    asked = [partition_key(s, campaign.conditions[3].key) for s in campaign.specimens]
    assert rows(images, asked) == [asked]


def test_other_partitions_are_dagsters_own_affair(images):
    grid = dg.MultiPartitionsDefinition(
        {"a": dg.StaticPartitionsDefinition(["1", "2"]), "b": dg.StaticPartitionsDefinition(list("xyz"))}
    )
    found = rows(grid, grid.get_partition_keys())
    assert sorted(found) == [["1|x", "1|y", "1|z"], ["2|x", "2|y", "2|z"]]
    line = dg.StaticPartitionsDefinition(list("abcd"))
    assert rows(line, ["a", "b", "d"]) == [["a", "b"], ["d"]]
