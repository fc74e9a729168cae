"""Case A, on which all is compared: five CdSe particles on 52 Å of amorphous carbon, 12.8 nm wide."""

from dataclasses import dataclass, replace

import numpy as np

from hrtem_assets.campaign import Campaign, Simulation, load_campaign
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.waves.engine import Atoms
from hrtem_assets.waves.phonons import configurations

SPECIMEN = "CdSe-medium"
SUBSTRATE_A = 52.0
# the eleven defoci at one dose
CONDITIONS = tuple(f"df{defocus:+03d}nm_400e" for defocus in range(-25, 26, 5))


@dataclass(frozen=True)
class Case:
    """Displaced atoms, and how they are simulated."""

    atoms: Atoms
    simulation: Simulation

    @property
    def slices(self) -> int:
        """Number of slices of the cell."""
        return round(self.atoms.cell_a[2] / self.simulation.slice_thickness_a)


def campaign_a(phonons: int, sampling_a: float = 0.1) -> Campaign:
    """The published campaign, narrowed to the case.

    Args:
        phonons: frozen-phonon configurations.
        sampling_a: pixel of the simulation in Å.
    """
    return load_campaign(
        "paper",
        {
            "sizes": {"medium": {"radius_min_a": 15.0, "radius_max_a": 22.0}},
            "substrate": {"thickness_min_a": SUBSTRATE_A, "thickness_max_a": SUBSTRATE_A},
            "placement": {"count_min": 5, "count_max": 5},
            "simulation": {"frozen_phonons": phonons, "sampling_a": sampling_a},
        },
    )


def case_a(
    phonons: int, slices: int | None = None, sampling_a: float = 0.1, part_of_atoms: float = 1.0
) -> Case:
    """The case, or a part of it.

    Args:
        phonons: frozen-phonon configurations.
        slices: keep only so many slices, half of them above the substrate's top; all of them by default.
        sampling_a: pixel of the simulation in Å.
        part_of_atoms: keep only every so many atoms, evenly over the list.
    """
    campaign = campaign_a(phonons, sampling_a)
    specimen = campaign.specimen(SPECIMEN)
    atoms = configurations(build_structure(campaign, specimen, 0), campaign, specimen, 0)
    case = Case(atoms, campaign.simulation)
    if slices is not None and slices < case.slices:
        case = _upper_slices(case, slices)
    if part_of_atoms < 1.0:
        steps = np.floor(np.arange(len(case.atoms.numbers) + 1) * part_of_atoms)
        case = _with_atoms(case, np.diff(steps) > 0)
    return case


def _upper_slices(case: Case, slices: int) -> Case:
    thickness = case.simulation.slice_thickness_a
    depth = slices * thickness
    first = SUBSTRATE_A + case.simulation.vacuum_a - depth / 2
    # one choice for all phonons, because they share the list of elements
    z = case.atoms.positions_a[0, :, 2] - first
    part = _with_atoms(case, (z >= 0) & (z < depth))
    positions = part.atoms.positions_a
    positions[..., 2] = np.clip(positions[..., 2] - first, 0.0, depth - 1e-6)
    return replace(part, atoms=replace(part.atoms, cell_a=(*part.atoms.cell_a[:2], depth)))


def _with_atoms(case: Case, kept: np.ndarray) -> Case:
    atoms = case.atoms
    return replace(
        case,
        atoms=replace(
            atoms,
            positions_a=atoms.positions_a[:, kept],
            numbers=atoms.numbers[kept],
            particle_atoms=int(np.count_nonzero(kept[: atoms.particle_atoms])),
        ),
    )
