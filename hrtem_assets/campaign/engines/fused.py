"""The fused engine: how exactly it repeats abTEM, and that it has infinite projections only."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from hrtem_assets.campaign.declaration import EngineDeclaration, EngineFields

if TYPE_CHECKING:
    from hrtem_assets.campaign.settings import Simulation


class FusedFields(EngineFields):
    """What the fused engine adds to the simulation settings."""

    fused_mode: Literal["exact", "fast"] = Field(
        "exact",
        description="of the fused engine; exact: abTEM's algorithm, to 1e-5 of the wave but for the "
        "Nyquist lines of the stored grid, where abTEM's own resampling keeps one side; "
        "fast: transmission functions not band-limited, 1.5e-3",
    )


class Fused(EngineDeclaration):
    """abTEM's multislice in passes that stay in the processor's cache."""

    name = "fused"
    summary = "the same numbers, faster"
    fields = FusedFields

    @classmethod
    def check(cls, simulation: "Simulation") -> None:
        if simulation.projection != "infinite":
            raise ValueError(
                f"projection = {simulation.projection!r}: engine fused has infinite projections only; "
                f"set simulation.projection to infinite, or simulation.engine to abtem"
            )
