"""Specimens: distributions of structures, of one lattice, mixture or set of files in one size class."""

from typing import Any

from hrtem_assets.base.model import Model
from hrtem_assets.campaign.lattices import Lattice
from hrtem_assets.campaign.materials import Material, Phase, shape_names
from hrtem_assets.campaign.mixtures import Mixture
from hrtem_assets.campaign.own_atoms import OwnAtoms
from hrtem_assets.campaign.sizes import SizeClass
from hrtem_assets.morphology.particle_rule import ParticleRule

_PLAIN = ParticleRule()


class Specimen(Model):
    """A distribution of structures: one lattice, mixture or set of files in one size class."""

    key: str
    lattice_name: str
    size_name: str
    lattice: Material
    size: SizeClass
    max_stacking_faults: int
    phases: tuple[Phase, ...] = ()
    """Crystals that its particles are of; none for atoms from files."""

    @property
    def crystal(self) -> Lattice:
        """The lattice of a specimen that has one.

        Raises:
            TypeError: for mixtures and atoms from files.
        """
        if not isinstance(self.lattice, Lattice):
            raise TypeError(f"{self.key} is not of one lattice")
        return self.lattice

    @property
    def is_plain(self) -> bool:
        """Whether its particles are spheres of one perfect or wurtzite-faulted crystal in any orientation."""
        return (
            isinstance(self.lattice, Lattice)
            and self.phases[0].particle is None
            and not self.has_layer_faults
        )

    @property
    def has_layer_faults(self) -> bool:
        """Whether `max_stacking_faults` asks for faults of a crystal that is not wurtzite."""
        return (
            self.max_stacking_faults > 0
            and isinstance(self.lattice, Lattice)
            and not self.lattice.is_wurtzite
        )

    @property
    def elements(self) -> tuple[str, ...]:
        """Chemical symbols of its particles, sorted."""
        if isinstance(self.lattice, OwnAtoms):
            return self.lattice.elements
        return tuple(
            sorted(
                {
                    e
                    for p in self.phases
                    for e in (*p.lattice.elements, *(p.particle or _PLAIN).added_elements)
                }
            )
        )

    @property
    def shape_names(self) -> tuple[str, ...]:
        """The shapes of its particles, by the number that stores keep of each particle."""
        return shape_names(self.phases)

    @property
    def told(self) -> dict[str, Any]:
        """The specimen as JSON, for people; as stores have told it before lattices had particles of their own."""
        told = self.model_dump(mode="json", exclude={"phases"})
        for part, later in (("lattice", ("particle", "in_grid")), ("size", ("particle",))):
            for name in later:
                if told[part].get(name) in (None, True):
                    told[part].pop(name, None)
        return told

    @property
    def deciding(self) -> dict[str, Any]:
        """What its particles are of: the settings that decide where atoms are, as JSON."""
        settings = self.lattice.deciding
        if isinstance(self.lattice, Mixture):
            return settings | {"lattices": {p.name: p.lattice.deciding for p in self.phases}}
        return settings

    @property
    def figures(self) -> dict[str, Any]:
        """What its crystals amount to, as JSON."""
        if isinstance(self.lattice, Mixture):
            return {p.name: p.lattice.figures for p in self.phases}
        return self.lattice.figures
