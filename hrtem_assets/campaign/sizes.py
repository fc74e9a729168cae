"""Size classes: the distribution of particle radii."""

from typing import Self

from pydantic import model_validator

from hrtem_assets.base.model import Model, quantity


class SizeClass(Model):
    """Particle radii drawn uniformly from an interval."""

    radius_min_a: float = quantity(..., "Å", "smallest particle radius", ge=3.0, le=500.0)
    radius_max_a: float = quantity(..., "Å", "largest particle radius", ge=3.0, le=500.0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.radius_max_a < self.radius_min_a:
            raise ValueError(
                f"radius_max_a = {self.radius_max_a} is below radius_min_a = {self.radius_min_a}; "
                f"exchange them"
            )
        return self
