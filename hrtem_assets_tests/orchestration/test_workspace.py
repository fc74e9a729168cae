"""What the workspace says of itself: its campaign, its folders, and who made what."""

from pathlib import Path

import pytest

from hrtem_assets.assets import ASSETS
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.export.exporting import export_partition
from hrtem_assets.export.formats import FORMATS
from hrtem_assets.orchestration.workspace import Workspace
from hrtem_assets.store.layout import Layout
from hrtem_assets_tests.small import SPECIMEN, small_campaign

USER, MACHINE = "somebody-of-this-name", "machine-of-this-name"


@pytest.fixture(autouse=True)
def someone(monkeypatch):
    monkeypatch.setenv("LOGNAME", USER)
    monkeypatch.setattr("platform.node", lambda: MACHINE)


def naming(folder: Path) -> set[str]:
    """Files that hold the name of the user or the machine."""
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert files
    return {p.name for p in files if any(word.encode() in p.read_bytes() for word in (USER, MACHINE))}


@pytest.mark.parametrize("recorded", [True, False])
def test_user_and_machine_are_in_stores_and_exports_only_if_they_shall_be(tmp_path, recorded):
    settings = {} if recorded else {"storage": {"record_user_and_host": False}}
    campaign, layout = small_campaign(**settings), Layout(tmp_path / "data")
    provenance = Workspace(campaign, layout).provenance("run-1", {})
    assert {"run_id", "package_version", "campaign", "overrides"} <= provenance.keys()
    fill(
        ASSETS["structures"],
        campaign,
        SPECIMEN,
        (None,),
        layout,
        count=None,
        compute=LocalCompute(workers=1),
        provenance=provenance,
        log=lambda line: None,
    )
    export_partition(campaign, layout, FORMATS["xyz"], SPECIMEN, None, tmp_path / "out", lambda line: None)
    assert naming(layout.root) == ({"zarr.json"} if recorded else set())
    assert naming(tmp_path / "out") == set()


def test_the_choice_enters_no_recipe():
    asset = ASSETS["structures"]
    without = small_campaign(storage={"record_user_and_host": False})
    specimen = without.specimen(SPECIMEN)
    assert asset.recipe(without, specimen, None) == asset.recipe(small_campaign(), specimen, None)
