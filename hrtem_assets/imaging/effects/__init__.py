"""Imaging effects: one module is one effect; the list `imaging` of a campaign says which act, in which order."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Field, TypeAdapter

from hrtem_assets.base.families import family
from hrtem_assets.imaging.effect import ImagingEffect
from hrtem_assets.imaging.microscope import Microscope

EFFECTS: dict[str, type[ImagingEffect]] = family(sys.modules[__name__], ImagingEffect)
ALL: tuple[ImagingEffect, ...] = tuple(
    sorted((cls(effect=name) for name, cls in EFFECTS.items()), key=lambda effect: effect.place)
)
"""Every effect, in the order in which they act in a microscope."""
_ORDER = ("waves", "intensity", "counts")

if TYPE_CHECKING:
    AnyEffect = ImagingEffect
else:
    AnyEffect = Annotated[Union[tuple(EFFECTS.values())], Field(discriminator="effect")]  # noqa: UP007


def acting(microscope: Microscope) -> tuple[ImagingEffect, ...]:
    """The effects that some settings ask for, in the order in which they act.

    Args:
        microscope: before anything is drawn.
    """
    return tuple(effect for effect in ALL if effect.acts(microscope))


def check_effects(effects: Sequence[ImagingEffect], microscope: Microscope) -> None:
    """Refuse effects that do not lead from waves to counts, or that leave out what settings ask for.

    Args:
        effects: in the order in which they act.
        microscope: before anything is drawn.

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
        if effect.gives(microscope) != kind:
            kind, by = effect.gives(microscope), f"{effect.name}, which gives {effect.gives(microscope)}"
    if kind != "counts":
        raise ValueError("no effect gives counts; end with shot_noise")
    # the source's own may be left out on purpose; what is set and does nothing is a mistake
    known = {effect.name for effect in (*effects, *acting(Microscope()))}
    if left_out := [effect.name for effect in acting(microscope) if effect.name not in known]:
        raise ValueError(
            f"the settings ask for {', '.join(left_out)}, and the list leaves that out; add it, or remove the list to "
            f"have every effect that is asked for"
        )


def effects_of(settings: dict[str, Any]) -> tuple[ImagingEffect, ...]:
    """The effects that a recipe of micrographs names; the source's own for one that is older than the list.

    Args:
        settings: of the recipe.
    """
    if "imaging" not in settings:
        return acting(Microscope())
    return TypeAdapter(tuple[AnyEffect, ...]).validate_python(settings["imaging"])
