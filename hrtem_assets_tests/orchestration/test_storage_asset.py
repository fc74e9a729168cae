"""The asset `storage`: what it says is what lies on disk."""

import shutil

from hrtem_assets.assets import ASSETS
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets.store.layout import PartitionId
from hrtem_assets_tests.small import SPECIMEN


def on_disk(folder):
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6


def test_sizes_by_asset_are_those_of_the_files(made):
    old = made.layout.superseded(PartitionId("labels", SPECIMEN), "old")
    shutil.copytree(made.layout.store(PartitionId("labels", SPECIMEN)), old)
    try:
        materialize(made.definitions, made.instance, ["storage"], None)
    finally:
        shutil.rmtree(made.layout.assets / ".superseded")
    shown = made.metadata("storage")
    assets = made.layout.assets
    for name in ASSETS:
        assert abs(shown[f"{name}_megabytes"] - on_disk(assets / name)) < 1e-3
    assert abs(shown["superseded_megabytes"] - on_disk(assets / "labels")) < 1e-3
    parts = sum(v for k, v in shown.items() if k.endswith("_megabytes") and k[:5] not in ("total", "free_"))
    assert abs(shown["total_megabytes"] - parts) < 0.01
    assert shown["free_megabytes"] > 0
    rows = {r.data["what"]: r.data for r in shown["table"].records}
    assert rows["micrographs"]["partitions"] == len(list((assets / "micrographs").glob("*/*.zarr")))
    assert rows["exit_waves"]["size"].endswith("MB")
