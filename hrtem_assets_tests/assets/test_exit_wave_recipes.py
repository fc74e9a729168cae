"""Recipes of exit waves say which engine made them, and hold what acts in it and nothing else."""

from hrtem_assets.assets import ASSETS
from hrtem_assets_tests.small import SPECIMEN, small_campaign

PRISMATIC = {"sampling_a": 0.1, "parametrization": "kirkland"}


def recipe(asset="exit_waves", engines=None, **simulation):
    settings = small_campaign().simulation.model_dump() | PRISMATIC | simulation
    campaign = small_campaign(simulation=settings, engines=engines or {})
    return ASSETS[asset].recipe(campaign, campaign.specimen(SPECIMEN))


def test_a_recipe_names_the_engine_that_is_assigned_to_its_specimen():
    found = recipe(engines={SPECIMEN: "prismatic"})
    assert found.settings["simulation"]["engine"] == "prismatic"
    assert found.settings["engine_versions"]["prismatic"] == "2.0"
    assert found.digest == recipe(engine="prismatic").digest
    assert found.digest != recipe(engine="abtem").digest


def test_settings_of_one_engine_change_no_recipe_of_another():
    closer = {"potential_bound_a": 4.0}
    assert recipe(engine="abtem", prismatic=closer).digest == recipe(engine="abtem").digest
    assert recipe(engine="prismatic", prismatic=closer).digest != recipe(engine="prismatic").digest
    assert recipe(engine="prismatic", projection="finite").digest == recipe(engine="prismatic").digest


def test_recipes_downstream_can_be_checked_where_prismatic_is_not_installed(monkeypatch):
    monkeypatch.delenv("HRTEM_PRISMATIC_PYTHON", raising=False)
    found = recipe("labels", engines={SPECIMEN: "prismatic"})
    assert found.upstream["exit_waves"] == recipe(engines={SPECIMEN: "prismatic"}).digest


def test_a_store_is_titled_with_its_engine():
    campaign = small_campaign()
    title = ASSETS["exit_waves"].schema(campaign, campaign.specimen(SPECIMEN), None).title
    assert f"by {campaign.simulation.engine}" in title
