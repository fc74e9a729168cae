"""Campaigns of other published sets: what they draw stays within the published ranges."""

from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from ase.cluster import Icosahedron
from ase.io import write

from hrtem_assets.campaign import load_campaign
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets_tests.test_documents import text

CAMPAIGNS = Path(__file__).parents[2] / "docs" / "campaigns"
DRAWS = 200
FULL_TURN = (0.0, 2 * np.pi)
# by record; the published range
RANGES = {
    ("madsen2018", "drawn"): {
        "defocus": (4, 20),
        "dose": (4e2, 4e4),
        "c30": (-15, -5),
        "vibration": (3 * 0.08, 3 * 0.12),
        "vibration_azimuth": FULL_TURN,
        "sampling": (0.08, 0.12),
    },
    ("ragone2020", "drawn"): {
        "defocus": (18, 20),
        "dose": (1e2, 1e3),
        "focal_spread": (20, 40),
        "c30": (-15, 15),
        "c12": (0, 5),
        "phi12": FULL_TURN,
        "vibration": (0, 0.2),
        "vibration_azimuth": FULL_TURN,
        "mtf_c1": (0.95, 1),
        "mtf_c2": (0, 0.01),
        "mtf_c3": (0.5, 0.6),
        "mtf_c4": (2, 3),
    },
    ("leth_larsen2023", "020e"): {
        "defocus": (-20, 20),
        "dose": (20, 20),
        "focal_spread": (5, 20),
        "c30": (-15, 15),
        "c12": (0, 2),
        "phi12": FULL_TURN,
        "mtf_c1": (0.9, 1),
        "mtf_c2": (0, 0.01),
        "mtf_c3": (0.3, 0.6),
        "mtf_c4": (2, 3),
    },
    ("barrere2026", "drawn"): {
        "defocus": (-2, -1),
        "dose": (3e3, 15e3),
        "convergence": (0.05, 0.25),
        "aperture": (20, 30),
        "c12": (0, 6),
        "c21": (0, 50),
        "c23": (0, 50),
        "c30": (-15, 0),
        "c32": (0, 0.7),
        "c34": (0, 0.7),
        "c41": (0, 1.5),
        "c43": (0, 1.5),
        "c45": (0, 1.5),
        **{f"phi{nm}": FULL_TURN for nm in (12, 21, 23, 32, 34, 41, 43, 45)},
        "vibration": (0.05, 0.4),
        "vibration_minor": (0.05, 0.4),
        "vibration_azimuth": FULL_TURN,
        "readout": (0, 1),
    },
}


@pytest.mark.parametrize(("preset", "condition"), RANGES)
def test_two_hundred_draws_fill_the_published_ranges_and_stay_within_them(preset, condition):
    campaign, ranges = load_campaign(preset), RANGES[preset, condition]
    specimen = next(iter(campaign.specimens))
    draws = [
        campaign.images(condition).draw(structure_seed(campaign, specimen, i, f"micrographs/{condition}"))
        for i in range(DRAWS)
    ]
    values = [{"defocus": d.defocus_nm, "dose": d.dose_e_per_a2, **d.values} for d in draws]
    assert values[0].keys() == ranges.keys()
    for name, (low, high) in ranges.items():
        drawn = [value[name] for value in values]
        assert low <= min(drawn) <= max(drawn) <= high, name
        assert max(drawn) - min(drawn) >= 0.8 * (high - low), name


@pytest.mark.parametrize("name", [p.stem for p in sorted(CAMPAIGNS.glob("*.yaml"))])
def test_campaigns_of_the_page_of_particles_load(name, tmp_path):
    here = copytree(CAMPAIGNS, tmp_path / "campaigns")
    (here / "frames").mkdir()
    for number in range(2):
        write(here / "frames" / f"{number}.xyz", Icosahedron("Au", 4))
    campaign = load_campaign(here / f"{name}.yaml")
    assert campaign.name == name
    assert len(campaign.specimens) == 1
    assert f"[{name}](campaigns/{name}.yaml)" in text("docs/particles.md")
