"""What particles are of: a lattice, a mixture of lattices, or atoms from files; and what a specimen makes of it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Discriminator, Tag

from hrtem_assets.base.model import Model, tag
from hrtem_assets.campaign.lattices import Lattice
from hrtem_assets.campaign.mixtures import Mixture
from hrtem_assets.campaign.own_atoms import OwnAtoms
from hrtem_assets.morphology.particle_rule import ParticleRule

Material = Lattice | Mixture | OwnAtoms


def _kind(value: Any) -> type[Model]:
    """Which of the kinds is written; a lattice is what names none of the others."""
    if isinstance(value, Mixture | OwnAtoms):
        return type(value)
    if isinstance(value, Mapping) and "mixture" in value:
        return Mixture
    return OwnAtoms if isinstance(value, Mapping) and "atoms" in value else Lattice


if TYPE_CHECKING:
    AnyMaterial = Material
else:
    AnyMaterial = Annotated[
        Annotated[Lattice, Tag(tag(Lattice))]
        | Annotated[Mixture, Tag(tag(Mixture))]
        | Annotated[OwnAtoms, Tag(tag(OwnAtoms))],
        Discriminator(lambda value: tag(_kind(value))),
    ]


class Phase(Model):
    """One of the crystals that a specimen's particles are of."""

    name: str
    part: float
    lattice: Lattice
    particle: ParticleRule | None
    """How its particles are made; None for spheres of perfect crystal in any orientation."""

    @property
    def rule(self) -> ParticleRule:
        """How its particles are made."""
        return self.particle or ParticleRule()


def shape_names(phases: Sequence[Phase]) -> tuple[str, ...]:
    """The shapes of some phases' particles, each once, in the order of the numbers that are kept of particles."""
    return tuple(dict.fromkeys(shape.name for phase in phases for shape in phase.rule.shapes))
