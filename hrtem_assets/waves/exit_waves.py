"""The exit waves of structures: displaced, simulated, on the output grid."""

from collections.abc import Sequence

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.specimen.structure import Structure
from hrtem_assets.waves.cell import place_in_cell
from hrtem_assets.waves.engine import ExitWaves
from hrtem_assets.waves.phonons import configurations
from hrtem_assets.waves.registry import engine


def simulate(
    campaign: Campaign, specimen: Specimen, structure: Structure, index: int
) -> tuple[ExitWaves, float]:
    """Simulate one structure on the processor, with the engine that the campaign assigns to its specimen.

    Args:
        campaign: settings and seed.
        specimen: which specimen the structure belongs to.
        structure: atoms at rest.
        index: index of the structure within the specimen; with the seed it decides the displacements.

    Returns:
        waves: full and vacuum exit waves, complex64 (phonon, y, x), on the output grid.
        exit_plane_z_a: z of the exit plane in the structure's frame, Å.
    """
    return simulate_together(campaign, specimen, [structure], [index], None)[0]


def simulate_together(
    campaign: Campaign,
    specimen: Specimen,
    structures: Sequence[Structure],
    indices: Sequence[int],
    device: Backend | None,
) -> list[tuple[ExitWaves, float]]:
    """Simulate several structures of a specimen, side by side where the engine can do that.

    Args:
        campaign: settings and seed.
        specimen: which specimen the structures belong to.
        structures: atoms at rest.
        indices: index of each structure within the specimen.
        device: a device; None for the processor.

    Returns:
        of each structure, as `simulate`; waves made on a device stay there.
    """
    simulation = campaign.simulation_of(specimen)
    atoms = [configurations(s, campaign, specimen, i) for s, i in zip(structures, indices, strict=True)]
    waves = engine(simulation.engine, device).exit_waves_of(atoms, simulation)
    planes = (place_in_cell(s, campaign.simulation)[2] for s in structures)
    return list(zip(waves, planes, strict=True))
