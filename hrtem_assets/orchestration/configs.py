"""Run configuration, as the Launchpad shows it: run-time knobs, and overrides generated from the campaign models."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Optional, get_args, get_origin

import dagster as dg
from pydantic import Field, create_model

from hrtem_assets.assets import ASSETS, Asset
from hrtem_assets.backend.choice import DeviceName
from hrtem_assets.base.environment import MOST_WORKERS
from hrtem_assets.base.model import Model
from hrtem_assets.campaign import Campaign

AS_CAMPAIGN = "campaign"
_WRITTEN = "a number, or a distribution such as {uniform: [1, 2]}"


def _override_class(model: type[Model], without: tuple[str, ...] = ()) -> type[dg.Config]:
    """A Dagster config with every field of a campaign model, each optional, with its description and unit."""
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if name in without:
            continue
        annotation: Any = _given(info.annotation)
        if isinstance(annotation, type) and issubclass(annotation, Model):
            nested = _override_class(annotation)
            fields[name] = (nested, Field(default_factory=nested, description=annotation.__doc__))
        elif annotation is Any or get_origin(annotation) in (tuple, dict):
            kind = (
                _WRITTEN
                if annotation is Any
                else "a list"
                if get_origin(annotation) is tuple
                else "a mapping"
            )
            text = f"{info.description or name}; {kind}; campaign's value if not given"
            fields[name] = (Optional[Any], Field(default=None, description=text))  # noqa: UP045
        elif get_origin(annotation) is Literal:
            # Dagster knows no optional choice, so "as the campaign says" is one of the choices
            choices = Literal[(AS_CAMPAIGN, *get_args(annotation))]  # type: ignore[valid-type]
            fields[name] = (choices, Field(default=AS_CAMPAIGN, description=info.description))
        else:
            text = f"{info.description or name}; campaign's value if not given"
            fields[name] = (Optional[annotation], Field(default=None, description=text))  # noqa: UP045
    return create_model(
        f"{model.__name__}Overrides",
        __base__=dg.Config,
        __doc__=f"Replaces settings of: {model.__doc__}",
        **fields,
    )


class AssetConfig(dg.Config):
    """Run-time knobs of every asset; they never change the numbers."""

    workers: int = Field(
        default=0,
        description="worker processes, or tasks at once on a cluster; 0 as HRTEM_COMPUTE or HRTEM_WORKERS say",
        ge=0,
        le=MOST_WORKERS,
    )
    device: DeviceName = Field(
        default="auto",
        description="cuda: a CUDA device, cpu: the processor; auto: as HRTEM_DEVICE says, else CUDA where there is one",
    )
    count: Optional[int] = Field(  # noqa: UP045
        default=None, description="structures wanted, at least 1; all that upstream holds if not given"
    )
    # where each setting stands in a campaign file, by the name of its field
    paths: ClassVar[Mapping[str, str]] = {}

    def overrides(self) -> dict[str, Any]:
        """Nested settings given in this run, in the form of a campaign file."""
        nested: dict[str, Any] = {}
        for name, value in _set_values(self.model_dump(include=set(self.paths))).items():
            *groups, last = self.paths[name].split(".")
            target = nested
            for group in groups:
                target = target.setdefault(group, {})
            target[last] = value
        return nested


def config_of(asset: Asset) -> type[AssetConfig]:
    """The run configuration of an asset, made from the settings that a run may replace.

    Args:
        asset: it names them, as they stand in a campaign file.
    """
    fields: dict[str, Any] = {}
    if not asset.upstream:
        description = (
            "structures wanted, at least 1; the campaign's count if not given; more than there are extends"
        )
        fields["count"] = (Optional[int], Field(default=None, description=description))  # noqa: UP045
    for setting in asset.run_settings:
        name, annotation = setting.path.rpartition(".")[2], _annotation(setting.path)
        if isinstance(annotation, type) and issubclass(annotation, Model):
            overrides = _override_class(annotation, setting.without)
            fields[name] = (overrides, Field(default_factory=overrides, description=setting.description))
        else:
            text = f"{setting.description}; campaign's value if not given"
            fields[name] = (Optional[annotation], Field(default=None, description=text))  # noqa: UP045
    made: type[AssetConfig] = create_model(
        f"{type(asset).__name__.removesuffix('Asset')}Config",
        __base__=AssetConfig,
        __doc__=f"Settings of one run. {asset.description}",
        **fields,
    )
    made.paths = {setting.path.rpartition(".")[2]: setting.path for setting in asset.run_settings}
    return made


def _annotation(path: str) -> Any:
    """The type of a setting of a campaign file."""
    annotation: Any = Campaign
    for name in path.split("."):
        annotation = annotation.model_fields[name].annotation
    return annotation


def _given(annotation: Any) -> Any:
    """The type of a setting that may be absent, where it is given."""
    members = [m for m in get_args(annotation) if m is not type(None)]
    alone = members[0] if len(members) == 1 and type(None) in get_args(annotation) else annotation
    return alone if get_origin(alone) is not Annotated else get_args(alone)[0]


def _set_values(data: dict[str, Any]) -> dict[str, Any]:
    """Nested settings without those that were not given."""
    nested = {k: _set_values(v) if isinstance(v, dict) else v for k, v in data.items()}
    return {k: v for k, v in nested.items() if v not in (None, {}, AS_CAMPAIGN)}


CONFIGS: dict[str, type[AssetConfig]] = {name: config_of(asset) for name, asset in ASSETS.items()}
"""The run configuration of each asset, by its name."""
