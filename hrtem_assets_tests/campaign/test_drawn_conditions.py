"""Conditions with a name, distributions and a microscope of their own."""

import re

import pytest
import yaml

from hrtem_assets.campaign import CampaignError, load_campaign, with_overrides
from hrtem_assets_tests.small import small_campaign

# as the documentation writes it
WRITTEN = """
conditions:
  - {defocus_nm: -10, dose_e_per_a2: 400}
  - name: drawn
    defocus_nm: {uniform: [-60, 60]}
    dose_e_per_a2: {log_uniform: [80, 900]}
    optics: {aberrations: {c30_um: {normal: [1200, 5]}, c12_nm: {half_normal: 3}}, convergence_mrad: 0.2}
    detector: {mtf: {c1: 1.0, c2: 0.0, c3: 0.5, c4: 2.3}, gain: 4, readout_e: 2}
"""
PLAIN = {"defocus_nm": -10, "dose_e_per_a2": 400}


def drawn_campaign(**changes):
    return small_campaign(**yaml.safe_load(WRITTEN), **changes)


def test_a_condition_has_the_campaigns_microscope_but_for_what_it_says():
    campaign = drawn_campaign(optics={"focal_spread_a": 20, "aberrations": {"c50_mm": 1}})
    assert [c.key for c in campaign.conditions] == ["df-10nm_400e", "drawn"]
    usual, own = campaign.microscope("df-10nm_400e"), campaign.microscope("drawn")
    assert (usual.optics.focal_spread_a, own.optics.focal_spread_a) == (20, 20)
    assert (usual.optics.convergence_mrad, own.optics.convergence_mrad) == (0, 0.2)
    assert own.optics.aberrations.c50_mm == 1
    assert (usual.detector.gain, own.detector.gain) == (1, 4)


def test_settings_of_a_run_hold_where_a_condition_has_none_of_its_own():
    campaign = drawn_campaign()
    again = with_overrides(with_overrides(campaign, {"seed": 7}), {"seed": campaign.seed})
    assert again.microscope("drawn") == campaign.microscope("drawn")
    campaign = with_overrides(
        with_overrides(drawn_campaign(), {"optics": {"focal_spread_a": 7, "convergence_mrad": 1}}),
        {"detector": {"gain": 2}},
    )
    own = campaign.microscope("drawn")
    assert (own.optics.focal_spread_a, own.optics.convergence_mrad, own.detector.gain) == (7, 0.2, 4)
    assert campaign.microscope("df-10nm_400e").detector.gain == 2


def test_a_series_names_conditions_or_writes_them():
    old = dict.fromkeys(("defocus_series", "dose_series", "structure_series"))
    series = old | {"both": {"specimens": ["CdSe-small"], "conditions": [PLAIN, "drawn"]}}
    campaign = drawn_campaign(series=series)
    assert campaign.series["both"].conditions == campaign.conditions


def test_a_distribution_replaces_the_one_of_the_campaign_that_is_extended(tmp_path):
    base, file = tmp_path / "base.yaml", tmp_path / "file.yaml"
    base.write_text("extends: demo\noptics: {focal_spread_a: {uniform: [1, 2]}}\n")
    file.write_text("extends: base.yaml\noptics: {focal_spread_a: {normal: [8, 1]}}\n")
    assert load_campaign(file).optics.model_dump(exclude_unset=True) == {
        "focal_spread_a": {"normal": (8.0, 1.0)}
    }


def test_a_table_of_the_mtf_is_read_beside_the_campaign_and_written_out(tmp_path):
    (tmp_path / "mtf.csv").write_text("# q, mtf\nfrequency, value\n0, 1\n0.5; 0.6\n1 0.2\n")
    file = tmp_path / "campaign.yaml"
    file.write_text("extends: demo\ndetector: {mtf: {file: mtf.csv}}\n")
    campaign = load_campaign(file)
    table = campaign.detector.model_dump()["mtf"]["table"]
    assert [list(row) for row in table] == [[0, 1], [0.5, 0.6], [1, 0.2]]
    assert with_overrides(campaign, {"seed": 1}).detector == campaign.detector


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        (
            [{"defocus_nm": {"uniform": [-5, 5]}, "dose_e_per_a2": 1}],
            "defocus_nm is drawn, so the condition needs a name",
        ),
        (
            [PLAIN | {"optics": {"convergence_mrad": 1}}],
            "optics of its own: the key of defocus and dose does not tell it",
        ),
        ([PLAIN | {"name": "a b"}], "condition name 'a b' must start with a letter or digit"),
        ([PLAIN | {"name": "df+10nm_400e"}], "reads like a key made from defocus and dose"),
        ([PLAIN | {"name": "a"}, PLAIN | {"name": "A"}], "differ only in upper and lower case"),
        ([PLAIN | {"name": "a"}, PLAIN | {"name": "a"}], "conditions: ['a'] appear twice"),
        (
            [PLAIN | {"name": "a", "optics": {"convergence_mrad": -1}}],
            "conditions.0.optics.convergence_mrad = -1",
        ),
        ([PLAIN | {"name": "a", "optics": {"aperature_mrad": 1}}], "is not a known field"),
        ([PLAIN | {"name": "a", "dose_e_per_a2": {"normal": [5, 2]}}], "conditions.0.dose_e_per_a2"),
        (
            [PLAIN | {"name": "a", "frame": {"size_px": 4096}}],
            "conditions.0.frame: size_px = 4096 of up to 0.2 Å",
        ),
        ([PLAIN | {"name": "a", "frame": {"size_px": 255}, "detector": {"binning": 2}}], "multiple of it"),
        (
            [PLAIN | {"name": "a", "detector": {"saturation": 1e6}}],
            "conditions.0.detector: saturation = 1e+06",
        ),
    ],
)
def test_conditions_that_cannot_be_are_refused_with_the_repair(conditions, words):
    with pytest.raises(CampaignError, match=re.escape(words)):
        small_campaign(conditions=conditions)


def test_a_series_that_writes_a_named_condition_otherwise_is_refused():
    other = {"name": "drawn", "defocus_nm": 5, "dose_e_per_a2": 400}
    with pytest.raises(CampaignError, match="written otherwise than in conditions"):
        drawn_campaign(series={"a": {"specimens": ["CdSe-small"], "conditions": [other]}})
