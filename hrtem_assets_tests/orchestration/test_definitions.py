"""What Dagster sees: assets, partitions, dependencies, jobs and configuration, as one snapshot."""

import dagster as dg
import pytest

from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import load_campaign
from hrtem_assets.definitions import build_defs
from hrtem_assets.export.formats import FORMATS

CONDITIONS = [f"df{d:+03d}nm_400e" for d in range(-25, 30, 5)] + [
    f"df-10nm_{dose:03d}e" for dose in (30, 75, 150, 300, 600)
]


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    return build_defs(load_campaign("paper"), tmp_path_factory.mktemp("data"))


def keys(items):
    return {item.to_user_string() for item in items}


def test_the_assets_depend_on_each_other_as_designed(definitions):
    graph = definitions.resolve_asset_graph()
    parents = {node.key.to_user_string(): keys(node.parent_keys) for node in graph.asset_nodes}
    recipes: dict[str, set[str]] = {f"{name}_recipe": set() for name in ASSETS}
    assert parents == recipes | {
        "structures": {"structures_recipe"},
        "exit_waves": {"exit_waves_recipe", "structures"},
        "zero_defocus": {"zero_defocus_recipe", "structures", "exit_waves"},
        "labels": {"labels_recipe", "structures", "exit_waves"},
        "micrographs": {"micrographs_recipe", "exit_waves", "zero_defocus"},
        "training_sets": {"training_sets_recipe", "labels", "micrographs"},
        **{form.asset_name: {form.asset} for form in FORMATS.values()},
        "gallery": {"training_sets"},
        "transfer_pairs": {"training_sets"},
        "storage": {"training_sets"},
    }


def test_there_are_27_specimens_and_16_conditions_with_the_agreed_keys(definitions):
    graph = definitions.resolve_asset_graph()
    specimens = graph.get(dg.AssetKey("structures")).partitions_def.get_partition_keys()
    assert len(specimens) == 27
    assert {"CdSe-medium", "Fe3O4-large", "C-small"} <= set(specimens)
    images = graph.get(dg.AssetKey("micrographs")).partitions_def
    assert len(images.get_partition_keys()) == 27 * 16
    assert "df-10nm_400e|CdSe-medium" in images.get_partition_keys()
    (conditions,) = [
        d.partitions_def.get_partition_keys() for d in images.partitions_defs if d.name == "condition"
    ]
    assert sorted(conditions) == sorted(CONDITIONS)


def test_every_asset_says_what_one_row_is(definitions):
    for node in definitions.resolve_asset_graph().asset_nodes:
        assert "One row is" in (node.description or "")


def test_the_jobs_cover_every_asset(definitions):
    made = {
        name: keys(definitions.resolve_job_def(name).asset_layer.executable_asset_keys)
        for name in ("specimens", "images")
    }
    assert made == {
        "specimens": {"structures", "exit_waves", "zero_defocus", "labels"},
        "images": {"micrographs", "training_sets"},
    }


def test_configuration_shows_descriptions_and_units_in_the_launchpad(definitions):
    assets = {a.key.to_user_string(): a for a in definitions.assets}
    fields = assets["exit_waves"].op.config_schema.config_type.fields
    assert {"workers", "device", "count", "simulation"} == set(fields)
    simulation = fields["simulation"].config_type.fields
    assert "[Å]" in simulation["slice_thickness_a"].description
    assert "[keV]" in simulation["beam_energy_kev"].description
    assert "cell_a" not in simulation
    for field in [*fields.values(), *simulation.values()]:
        assert field.description


def test_definitions_are_fresh_each_time(tmp_path):
    one, two = (build_defs(load_campaign("demo"), tmp_path) for _ in range(2))
    assert one is not two


def test_only_what_launches_nothing_is_on_before_anybody_switches_it_on(definitions):
    repository = definitions.get_repository_def()
    assert {s.name: s.default_status.value for s in repository.sensor_defs} == {
        "watch_recipes": "RUNNING",
    }
    (nightly,) = repository.schedule_defs
    assert (nightly.name, nightly.cron_schedule, nightly.execution_timezone) == (
        "nightly",
        "0 22 * * *",
        "UTC",
    )
    assert nightly.default_status.value == "STOPPED"
