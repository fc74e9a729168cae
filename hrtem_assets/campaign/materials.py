"""What particles are of: a lattice, a mixture of lattices, or atoms from files; and what a specimen makes of it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Discriminator, Tag

from hrtem_assets.base.model import Model
from hrtem_assets.campaign.lattices import Lattice
from hrtem_assets.campaign.mixtures import Mixture
from hrtem_assets.campaign.own_atoms import OwnAtoms
from hrtem_assets.morphology.particle_rule import ParticleRule

Material = Lattice | Mixture | OwnAtoms
KINDS: Mapping[type[Model], str] = {Lattice: "lattice", Mixture: "mixture", OwnAtoms: "atoms"}


def _kind(value: Any) -> str:
    """Which of the kinds is written; a lattice is what names none of the others."""
    if isinstance(value, Model):
        return KINDS.get(type(value), "lattice")
    if isinstance(value, Mapping):
        return next((kind for kind in ("mixture", "atoms") if kind in value), "lattice")
    return "lattice"


if TYPE_CHECKING:
    AnyMaterial = Lattice | Mixture | OwnAtoms
else:
    # parentheses: no part of the path that people write
    AnyMaterial = Annotated[
        Annotated[Lattice, Tag("(lattice)")]
        | Annotated[Mixture, Tag("(mixture)")]
        | Annotated[OwnAtoms, Tag("(atoms)")],
        Discriminator(lambda value: f"({_kind(value)})"),
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
