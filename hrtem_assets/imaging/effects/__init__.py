"""Imaging effects: one module is one effect; the list `imaging` of a campaign says which act, in which order."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Field, TypeAdapter

from hrtem_assets.base.families import family
from hrtem_assets.imaging.effect import ImagingEffect
from hrtem_assets.imaging.optics import Optics

EFFECTS: dict[str, type[ImagingEffect]] = family(sys.modules[__name__], ImagingEffect)
USUAL: tuple[ImagingEffect, ...] = tuple(
    EFFECTS[name](effect=name) for name in ("contrast_transfer", "focal_spread", "shot_noise")
)
"""The effects of a campaign that names none."""
_ORDER = ("waves", "intensity", "counts")

if TYPE_CHECKING:
    AnyEffect = ImagingEffect
else:
    AnyEffect = Annotated[Union[tuple(EFFECTS.values())], Field(discriminator="effect")]  # noqa: UP007


def check_order(effects: Sequence[ImagingEffect], optics: Optics) -> None:
    """Refuse effects that do not lead from waves to counts.

    Args:
        effects: in the order in which they act.
        optics: the microscope.

    Raises:
        ValueError: names the effect and the repair.
    """
    kind, by = "waves", ""
    for position, effect in enumerate(effects):
        if effect.name in [other.name for other in effects[:position]]:
            raise ValueError(f"{effect.name} appears twice; remove one")
        if _ORDER.index(effect.takes) < _ORDER.index(kind):
            raise ValueError(f"{effect.name} takes {effect.takes} and comes after {by}; put it before that")
        if effect.takes == "counts" != kind:
            raise ValueError(f"{effect.name} takes counts; put it after shot_noise")
        if effect.gives(optics) != kind:
            kind, by = effect.gives(optics), f"{effect.name}, which gives {effect.gives(optics)}"
    if kind != "counts":
        raise ValueError("no effect gives counts; end with shot_noise")


def effects_of(settings: dict[str, Any]) -> tuple[ImagingEffect, ...]:
    """The effects that a recipe of micrographs names; the usual ones for one that is older than the list.

    Args:
        settings: of the recipe.
    """
    if "imaging" not in settings:
        return USUAL
    return TypeAdapter(tuple[AnyEffect, ...]).validate_python(settings["imaging"])
