"""One specimen of a small campaign, filled once and copied for every test that harms it."""

import shutil
from pathlib import Path

import pytest

from hrtem_assets.assets import ASSETS
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.store.layout import Layout
from hrtem_assets_tests.small import SPECIMEN, small_campaign, small_campaign_yaml

CONDITION = "df-10nm_400e"


def fill_all(layout: Layout, count: int | None = None, assets=tuple(ASSETS), campaign=None, overrides=None):
    """Make assets of the specimen under one condition, as a run would."""
    for name in assets:
        asset = ASSETS[name]
        fill(
            asset,
            campaign or small_campaign(),
            SPECIMEN,
            (CONDITION if asset.per_condition else None,),
            layout,
            count=count,
            compute=LocalCompute(workers=1),
            provenance={
                "run_id": "run-1",
                "user": "me",
                "host": "here",
                "package_version": "0",
                "overrides": overrides or {},
            },
            log=lambda _: None,
        )


@pytest.fixture(scope="session")
def filled(tmp_path_factory) -> Layout:
    """Not to be changed."""
    layout = Layout(tmp_path_factory.mktemp("upkeep"))
    fill_all(layout)
    return layout


@pytest.fixture
def layout(filled, tmp_path) -> Layout:
    """A copy, to be changed at will."""
    shutil.copytree(filled.root, tmp_path / "data")
    return Layout(tmp_path / "data")


@pytest.fixture
def environment(layout, tmp_path, monkeypatch) -> Path:
    """What the command sees: the small campaign and the copy."""
    campaign = tmp_path / "small.yaml"
    campaign.write_text(small_campaign_yaml())
    monkeypatch.setenv("HRTEM_CAMPAIGN", str(campaign))
    monkeypatch.setenv("HRTEM_DATA", str(layout.root))
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.chdir(tmp_path)
    return campaign
