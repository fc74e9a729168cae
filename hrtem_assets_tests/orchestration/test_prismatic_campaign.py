"""A campaign that gives one specimen to Prismatic and leaves another to its usual engine, up to images and labels."""

import dagster as dg
import pytest
import xarray as xr

from hrtem_assets.assets import ASSETS
from hrtem_assets.definitions import build_defs
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.orchestration.test_engines_agree import evaluations
from hrtem_assets_tests.small import CONDITIONS, small_campaign

CAMPAIGN = small_campaign(
    counts={"train": 1, "validation": 0},
    sizes={"small": {"radius_min_a": 6, "radius_max_a": 7}, "medium": None, "large": None},
    substrate={"thickness_min_a": 4, "thickness_max_a": 6},
    placement={"count_max": 1, "edge_rule": "inside"},
    simulation={
        "cell_a": 25.6,
        "slice_thickness_a": 2.0,
        "frozen_phonons": 1,
        "parametrization": "kirkland",
        "prismatic": {"potential_bound_a": 4.0},
    },
    engines={"Cu-small": "prismatic"},
)


@pytest.mark.prismatic
def test_two_engines_share_a_campaign_and_everything_downstream_works_on_either(tmp_path):
    definitions, instance = build_defs(CAMPAIGN, tmp_path), dg.DagsterInstance.ephemeral()
    figures = {}
    for specimen, engine in (("Cu-small", "prismatic"), ("Fe-small", CAMPAIGN.simulation.engine)):
        run_ids = materialize(definitions, instance, tuple(ASSETS), specimen, CONDITIONS[:1])
        (check,) = evaluations(instance, run_ids[0])
        assert check.passed
        assert "prismatic_correlation" in check.metadata

        def open_store(asset, condition=None, specimen=specimen):
            return xr.open_zarr(Layout(tmp_path).store(PartitionId(asset, specimen, condition)))

        with open_store("exit_waves") as waves:
            assert waves.attrs["recipe"]["settings"]["simulation"]["engine"] == engine
            assert engine in waves.attrs["title"]
            assert float(waves.vacuum_intensity[0]) == pytest.approx(1, abs=0.01)
        with open_store("zero_defocus") as zero:
            figures[specimen] = float(zero.zero_defocus[0] - zero.particle_depth[0])
        with open_store("labels") as labels:
            assert float(labels.silhouette_iou[0]) > 0.8
        with open_store("micrographs", CONDITIONS[0]) as images:
            assert float(images.counts.mean()) == pytest.approx(16, rel=0.02)
    assert all(abs(distance) < 3 for distance in figures.values()), figures
