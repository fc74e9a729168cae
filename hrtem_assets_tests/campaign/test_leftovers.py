"""What a campaign inherits and no longer fits is told all at once, with the lines that take it out."""

import pytest
import yaml

from hrtem_assets.campaign import CampaignError, load_campaign

BASE = {
    "extends": "paper",
    "engines": {"Cu-small": "abtem", "Ag-large": "abtem"},
    "schedule": {"series": ["dose_series"]},
}
OTHER = [{"defocus_nm": 40, "dose_e_per_a2": 1000}]
TINY = {"small": None, "medium": None, "large": None, "tiny": {"radius_min_a": 6, "radius_max_a": 9}}


@pytest.fixture
def loaded(tmp_path):
    """A function that loads settings which extend the base above."""

    def load(settings):
        (tmp_path / "base.yaml").write_text(yaml.safe_dump(BASE))
        path = tmp_path / "my.yaml"
        path.write_text(yaml.safe_dump({"extends": "base.yaml", **settings}))
        return load_campaign(path)

    return load


def repair(message: str) -> dict:
    """The lines that a message says to write."""
    lines = message.partition("that is extended, write\n")[2].splitlines()
    return yaml.safe_load("\n".join(line.strip() for line in lines if line.startswith("  ")))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"conditions": OTHER},
            ["series.defocus_series: ['df-25nm_400e'", "series.dose_series", "series.structure_series"],
        ),
        (
            {"sizes": TINY},
            [
                "series.defocus_series: unknown specimens ['CdSe-medium']",
                "series.structure_series: unknown specimens ['ZnS-small', 'ZnS-large'",
                "and 8 more",
                "max_stacking_faults.CdSe-medium: no such specimen",
                "engines.Ag-large: no such specimen",
                "engines.Cu-small: no such specimen; known: ZnS-tiny",
            ],
        ),
        (
            {"lattices": {"Cu": None, "Si": None}},
            [
                "series.structure_series: unknown specimens ['Cu-small', 'Cu-large', 'Si-small', 'Si-large']",
                "engines.Cu-small",
            ],
        ),
        ({"series": None}, ["schedule.series: unknown series ['dose_series']; known: none"]),
    ],
)
def test_all_leftovers_are_told_at_once_and_the_lines_take_them_out(loaded, settings, told):
    with pytest.raises(CampaignError) as caught:
        loaded(settings)
    message = str(caught.value)
    for words in told:
        assert words in message
    lines = repair(message)
    campaign = loaded(settings | lines | ({"schedule": {"series": None}} if "series" in lines else {}))
    gone = settings | lines
    kept = (
        set()
        if gone.get("series", "") is None
        else set(load_campaign("paper").series) - set(gone.get("series", ()))
    )
    assert set(campaign.series) == kept


def test_a_campaign_of_its_own_needs_few_lines(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "name: own\nseed: 1\n"
        "lattices: {Au: {space_group: 225, a: 4.0786, sites: [{element: Au, position: [0, 0, 0]}]}}\n"
        "sizes: {small: {radius_min_a: 10, radius_max_a: 20}}\n"
        "conditions: [{defocus_nm: -10, dose_e_per_a2: 400}]\n"
    )
    campaign = load_campaign(path)
    assert list(campaign.specimens) == ["Au-small"]
    assert campaign.simulation == load_campaign("paper").simulation
    assert campaign.optics == load_campaign("paper").optics
    assert not campaign.series
