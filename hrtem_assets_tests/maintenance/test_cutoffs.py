"""Measuring mask cut-offs on real vacuum waves of a small campaign."""

import json

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from hrtem_assets.campaign import load_campaign
from hrtem_assets.cli import main
from hrtem_assets.maintenance.cutoffs import SCANNED, CutoffScan, campaign_lines, scan_cutoffs, scan_lines
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reader import StoreReader
from hrtem_assets.store.reading import store_info
from hrtem_assets_tests.maintenance.conftest import fill_all
from hrtem_assets_tests.small import SPECIMEN, small_campaign


@pytest.fixture(scope="module")
def scan():
    return scan_cutoffs(small_campaign(), [SPECIMEN], structures=3, workers=1)[0]


def test_the_overlap_at_the_cutoff_in_use_is_that_of_stored_labels(scan, filled):
    stored = StoreReader(filled.store(PartitionId("labels", SPECIMEN))).column("silhouette_iou")
    in_use = scan.overlaps[:, round(100 * scan.in_use) - 1]
    # without the substrate the exit plane may lie part of a slice away
    np.testing.assert_allclose(in_use, stored, atol=0.02)


def test_the_best_cutoff_covers_better_than_any_other_and_labels_made_with_it_say_so(scan, tmp_path):
    best = float(SCANNED[scan.best])
    assert scan.mean[scan.best] == scan.mean.max() > scan.mean[0]
    campaign = small_campaign(lattices={"CdSe": {"mask_cutoff": {"small": best}}})
    layout = Layout(tmp_path)
    fill_all(layout, assets=("structures", "exit_waves", "labels"), campaign=campaign)
    labels = layout.store(PartitionId("labels", SPECIMEN))
    assert StoreReader(labels).column("silhouette_iou").mean() == pytest.approx(scan.mean.max(), abs=0.02)
    info = store_info(labels)
    assert info.recipe.settings["mask_cutoff"] == best
    assert info.attributes["mask_cutoff_from"] == "lattices.CdSe.mask_cutoff.small"


def made_up(lattice, size, best):
    overlaps = 1 - abs(SCANNED - best)[None]
    return CutoffScan(f"{lattice}-{size}", lattice, size, overlaps, 0.065, "default")


def test_the_lines_to_write_are_a_campaign_that_loads():
    scans = [made_up("CdSe", "small", 0.3), made_up("Ag", "small", 0.25), made_up("CdSe", "medium", 0.4)]
    changes = yaml.safe_load("\n".join(campaign_lines(scans)))
    assert changes == {
        "lattices": {
            "Ag": {"mask_cutoff": {"small": 0.25}},
            "CdSe": {"mask_cutoff": {"small": 0.3, "medium": 0.4}},
        }
    }
    campaign = load_campaign("demo", changes)
    assert campaign.lattices["CdSe"].mask_cutoff == {"small": 0.3, "medium": 0.4, "large": 0.15}


def test_a_scan_in_words_marks_the_best_and_tells_what_is_in_use():
    lines = list(scan_lines(made_up("CdSe", "small", 0.3)))
    assert "   0.30  1.000  1.000  best" in lines
    assert lines[-1] == "in use: 0.065 (default), mean 0.765"


def test_the_command_prints_the_scan_and_stores_nothing(environment, layout):
    before = {p: p.stat().st_mtime_ns for p in layout.root.rglob("*")}
    result = CliRunner().invoke(
        main, ["mask-cutoff", SPECIMEN, "--structures", "1", "--workers", "1", "--json"]
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)[SPECIMEN]
    assert found["cutoffs"][0] == 0.01
    assert len(found["mean_iou"]) == len(found["cutoffs"])
    assert found["in_use_from"] == "lattices.CdSe.mask_cutoff.small"
    assert {p: p.stat().st_mtime_ns for p in layout.root.rglob("*")} == before


def test_an_unknown_specimen_is_a_sentence(environment):
    result = CliRunner().invoke(main, ["mask-cutoff", "CdSe-huge"])
    assert result.exit_code == 2
    assert "unknown specimens CdSe-huge; known: " in result.output
    assert "Traceback" not in result.output
