"""The device's benchmark runs before anyone has a device: on an emulated one, with a case that is small."""

import pytest

from benchmarks import device
from benchmarks.case_a import SPECIMEN, Case
from benchmarks.report import markdown
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.waves.cuda.engine import CudaEngine
from hrtem_assets.waves.phonons import configurations
from hrtem_assets_tests.benchmarks.test_report import results, whole
from hrtem_assets_tests.small import SETTINGS, small_campaign


def small(phonons):
    """The demo's conditions on a small particle in a small cell."""
    sizes = {"medium": {"radius_min_a": 5, "radius_max_a": 6}, "small": None, "large": None}
    simulation = SETTINGS["simulation"] | {"cell_a": 25.6, "frozen_phonons": phonons}
    return small_campaign(sizes=sizes, simulation=simulation)


def small_case(phonons):
    campaign = small(phonons)
    specimen = campaign.specimen(SPECIMEN)
    atoms = configurations(build_structure(campaign, specimen, 0), campaign, specimen, 0)
    return Case(atoms, campaign.simulation)


@pytest.mark.slow
def test_waves_and_the_chain_to_counts_and_labels_are_timed(backend, monkeypatch):
    monkeypatch.setattr(device, "campaign_a", small)
    monkeypatch.setattr(device, "case_a", small_case)
    monkeypatch.setattr(CudaEngine, "structures_at_once", lambda self, simulation: 2)
    figures = device.measure_device(1, 1, 0, backend)
    assert figures["device"] == backend.name
    assert figures["exact_relative_difference"] < 1e-5
    assert figures["fast_relative_difference"] < 1e-5
    for name in ("exact_waves_per_s", "fast_waves_per_s", "chain_per_s"):
        assert figures[name] > 0


@pytest.mark.parametrize(("per_s", "verdict"), [(3.9, "MISSED"), (4.0, "met"), (10.0, "stretch")])
def test_a_device_has_a_table_of_its_own(per_s, verdict):
    rates = dict.fromkeys(("exact_waves_per_s", "fast_waves_per_s", "chain_per_s"), 12.345)
    differences = {"exact_relative_difference": 1e-6, "fast_relative_difference": 2e-6}
    figures = {"device": "a device", "phonons": 8, "workers": 16, "whole_per_s": per_s} | rates | differences
    text = markdown(results(whole()) | {"device": figures})
    assert "| a device, 8 phonons" in text
    assert text.count("12.35") == 3
    line = next(line for line in text.splitlines() if "written, exact (16 workers)" in line)
    assert line.split("|")[-2].strip() == verdict
