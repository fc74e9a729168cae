"""Mixtures: particles of several lattices in one structure."""

from typing import Any, Self

from pydantic import Field, model_validator

from hrtem_assets.base.model import Model, Real, Words, quantity
from hrtem_assets.campaign.cutoffs import check_cutoff


class Mixture(Model):
    """Each particle is of one of some lattices of the campaign, by their parts."""

    mixture: dict[str, Real] = Field(
        min_length=1, description="how often a particle is of each lattice, by the lattices' names"
    )
    label_blur_a: float = quantity(1.6, "Å", "standard deviation of the label blur", ge=0.0, le=10.0)
    mask_cutoff: Real | dict[str, Real] | None = Field(
        None, description="soft label at which the binary mask of its particles is cut, or that by size class"
    )
    source: Words = Field("", description="where the values come from")

    @model_validator(mode="after")
    def _parts(self) -> Self:
        for name, part in self.mixture.items():
            if part <= 0:
                raise ValueError(
                    f"mixture.{name} = {part:g} must be above 0; leave {name} out to have none of it"
                )
        return self

    @model_validator(mode="after")
    def _cutoffs_in_range(self) -> Self:
        check_cutoff(self.mask_cutoff)
        return self

    @property
    def deciding(self) -> dict[str, Any]:
        """The settings that decide where atoms are, but for the lattices themselves."""
        return {"mixture": dict(self.mixture)}
