"""Staleness as Dagster resolves it: after a campaign edit exactly the partitions whose recipe changed are unsynced."""

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from hrtem_assets.assets import ASSETS
from hrtem_assets.definitions import build_defs
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets.orchestration.recipes import SENSOR, recipes_sensor
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reading import store_info
from hrtem_assets_tests.small import SETTINGS as SMALL
from hrtem_assets_tests.small import SPECIMEN, small_campaign

# three conditions of one specimen, so that images are made several in a run
CONDITIONS = (
    {"defocus_nm": -10, "dose_e_per_a2": 400},
    {"defocus_nm": 0, "dose_e_per_a2": 400},
    {"defocus_nm": 10, "dose_e_per_a2": 400},
)
SETTINGS = {"counts": {"train": 1, "validation": 1}, "conditions": CONDITIONS}
SIMULATION = SMALL["simulation"]
KEYS = ("df-10nm_400e", "df+00nm_400e", "df+10nm_400e")


class Watched:
    """A materialized specimen whose campaign is edited."""

    def __init__(self, root):
        self.campaign, self.root, self.cursor = small_campaign(**SETTINGS), root, None
        self.definitions, self.instance = build_defs(self.campaign, root), dg.DagsterInstance.ephemeral()
        materialize(self.definitions, self.instance, tuple(ASSETS), SPECIMEN)

    def edit(self, **changes):
        """Edit the campaign, reload it, and let the sensor look once."""
        self.campaign = small_campaign(**SETTINGS | changes)
        self.definitions = build_defs(self.campaign, self.root)
        return self.tick()

    def tick(self):
        context = dg.build_sensor_context(self.instance, cursor=self.cursor)
        result = recipes_sensor(lambda: self.campaign).evaluate_tick(context)
        for event in result.asset_events:
            self.instance.report_runless_asset_event(event)
        self.cursor = result.cursor or self.cursor
        return len(result.asset_events)

    def unsynced(self):
        """Partitions that the UI shows as unsynced."""
        resolver = CachingStaleStatusResolver(
            self.instance, self.definitions.resolve_asset_graph(), LoadingContextForTest(self.instance)
        )
        found: dict[str, list[str]] = {}
        for name, asset in ASSETS.items():
            keys = [f"{key}|{SPECIMEN}" for key in KEYS] if asset.per_condition else [SPECIMEN]
            statuses = {key: resolver.get_status(dg.AssetKey(name), key).value for key in keys}
            assert set(statuses.values()) <= {"FRESH", "STALE"}
            found |= {name: [k for k, status in statuses.items() if status == "STALE"]}
        return {name: keys for name, keys in found.items() if keys}


IMAGES = [f"{key}|{SPECIMEN}" for key in KEYS]
FROM_WAVES = {name: IMAGES if asset.per_condition else [SPECIMEN] for name, asset in ASSETS.items()}
del FROM_WAVES["structures"]


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    return Watched(tmp_path_factory.mktemp("watched"))


@pytest.mark.parametrize(
    ("edit", "stale"),
    [
        ({}, {}),
        ({"placement": {"count_max": 1}}, {"structures": [SPECIMEN]} | FROM_WAVES),
        ({"simulation": SIMULATION | {"frozen_phonons": 3}}, FROM_WAVES),
        (
            {"optics": {"focal_spread_a": 12}},
            {"zero_defocus": [SPECIMEN], "micrographs": IMAGES, "training_sets": IMAGES},
        ),
        ({"optics": {"defocus_jitter_nm": 2}}, {"micrographs": IMAGES, "training_sets": IMAGES}),
        ({"labels": {"mask_cutoff": 0.2}}, {"labels": [SPECIMEN], "training_sets": IMAGES}),
        ({"training_sets": {"crop_px": 128}}, {"training_sets": IMAGES}),
        ({"schedule": {"cron": "0 3 * * *"}}, {}),
    ],
)
def test_an_edit_turns_exactly_those_partitions_unsynced_whose_recipe_it_changes(watched, edit, stale):
    events = watched.edit(**edit)
    assert watched.unsynced() == stale
    assert events == sum(map(len, stale.values()))
    # and back again
    watched.edit()
    assert watched.unsynced() == {}


def test_an_unchanged_campaign_is_not_looked_at_again(watched):
    watched.tick()
    assert watched.tick() == 0
    context = dg.build_sensor_context(watched.instance, cursor=watched.cursor)
    assert (
        recipes_sensor(lambda: watched.campaign).evaluate_tick(context).skip_message
        == "the campaign is as it was"
    )


def test_every_partition_of_a_run_of_many_carries_its_own_version(watched):
    versions = {}
    for key in KEYS:
        (record,) = watched.instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey("micrographs"), asset_partitions=[f"{key}|{SPECIMEN}"]), limit=5
        ).records
        tags = record.asset_materialization.tags
        info = store_info(Layout(watched.root).store(PartitionId("micrographs", SPECIMEN, key)))
        assert tags["dagster/data_version"] == f"{info.recipe.digest}.2"
        assert tags["dagster/partition/condition"] == key
        versions[key] = record.run_id
    assert len(set(versions.values())) == 1


def test_made_again_they_are_in_sync_one_after_another(tmp_path):
    watched = Watched(tmp_path)
    watched.edit(optics={"defocus_jitter_nm": 2})
    assert watched.unsynced() == {"micrographs": IMAGES, "training_sets": IMAGES}
    materialize(watched.definitions, watched.instance, ["micrographs"], SPECIMEN, [KEYS[0]])
    assert watched.unsynced() == {"micrographs": IMAGES[1:], "training_sets": IMAGES}
    materialize(watched.definitions, watched.instance, ["training_sets"], SPECIMEN, [KEYS[0]])
    assert watched.unsynced() == {"micrographs": IMAGES[1:], "training_sets": IMAGES[1:]}
    materialize(watched.definitions, watched.instance, ["micrographs", "training_sets"], SPECIMEN)
    assert watched.unsynced() == {}


def test_the_sensor_says_why_a_campaign_file_cannot_be_used(tmp_path, monkeypatch):
    file = tmp_path / "mine.yaml"
    file.write_text("extends: demo\nsimulation: {slice_thickness_a: 50}\n")
    monkeypatch.setenv("HRTEM_CAMPAIGN", str(file))
    instance = dg.DagsterInstance.ephemeral()
    file.write_text("extends: demo\n")
    sensor = build_defs(root=tmp_path).get_repository_def().get_sensor_def(SENSOR)
    file.write_text("extends: demo\nsimulation: {slice_thickness_a: 50}\n")
    result = sensor.evaluate_tick(dg.build_sensor_context(instance))
    assert "simulation.slice_thickness_a = 50" in (result.skip_message or "")
