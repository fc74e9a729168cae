"""How the focus of least contrast is searched, as a campaign sets it."""

import math
from typing import Literal, Self

from pydantic import model_validator

from hrtem_assets.base.model import Model, later_field, quantity


class Calibration(Model):
    """The search for zero defocus on two grids."""

    coarse_step_a: float = quantity(1.0, "Å", "step of the first grid", gt=0.0, le=50.0)
    fine_step_a: float = quantity(0.1, "Å", "step of the second grid", gt=0.0, le=10.0)
    margin_a: float = quantity(
        5.0, "Å", "how far the search goes beyond the particles' z range", ge=0.0, le=100.0
    )

    lens: Literal["ideal", "own"] = later_field(
        "ideal",
        "ideal: without aberrations, so that defocus counts from the Gaussian focus of the particles; own: with the "
        "campaign's aberrations, at the medians of what is drawn, and a range that they widen",
    )

    @model_validator(mode="after")
    def _nested(self) -> Self:
        ratio = self.coarse_step_a / self.fine_step_a
        if ratio < 1 or not math.isfinite(ratio) or abs(ratio - round(ratio)) > 1e-6:
            raise ValueError(
                f"coarse_step_a = {self.coarse_step_a} must be a whole multiple of fine_step_a = "
                f"{self.fine_step_a}; change one of them"
            )
        return self

    def widened(self, by_a: float) -> Self:
        """The same search over a range that goes further at either end.

        Args:
            by_a: how far, Å.
        """
        return self.model_copy(update={"margin_a": self.margin_a + by_a})

    @property
    def refinement(self) -> int:
        """Steps of the second grid in one of the first."""
        return round(self.coarse_step_a / self.fine_step_a)

    def most_evaluations(self, diameter_a: float) -> int:
        """The most images that a search evaluates for particles of up to a diameter in Å.

        They all lie on the substrate, so their z range is at most the diameter; rounding outwards adds a step at
        either end, and the grids share three points.
        """
        coarse = math.ceil((diameter_a + 2 * self.margin_a) / self.coarse_step_a) + 2
        return coarse + 2 * self.refinement - 2
