"""Frozen phonons: thermally displaced configurations of one structure."""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.specimen.structure import Structure
from hrtem_assets.waves.cell import place_in_cell
from hrtem_assets.waves.engine import Atoms

# keeps clipped atoms inside the last slice: engines treat the far end of the cell as its beginning
_END_MARGIN_A = 1e-6


def configurations(structure: Structure, campaign: Campaign, specimen: Specimen, index: int) -> Atoms:
    """Displaced atoms of every frozen-phonon configuration, in the frame of the beam.

    Displacements are normal, independent per axis (Einstein model). The substrate's have a random stream of their
    own, so a particle's do not depend on the substrate, and phonon k is the same however many phonons are made.

    Args:
        structure: atoms at rest, particle atoms first.
        campaign: settings, seed and rms displacements.
        specimen: which specimen the structure belongs to.
        index: index of the structure within the specimen.

    Returns:
        atoms with x and y wrapped into the cell. z is clipped to it (it takes ten times the usual rms
        displacement to get there), because wrapping would carry an atom to the other side of the specimen.
    """
    simulation = campaign.simulation
    positions, cell_a, _ = place_in_cell(structure, simulation)
    particle_atoms, phonons = structure.particle_atoms, simulation.frozen_phonons
    particle_rng, substrate_rng = np.random.default_rng(
        structure_seed(campaign, specimen.key, index, "exit_waves")
    ).spawn(2)
    displaced = np.empty((phonons, *positions.shape))
    displaced[:, :particle_atoms] = particle_rng.standard_normal((phonons, particle_atoms, 3))
    displaced[:, particle_atoms:] = substrate_rng.standard_normal(
        (phonons, len(positions) - particle_atoms, 3)
    )
    displaced *= _rms_by_atom_a(structure, campaign, specimen)[:, None]
    displaced += positions
    _into_cell(displaced, cell_a)
    return Atoms(displaced, structure.numbers, particle_atoms, cell_a)


def _rms_by_atom_a(structure: Structure, campaign: Campaign, specimen: Specimen) -> NDArray[np.float64]:
    from ase.data import atomic_numbers

    # by particle index, not by element: carbon may be both substrate and particle
    rms = np.full(len(structure.numbers), campaign.substrate_rms_displacement_a)
    in_particle = slice(0, structure.particle_atoms)
    by_number = np.zeros(120)
    for element, value in campaign.rms_displacements_a(specimen).items():
        by_number[atomic_numbers[element]] = value
    rms[in_particle] = by_number[structure.numbers[in_particle]]
    return rms


def _into_cell(positions: NDArray[np.float64], cell_a: tuple[float, float, float]) -> None:
    for axis in (0, 1):
        wrapped = np.mod(positions[..., axis], cell_a[axis])
        wrapped[wrapped >= cell_a[axis]] = (
            0.0  # the remainder of a tiny negative number rounds up to the side
        )
        positions[..., axis] = wrapped
    np.clip(positions[..., 2], 0.0, cell_a[2] - _END_MARGIN_A, out=positions[..., 2])
