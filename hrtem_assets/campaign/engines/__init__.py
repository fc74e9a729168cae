"""Exit-wave engines as a campaign knows them: one module declares one engine.

A new engine is two files of its name: here what it is called, what can be set and what it cannot follow; in
`waves.engines` how it computes. Choices in campaigns and in the Launchpad, recipes and checks follow from these.
"""

import sys
from typing import TYPE_CHECKING, Literal

from hrtem_assets.base.families import family
from hrtem_assets.campaign.declaration import EngineDeclaration

DECLARATIONS: dict[str, type[EngineDeclaration]] = family(sys.modules[__name__], EngineDeclaration)

if TYPE_CHECKING:
    EngineName = str
else:
    EngineName = Literal[tuple(DECLARATIONS)]


def idle_settings(name: str) -> set[str]:
    """The simulation settings that decide nothing when an engine computes, and so do not belong in its recipes.

    Args:
        name: of the engine.
    """
    others = (d for d in DECLARATIONS.values() if d.name != name)
    of_others = {field for declaration in others for field in declaration.fields.model_fields}
    return of_others.union(DECLARATIONS[name].ignored)
