"""A campaign small enough for tests: the shipped presets with a smaller cell, coarser grid and fewer phonons."""

from typing import Any

from hrtem_assets.campaign import Campaign, load_campaign

SETTINGS: dict[str, Any] = {
    "name": "small",
    "counts": {"train": 2, "validation": 1},
    "sizes": {"small": {"radius_min_a": 8, "radius_max_a": 12}, "medium": None, "large": None},
    "substrate": {"thickness_min_a": 10, "thickness_max_a": 16},
    "placement": {"count_max": 2},
    "max_stacking_faults": None,
    "simulation": {
        "cell_a": 51.2,
        "sampling_a": 0.2,
        "slice_thickness_a": 2.0,
        "frozen_phonons": 2,
    },
    "series": None,
}
SPECIMEN = "CdSe-small"
CONDITIONS = ("df-10nm_400e", "df+00nm_400e", "df-10nm_075e")


def small_campaign(**changes: Any) -> Campaign:
    """The small campaign, with further settings replaced."""
    return load_campaign("demo", SETTINGS | changes)


def small_campaign_yaml() -> str:
    """The same as a campaign file."""
    import yaml

    return yaml.safe_dump({"extends": "demo", **SETTINGS}, allow_unicode=True)
