"""Run configurations from a file: checked as a whole before anything runs."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import dagster as dg
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from hrtem_assets.base.errors import HrtemError
from hrtem_assets.base.files import shown
from hrtem_assets.base.model import explain
from hrtem_assets.campaign import Campaign, with_overrides
from hrtem_assets.orchestration.configs import CONFIGS

SOURCE = "the run configuration"


class RunConfigError(HrtemError, ValueError):
    """A run configuration that cannot be used; the message names what is known."""


def check_run_config(campaign: Campaign, assets: Sequence[str], config: Mapping[str, Any]) -> None:
    """Refuse a run configuration that a run of these assets could not follow.

    Args:
        campaign: whose settings it replaces.
        assets: names of what is to be made.
        config: settings by asset name.

    Raises:
        RunConfigError: if an asset is unknown or not made, or a setting is unknown or of the wrong kind.
        CampaignError: if a setting that replaces one of the campaign has a bad value.
    """
    for name, settings in config.items():
        if name not in CONFIGS:
            raise RunConfigError(f"{SOURCE}: unknown asset {shown(name)}; known: {', '.join(CONFIGS)}")
        if name not in assets:
            raise RunConfigError(
                f"{SOURCE} has settings of {name}, which this command does not make; add {name} to its ASSETS, or take "
                f"them out"
            )
        if not isinstance(settings, Mapping):
            raise RunConfigError(
                f"{SOURCE}: {name} must be a mapping of settings; known: {', '.join(CONFIGS[name].model_fields)}"
            )
        try:
            _strict(CONFIGS[name]).model_validate(settings)
        except ValidationError as error:
            raise RunConfigError(f"{name}: {explain(error, CONFIGS[name], SOURCE)}") from None
        count = settings.get("count")
        if count is not None and count < 1:
            raise RunConfigError(f"{name}: count = {count} must be at least 1; change it in {SOURCE}")
        with_overrides(campaign, CONFIGS[name](**settings).overrides())


@cache
def _strict(config: type[BaseModel]) -> type[BaseModel]:
    """The same fields as a plain model: Dagster's own class lets unknown fields pass, and converts what it is given."""
    fields: dict[str, Any] = {}
    for name, info in config.model_fields.items():
        kind = info.annotation
        nested = isinstance(kind, type) and issubclass(kind, dg.Config)
        fields[name] = (_strict(kind), None) if nested else (kind, info)  # type: ignore[arg-type]
    return create_model(config.__name__, __config__=ConfigDict(strict=True, extra="forbid"), **fields)
