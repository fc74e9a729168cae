"""Run configuration, as the Launchpad shows it: run-time knobs, and overrides generated from the campaign models."""

from typing import Any, Literal, Optional, get_args, get_origin

import dagster as dg
from pydantic import Field, create_model

from hrtem_assets.campaign import (
    Calibration,
    LabelRule,
    Optics,
    Placement,
    Simulation,
    Substrate,
    TrainingSets,
)
from hrtem_assets.campaign.base import Model
from hrtem_assets.device.choice import DeviceName

AS_CAMPAIGN = "campaign"


def _override_class(model: type[Model], without: tuple[str, ...] = ()) -> type[dg.Config]:
    """A Dagster config with every field of a campaign model, each optional, with its description and unit."""
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if name in without:
            continue
        annotation: Any = info.annotation
        if isinstance(annotation, type) and issubclass(annotation, Model):
            nested = _override_class(annotation)
            fields[name] = (nested, Field(default_factory=nested, description=annotation.__doc__))
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


SubstrateOverrides: Any = _override_class(Substrate)
PlacementOverrides: Any = _override_class(Placement)
SimulationOverrides: Any = _override_class(Simulation, without=("cell_a",))
OpticsOverrides: Any = _override_class(Optics)
CalibrationOverrides: Any = _override_class(Calibration)
LabelOverrides: Any = _override_class(LabelRule)
TrainingSetsOverrides: Any = _override_class(TrainingSets)


class StageConfig(dg.Config):
    """Run-time knobs of every stage; they never change the numbers."""

    workers: int = Field(
        default=0,
        description="worker processes, or tasks at once on a cluster; 0 as HRTEM_COMPUTE or HRTEM_WORKERS say",
        ge=0,
    )
    device: DeviceName = Field(
        default="auto",
        description="cuda: a CUDA device, cpu: the processor; auto: as HRTEM_DEVICE says, else CUDA where there is one",
    )

    def overrides(self) -> dict[str, Any]:
        """Nested settings given in this run, in the form of a campaign file."""
        data = self.model_dump(exclude={"workers", "device", "count", "cell_a"})
        found: dict[str, Any] = _given(data)
        return found


class StructuresConfig(StageConfig):
    """Which structures to make."""

    count: Optional[int] = Field(  # noqa: UP045
        default=None,
        description="structures wanted, at least 1; the campaign's count if not given; more than there are extends",
    )
    cell_a: Optional[float] = Field(  # noqa: UP045
        default=None, description="side of the square cell [Å]; campaign's value if not given"
    )
    substrate: SubstrateOverrides = Field(default_factory=SubstrateOverrides, description="film overrides")
    placement: PlacementOverrides = Field(
        default_factory=PlacementOverrides, description="placement overrides"
    )

    def overrides(self) -> dict[str, Any]:
        found = super().overrides()
        return found | ({"simulation": {"cell_a": self.cell_a}} if self.cell_a is not None else {})


class CountedConfig(StageConfig):
    """A stage that works on structures already made."""

    count: Optional[int] = Field(  # noqa: UP045
        default=None, description="structures wanted, at least 1; all that upstream holds if not given"
    )


class ExitWavesConfig(CountedConfig):
    """How to simulate."""

    simulation: SimulationOverrides = Field(
        default_factory=SimulationOverrides, description="engine and simulation overrides"
    )


class ZeroDefocusConfig(CountedConfig):
    """How to calibrate."""

    optics: OpticsOverrides = Field(default_factory=OpticsOverrides, description="microscope overrides")
    calibration: CalibrationOverrides = Field(
        default_factory=CalibrationOverrides, description="search overrides"
    )


class LabelsConfig(CountedConfig):
    """How to label."""

    labels: LabelOverrides = Field(default_factory=LabelOverrides, description="label-rule overrides")


class MicrographsConfig(CountedConfig):
    """How to image."""

    optics: OpticsOverrides = Field(default_factory=OpticsOverrides, description="microscope overrides")


class TrainingSetsConfig(CountedConfig):
    """What of the images to hand out."""

    training_sets: TrainingSetsOverrides = Field(
        default_factory=TrainingSetsOverrides, description="crop and terms overrides"
    )


def _given(data: dict[str, Any]) -> dict[str, Any]:
    """Nested settings without those that were not given."""
    nested = {k: _given(v) if isinstance(v, dict) else v for k, v in data.items()}
    return {k: v for k, v in nested.items() if v not in (None, {}, AS_CAMPAIGN)}
