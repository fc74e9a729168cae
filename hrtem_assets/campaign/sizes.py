"""Size classes: the distribution of particle radii."""

from typing import Self

from pydantic import model_validator

from hrtem_assets.base.model import Model, later_field, quantity
from hrtem_assets.morphology.particle_rule import ParticleRule


class SizeClass(Model):
    """Particle radii drawn uniformly from an interval; of what is no sphere, those of the sphere of equal volume."""

    radius_min_a: float = quantity(..., "Å", "smallest particle radius", ge=3.0, le=500.0)
    radius_max_a: float = quantity(..., "Å", "largest particle radius", ge=3.0, le=500.0)

    particle: ParticleRule | None = later_field(
        None,
        "shapes, defects and orientations of particles of this size, in place of those that lattices have",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.radius_max_a < self.radius_min_a:
            raise ValueError(
                f"radius_max_a = {self.radius_max_a} is below radius_min_a = {self.radius_min_a}; "
                f"exchange them"
            )
        return self
