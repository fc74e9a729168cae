"""Defects of particles: one module is one defect; `inside` of a lattice lists those that act, in their order."""

import sys
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import BeforeValidator, Field

from hrtem_assets.base.families import family
from hrtem_assets.morphology.defect import Defect

DEFECTS: dict[str, type[Defect]] = family(sys.modules[__name__], Defect)

if TYPE_CHECKING:
    AnyDefect = Defect
else:
    AnyDefect = Annotated[
        Union[tuple(DEFECTS.values())],  # noqa: UP007
        Field(discriminator="defect"),
        BeforeValidator(lambda value: {"defect": value} if isinstance(value, str) else value),
    ]
