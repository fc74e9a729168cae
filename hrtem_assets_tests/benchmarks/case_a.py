"""Case A, on which engines are compared: five CdSe particles on 52 Å of amorphous carbon, 12.8 nm wide."""

from dataclasses import dataclass, replace

import numpy as np

from hrtem_assets.campaign import Simulation, load_campaign
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.waves.engine import Atoms
from hrtem_assets.waves.phonons import configurations

FILM_A = 52.0


@dataclass(frozen=True)
class Case:
    """Displaced atoms, and how they are simulated."""

    atoms: Atoms
    simulation: Simulation

    @property
    def slices(self) -> int:
        """Number of slices of the cell."""
        return round(self.atoms.cell_a[2] / self.simulation.slice_thickness_a)


def case_a(phonons: int, slices: int | None = None) -> Case:
    """The case, or a part of it.

    Args:
        phonons: frozen-phonon configurations.
        slices: keep only so many slices, half of them above the film's top; all of them by default.
    """
    campaign = load_campaign(
        "paper",
        {
            "sizes": {"medium": {"radius_min_a": 15.0, "radius_max_a": 22.0}},
            "substrate": {"thickness_min_a": FILM_A, "thickness_max_a": FILM_A},
            "placement": {"count_min": 5, "count_max": 5},
            "simulation": {"frozen_phonons": phonons},
        },
    )
    specimen = campaign.specimen("CdSe-medium")
    atoms = configurations(build_structure(campaign, specimen, 0), campaign, specimen, 0)
    case = Case(atoms, campaign.simulation)
    return case if slices is None or slices >= case.slices else _part(case, slices)


def _part(case: Case, slices: int) -> Case:
    atoms, thickness = case.atoms, case.simulation.slice_thickness_a
    depth = slices * thickness
    first = FILM_A + case.simulation.vacuum_a - depth / 2
    # one choice for all phonons, because they share the list of elements
    z = atoms.positions_a[0, :, 2] - first
    kept = (z >= 0) & (z < depth)
    positions = atoms.positions_a[:, kept]
    positions[..., 2] = np.clip(positions[..., 2] - first, 0.0, depth - 1e-6)
    part = replace(
        atoms,
        positions_a=positions,
        numbers=atoms.numbers[kept],
        particle_atoms=int(np.count_nonzero(kept[: atoms.particle_atoms])),
        cell_a=(*atoms.cell_a[:2], depth),
    )
    return Case(part, case.simulation)
