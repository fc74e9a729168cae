"""Every engine that is installed on one small particle of a specimen's lattice, against the reference engine."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign, Placement, Simulation, SizeClass, Specimen, Substrate
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.specimen.own_structures import ball_of_frame
from hrtem_assets.waves.agreement import Agreement, agreement
from hrtem_assets.waves.engine import Atoms, EngineNotInstalledError
from hrtem_assets.waves.engines.abtem import AbtemEngine
from hrtem_assets.waves.phonons import configurations
from hrtem_assets.waves.registry import ENGINES

REFERENCE_ENGINE = AbtemEngine.name
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
        campaign: seed, and the settings of engines that are held to the bounds.
        specimen: supplies the lattice, or atoms from files.

    Raises:
        PrismaticError: if Prismatic is installed and fails.
    """
    atoms, simulation = small_particle(campaign, specimen)
    waves, absent = {}, {}
    for name, engine in ENGINES.items():
        try:
            engine.check(simulation)
        except ValueError as error:
            absent[name] = f"it cannot follow the settings of this check: {error}"
            continue
        try:
            waves[name] = engine().exit_waves(atoms, simulation).full[0]
        except EngineNotInstalledError as error:
            absent[name] = str(error)
    agreements = {
        name: agreement(wave, waves[REFERENCE_ENGINE], simulation.output_sampling_a)
        for name, wave in waves.items()
        if name != REFERENCE_ENGINE
    }
    broken = {name: ENGINES[name].bounds.broken(result) for name, result in agreements.items()}
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
        campaign: seed, and the settings of engines that are held to the bounds.
        specimen: supplies the lattice, or atoms from files.
    """
    bounded = [field for engine in ENGINES.values() for field in engine.bounded_fields]
    simulation = Simulation(
        cell_a=CELL_A,
        slice_thickness_a=SLICE_THICKNESS_A,
        parametrization="kirkland",
        frozen_phonons=1,
        **{field: getattr(campaign.simulation, field) for field in bounded},
    )
    small = campaign.model_copy(
        update={
            "simulation": simulation,
            "placement": Placement(count_min=1, count_max=1, edge_rule="inside"),
            "substrate": Substrate(thickness_min_a=0.0, thickness_max_a=0.0),
        }
    )
    size = SizeClass(radius_min_a=RADIUS_A, radius_max_a=RADIUS_A)
    particle = specimen.model_copy(update={"size": size, "max_stacking_faults": 0})
    if specimen.phases:
        # a sphere of perfect crystal, whatever its particles are like: engines are compared, not particles
        phase = specimen.phases[0].model_copy(update={"particle": None})
        particle = particle.model_copy(update={"lattice": phase.lattice, "phases": (phase,)})
        structure = build_structure(small, particle, index=0)
    else:
        structure = ball_of_frame(small, particle, RADIUS_A)
    return configurations(structure, small, particle, index=0), simulation
