"""What a bounded top-up begins with: cheapest specimen first, upstream first, nothing that waits for others."""

from typing import Any

import pytest

from hrtem_assets.assets.lineage import upstream_partitions
from hrtem_assets.campaign import load_campaign
from hrtem_assets.maintenance.plan import PartitionPlan, select
from hrtem_assets.maintenance.rates import Rate
from hrtem_assets.orchestration.choice import choose
from hrtem_assets.store.layout import PartitionId

PAPER = load_campaign("paper")
HOUR = 3600.0
# seconds of a structure, so that the specimens are of different cost
SECONDS = {"CdSe-medium": 3.0, "Cu-large": 1.0, "Fe-small": 2.0}
EVERYTHING: dict[str, Any] = {"max_partitions": 10_000, "max_seconds": 1e12}


def plans(specimens=SECONDS, state="missing", rate=True, complete=()):
    return [
        PartitionPlan(
            p,
            "complete" if p in complete else state,
            10 if p in complete else 0,
            10,
            (),
            Rate(SECONDS[p.specimen], 1e6, 10**9, "cpu", (p.specimen,))
            if rate and p not in complete
            else None,
        )
        for p in select(PAPER, list(specimens))
    ]


def chosen(*arguments, **bounds):
    return [p.partition for p in choose(PAPER, *arguments, **EVERYTHING | bounds).chosen]


def test_without_a_bound_everything_is_chosen_the_cheapest_specimen_first():
    found = chosen(plans(), {})
    assert list(dict.fromkeys(p.specimen for p in found)) == ["Cu-large", "Fe-small", "CdSe-medium"]
    assert set(found) == {p.partition for p in plans()}


@pytest.mark.parametrize("most", range(1, 40))
def test_whatever_is_chosen_has_all_that_it_is_made_from_before_it(most):
    found = chosen(plans(), {}, max_partitions=most)
    assert len(found) == most
    for place, partition in enumerate(found):
        assert set(upstream_partitions(partition)) <= set(found[:place])


def test_the_bound_of_time_holds_but_one_partition_is_always_begun():
    # ten structures of one second each
    assert len(chosen(plans(["Cu-large"]), {}, max_seconds=45.0)) == 4
    assert chosen(plans(["Cu-large"]), {}, max_seconds=1.0) == [PartitionId("structures", "Cu-large")]
    assert choose(PAPER, plans(["Cu-large"]), {}, 4, 1e9).later == 4 + 2 * 16 - 4


def test_what_is_complete_is_left_alone_and_what_is_stale_is_not():
    there = [PartitionId("structures", "Cu-large"), PartitionId("exit_waves", "Cu-large")]
    found = chosen(plans(["Cu-large"], complete=there), {})
    assert set(found) == {p.partition for p in plans(["Cu-large"])} - set(there)
    assert len(chosen(plans(["Cu-large"], state="stale"), {})) == 36


def test_what_others_are_making_waits_and_so_does_all_that_is_made_from_it():
    waves = PartitionId("exit_waves", "Cu-large")
    choice = choose(PAPER, plans(["Cu-large", "Fe-small"]), {waves: "run 1"}, **EVERYTHING)
    mine = {p.partition for p in choice.chosen}
    assert {p for p in mine if p.specimen == "Cu-large"} == {PartitionId("structures", "Cu-large")}
    assert len([p for p in mine if p.specimen == "Fe-small"]) == 36
    assert choice.barred[waves] == "run 1"
    assert choice.barred[PartitionId("labels", "Cu-large")] == "waits for exit_waves/Cu-large"
    assert len(choice.barred) == 35


def test_of_what_has_no_rate_yet_one_specimen_is_chosen_the_thinnest():
    found = chosen(plans(rate=False), {})
    assert {p.specimen for p in found} == {"Fe-small"}
    assert len(found) == 36


def test_what_follows_the_waves_is_cheap_and_waits_for_no_rate():
    waves = [PartitionId(a, s) for a in ("structures", "exit_waves") for s in SECONDS]
    found = chosen(plans(rate=False, complete=waves), {})
    assert {p.specimen for p in found} == set(SECONDS)
    assert len(found) == 3 * 34
