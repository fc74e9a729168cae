"""Prismatic 2.0: its own settings, and what it cannot follow."""

from typing import TYPE_CHECKING

from hrtem_assets.base.model import Model, quantity
from hrtem_assets.campaign.declaration import EngineDeclaration, EngineFields

if TYPE_CHECKING:
    from hrtem_assets.campaign.settings import Simulation

# dz over pixel; outside, the sampled potential departs from the true one near the nucleus
SUBSLICE_PIXELS = (1.0, 1.25)


class PrismaticSettings(Model):
    """Settings that act where the engine is prismatic."""

    potential_bound_a: float = quantity(
        5.0,
        "Å",
        "radius at which an atom's potential is cut; 4 Å takes less than half the time",
        ge=2.0,
        le=10.0,
    )
    subslice_pixels: float = quantity(
        1.11,
        "1",
        "wanted thickness of the sub-slices that sample the potential along z, in potential pixels",
        ge=SUBSLICE_PIXELS[0],
        le=SUBSLICE_PIXELS[1],
    )
    threads: int = quantity(
        1, "1", "threads of one configuration; whatever their number, waves repeat to 1e-6", ge=1, le=256
    )

    def subslices(self, slice_thickness_a: float, sampling_a: float) -> int:
        """Sub-slices of one slice, nearest to the thickness that is wanted of them.

        Args:
            slice_thickness_a: slice thickness in Å.
            sampling_a: pixel of the potential in Å.

        Raises:
            ValueError: if no whole number of sub-slices has an allowed thickness.
        """
        pixels = slice_thickness_a / sampling_a
        low, high = SUBSLICE_PIXELS
        allowed = [
            n for n in range(1, int(pixels / low) + 2) if low * (1 - 1e-6) <= pixels / n <= high * (1 + 1e-6)
        ]
        if not allowed:
            raise ValueError(
                f"slice_thickness_a = {slice_thickness_a} is {pixels:.4g} pixels of sampling_a = {sampling_a}; "
                f"engine prismatic needs slices that divide into sub-slices of {low} to {high} pixels: "
                f"use at least {4 * sampling_a:.4g} Å"
            )
        return min(allowed, key=lambda n: abs(pixels / n - self.subslice_pixels))


class PrismaticFields(EngineFields):
    """What Prismatic adds to the simulation settings."""

    prismatic: PrismaticSettings = PrismaticSettings()


class Prismatic(EngineDeclaration):
    """Prismatic's HRTEM mode, an independent calculation in an environment of its own."""

    name = "prismatic"
    summary = "an independent calculation, installed apart"
    fields = PrismaticFields
    # its potentials are three-dimensional
    ignored = ("projection",)

    @classmethod
    def check(cls, simulation: "Simulation") -> None:
        pixel_a = simulation.sampling_a
        if simulation.parametrization != "kirkland":
            raise ValueError(
                f"parametrization = {simulation.parametrization!r}: engine prismatic has Kirkland's scattering "
                f"factors only; set simulation.parametrization to kirkland, or choose another engine"
            )
        if simulation.output_sampling_a < 2 * pixel_a * (1 - 1e-9):
            raise ValueError(
                f"output_sampling_a = {simulation.output_sampling_a}: engine prismatic gives waves at twice the "
                f"sampling of its potential; raise it to {2 * pixel_a:.6g} Å or more, or lower sampling_a"
            )
        if simulation.grid % 4:
            raise ValueError(
                f"cell_a / sampling_a = {simulation.grid} pixels: engine prismatic needs a multiple of 4; "
                f"change either"
            )
        PrismaticFields.of(simulation).prismatic.subslices(simulation.slice_thickness_a, pixel_a)
