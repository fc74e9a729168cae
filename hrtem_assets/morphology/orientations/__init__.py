"""Orientations of particles: one module is one rule."""

import sys
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import BeforeValidator, Field

from hrtem_assets.base.families import family
from hrtem_assets.morphology.orientation import Orientation

ORIENTATIONS: dict[str, type[Orientation]] = family(sys.modules[__name__], Orientation)

if TYPE_CHECKING:
    AnyOrientation = Orientation
else:
    AnyOrientation = Annotated[
        Union[tuple(ORIENTATIONS.values())],  # noqa: UP007
        Field(discriminator="orientation"),
        BeforeValidator(lambda value: {"orientation": value} if isinstance(value, str) else value),
    ]
