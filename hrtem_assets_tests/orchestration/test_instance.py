"""Dagster's home: made with the shipped settings, and kept loadable when modules have other names."""

from importlib.resources import files

from hrtem_assets.orchestration.instance import prepare_home

SHIPPED = files("hrtem_assets.orchestration").joinpath("dagster.yaml").read_text("utf-8")


def test_a_home_that_names_modules_of_an_earlier_version_is_brought_up_to_date(tmp_path, monkeypatch):
    monkeypatch.setenv("HRTEM_DATA", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    settings = tmp_path / "home" / "dagster.yaml"
    ours = SHIPPED.replace("max_concurrent_runs: 4", "max_concurrent_runs: 7")
    settings.write_text(ours.replace("hrtem_assets.orchestration.", "hrtem_assets.platform."), "utf-8")
    assert prepare_home() == tmp_path / "home"
    # and what its owner has changed stays
    assert settings.read_text("utf-8") == ours
