"""Declarative automation, evaluation by evaluation: at night, what is missing, once its upstream is there."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from hrtem_assets.definitions import build_defs
from hrtem_assets.platform.launch import materialize
from hrtem_assets.stages import STAGES
from hrtem_assets_tests.small import SPECIMEN, small_campaign

CONDITIONS = [{"defocus_nm": -10, "dose_e_per_a2": 400}, {"defocus_nm": 10, "dose_e_per_a2": 400}]


class Evaluated:
    """Evaluations of the conditions at given times."""

    def __init__(self, root):
        campaign = small_campaign(conditions=CONDITIONS, counts={"train": 1, "validation": 0})
        self.definitions, self.cursor = build_defs(campaign, root), None
        self.instance = dg.DagsterInstance.ephemeral()

    def at(self, day, hour, minute=0):
        """How many partitions of each asset are requested."""
        result = dg.evaluate_automation_conditions(
            self.definitions,
            self.instance,
            asset_selection=dg.AssetSelection.assets(*STAGES),
            evaluation_time=datetime(2026, 1, day, hour, minute, tzinfo=UTC),
            cursor=self.cursor,
        )
        self.cursor = result.cursor
        requested = {name: result.get_num_requested(dg.AssetKey(name)) for name in STAGES}
        return {name: number for name, number in requested.items() if number}


@pytest.fixture
def evaluated(tmp_path):
    return Evaluated(tmp_path)


FREE = ("structures", "exit_waves", "zero_defocus", "labels")


def test_nothing_is_requested_by_day_and_what_is_missing_by_night_once(evaluated):
    assert evaluated.at(1, 12) == {}
    assert evaluated.at(1, 21, 59) == {}
    # nine lattices in one size; all that has the same partitions goes together
    assert evaluated.at(1, 22, 1) == dict.fromkeys(FREE, 9)
    assert evaluated.at(1, 22, 2) == {}
    assert evaluated.at(2, 21, 59) == {}
    # again the next night where it failed
    assert evaluated.at(2, 22, 1) == dict.fromkeys(FREE, 9)


def test_images_follow_in_the_same_night_and_what_is_there_is_left_alone(evaluated):
    evaluated.at(1, 12)
    assert evaluated.at(1, 22, 1) == dict.fromkeys(FREE, 9)
    materialize(evaluated.definitions, evaluated.instance, FREE, SPECIMEN)
    assert evaluated.at(1, 22, 5) == {"micrographs": 2, "training_sets": 2}
    materialize(evaluated.definitions, evaluated.instance, ["micrographs"], SPECIMEN, ["df-10nm_400e"])
    assert evaluated.at(1, 22, 9) == {}
    assert evaluated.at(2, 22, 1) == dict.fromkeys(FREE, 8) | {"micrographs": 1, "training_sets": 2}
