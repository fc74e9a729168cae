"""The exit waves of one structure: displaced, simulated, on the output grid."""

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.specimen.structure import Structure
from hrtem_assets.waves.cell import place_in_cell
from hrtem_assets.waves.engine import ExitWaves
from hrtem_assets.waves.phonons import configurations
from hrtem_assets.waves.registry import engine


def simulate(
    campaign: Campaign, specimen: Specimen, structure: Structure, index: int
) -> tuple[ExitWaves, float]:
    """Simulate one structure with the engine that the campaign assigns to its specimen.

    Args:
        campaign: settings and seed.
        specimen: which specimen the structure belongs to.
        structure: atoms at rest.
        index: index of the structure within the specimen; with the seed it decides the displacements.

    Returns:
        waves: full and vacuum exit waves, complex64 (phonon, y, x), on the output grid.
        exit_plane_z_a: z of the exit plane in the structure's frame, Å.
    """
    _, _, exit_plane_z_a = place_in_cell(structure, campaign.simulation)
    atoms = configurations(structure, campaign, specimen, index)
    simulation = campaign.simulation_of(specimen)
    waves = engine(simulation.engine).exit_waves(atoms, simulation)
    return waves, exit_plane_z_a
