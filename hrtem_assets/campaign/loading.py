"""Campaign files: presets, a user's YAML that extends them, and the environment variable that names one."""

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from hrtem_assets.campaign.base import explain
from hrtem_assets.campaign.campaign import Campaign

ENVIRONMENT_VARIABLE = "HRTEM_CAMPAIGN"
PRESETS = ("demo", "paper")


class CampaignError(ValueError):
    """A campaign file that cannot be used; the message says how to repair it."""


def load_campaign(name_or_path: str | Path, overrides: Mapping[str, Any] | None = None) -> Campaign:
    """Load a campaign from a preset's name or a YAML file.

    A file may begin with `extends: paper` (a preset or another file). Its mappings are then merged into the
    base's; `null` removes an entry; a list replaces the base's, and `conditions+:` appends to it.

    Args:
        name_or_path: `demo`, `paper`, or a path to a YAML file.
        overrides: settings merged on top, in the same form.

    Raises:
        CampaignError: if the file is absent, not YAML, or holds a bad value.
    """
    data = _read(str(name_or_path), ())
    if overrides:
        data = _merge(data, dict(overrides))
    return _validated(data, f"campaign {str(name_or_path)!r}")


def with_overrides(campaign: Campaign, overrides: Mapping[str, Any]) -> Campaign:
    """A campaign with some settings replaced, validated as a whole.

    Args:
        campaign: where every other setting comes from.
        overrides: nested settings in the form of a campaign file, for example
            `{"simulation": {"slice_thickness_a": 2.0}}`. An engine named here holds for every specimen.

    Raises:
        CampaignError: if a value is bad.
    """
    if not overrides:
        return campaign
    changes = dict(overrides)
    if "engine" in changes.get("simulation", {}):
        changes = {"engines": None} | changes
    return _validated(_merge(campaign.model_dump(), changes), "the run configuration")


def campaign_from_environment() -> Campaign:
    """The campaign that `HRTEM_CAMPAIGN` names; the demo preset if it is not set."""
    return load_campaign(os.environ.get(ENVIRONMENT_VARIABLE) or "demo")


def _validated(data: dict[str, Any], source: str) -> Campaign:
    try:
        return Campaign.model_validate(data)
    except ValidationError as error:
        text = explain(error, Campaign, source)
        raise CampaignError(f"{source} cannot be used:\n{text}") from None


def _read(name: str, parents: tuple[str, ...]) -> dict[str, Any]:
    if name not in PRESETS:
        # two ways to write one path are one file
        name = str(Path(name).expanduser().resolve())
    if name in parents:
        raise CampaignError(
            f"campaign files extend each other in a circle: {' -> '.join((*parents, name))}; "
            f"take `extends` out of one of them"
        )
    if name in PRESETS:
        folder = None
        text = files("hrtem_assets.campaign").joinpath(f"presets/{name}.yaml").read_bytes()
    else:
        path = Path(name)
        if not path.is_file():
            raise CampaignError(
                f"no campaign {name!r}: it is neither a preset ({', '.join(PRESETS)}) nor a file; "
                f"set {ENVIRONMENT_VARIABLE} to one of these"
            )
        folder, text = path.parent, path.read_bytes()
    try:
        data = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise CampaignError(f"campaign {name!r} is not valid YAML in UTF-8: {error}") from error
    if not isinstance(data, dict):
        raise CampaignError(f"campaign {name!r} must be a mapping of settings, not {type(data).__name__}")
    lattices = data.get("lattices")
    if folder is not None and isinstance(lattices, dict):
        for lattice in lattices.values():
            if isinstance(lattice, dict) and "cif" in lattice:
                lattice["cif"] = str(folder / str(lattice["cif"]))
    base = data.pop("extends", None)
    if base is None:
        return data
    if base not in PRESETS and folder is not None:
        base = str(folder / str(base))
    return _merge(_read(str(base), (*parents, name)), data)


def _merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        plain = str(key).removesuffix("+")
        if key == f"{plain}+":
            present = merged.get(plain, [])
            if not isinstance(present, list | tuple) or not isinstance(value, list | tuple):
                raise CampaignError(f"{key} appends to a list: give a list, and only where {plain} is one")
            merged[plain] = [*present, *value]
        elif value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict) and "cif" not in value:
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged
