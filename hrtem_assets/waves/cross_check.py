"""Every engine that is installed on one small particle of a specimen's lattice, against the reference engine."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign, Placement, Simulation, SizeClass, Specimen, Substrate
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.waves.agreement import INDEPENDENT, SAME_ALGORITHM, Agreement, agreement
from hrtem_assets.waves.engine import Atoms
from hrtem_assets.waves.phonons import configurations
from hrtem_assets.waves.prismatic.environment import PrismaticNotFoundError
from hrtem_assets.waves.registry import ENGINES

REFERENCE_ENGINE = "abtem"
BOUNDS = {"fused": SAME_ALGORITHM, "prismatic": INDEPENDENT}
# the conditions under which the bounds were measured
CELL_A, RADIUS_A, SLICE_THICKNESS_A = 32.0, 11.0, 2.0


@dataclass(frozen=True)
class CrossCheck:
    """What the engines made of the same atoms.

    Attributes:
        atoms: how many atoms.
        sampling_a: pixel of the waves, Å.
        waves: complex64 (y, x) by engine.
        agreements: by engine, each against the reference engine.
        broken: bounds broken, in words, by engine; empty where all engines agree.
        absent: why an engine could not be asked, by engine.
    """

    atoms: int
    sampling_a: float
    waves: Mapping[str, NDArray[np.complex64]]
    agreements: Mapping[str, Agreement]
    broken: Mapping[str, list[str]]
    absent: Mapping[str, str]


def cross_check(campaign: Campaign, specimen: Specimen) -> CrossCheck:
    """Compute one displaced particle with every installed engine and compare the waves.

    Args:
        campaign: seed, and the settings of Prismatic that are held to the bounds.
        specimen: supplies the lattice.

    Raises:
        PrismaticError: if Prismatic is installed and fails.
    """
    atoms, simulation = small_particle(campaign, specimen)
    waves, absent = {}, {}
    for name, engine in ENGINES.items():
        try:
            waves[name] = engine().exit_waves(atoms, simulation).full[0]
        except PrismaticNotFoundError as error:
            absent[name] = str(error)
    agreements = {
        name: agreement(wave, waves[REFERENCE_ENGINE], simulation.output_sampling_a)
        for name, wave in waves.items()
        if name != REFERENCE_ENGINE
    }
    broken = {name: BOUNDS[name].broken(found) for name, found in agreements.items()}
    return CrossCheck(
        atoms=len(atoms.numbers),
        sampling_a=simulation.output_sampling_a,
        waves=waves,
        agreements=agreements,
        broken={name: words for name, words in broken.items() if words},
        absent=absent,
    )


def small_particle(campaign: Campaign, specimen: Specimen) -> tuple[Atoms, Simulation]:
    """A randomly oriented particle in vacuum, displaced by 0.1 Å rms per axis, and how it is simulated.

    Args:
        campaign: seed, and the settings of Prismatic.
        specimen: supplies the lattice.
    """
    simulation = Simulation(
        cell_a=CELL_A,
        slice_thickness_a=SLICE_THICKNESS_A,
        parametrization="kirkland",
        frozen_phonons=1,
        prismatic=campaign.simulation.prismatic,
    )
    small = campaign.model_copy(
        update={
            "simulation": simulation,
            "placement": Placement(count_min=1, count_max=1, edge_rule="inside"),
            "substrate": Substrate(thickness_min_a=0.0, thickness_max_a=0.0),
        }
    )
    particle = specimen.model_copy(
        update={"size": SizeClass(radius_min_a=RADIUS_A, radius_max_a=RADIUS_A), "max_stacking_faults": 0}
    )
    structure = build_structure(small, particle, index=0)
    return configurations(structure, small, particle, index=0), simulation
