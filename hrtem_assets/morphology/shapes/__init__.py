"""Shapes of particles: one module is one shape; `shapes` of a lattice or a size says which are drawn, how often."""

import sys
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import BeforeValidator, Field

from hrtem_assets.base.families import family
from hrtem_assets.morphology.shape import Shape

SHAPES: dict[str, type[Shape]] = family(sys.modules[__name__], Shape)

if TYPE_CHECKING:
    AnyShape = Shape
else:
    AnyShape = Annotated[
        Union[tuple(SHAPES.values())],  # noqa: UP007
        Field(discriminator="shape"),
        BeforeValidator(lambda value: {"shape": value} if isinstance(value, str) else value),
    ]
