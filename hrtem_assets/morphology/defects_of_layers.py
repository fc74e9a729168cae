"""What twins and stacking faults ask of a particle."""

from collections.abc import Sequence

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.crystals_of_shapes import need_stacking


def layered_refusal(name: str, crystal: Crystal, domains: Sequence[Domain]) -> str | None:
    """Why a particle cannot be parted along its layers; None if it can.

    Args:
        name: of the defect.
        crystal: of the particle.
        domains: of one of its bodies.
    """
    if len(domains) > 1:
        return (
            f"{name} need a particle of one crystal, and one of the shapes has {len(domains)}; remove either"
        )
    try:
        need_stacking(crystal, f"defect {name}")
    except ValueError as error:
        return str(error)
    return None
