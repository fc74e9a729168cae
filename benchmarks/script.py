"""The script that one would write with Construction Zone and abTEM alone, asset by asset as the source describes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.clock import Laps
from hrtem_assets.campaign import Calibration, Campaign, Lattice, Optics, Simulation, Specimen
from hrtem_assets.specimen.structure import Particle

SEED = 1


def structure(
    lattice: Lattice, particles: Sequence[Particle], substrate_a: float, simulation: Simulation
) -> tuple[Any, int]:
    """Particles without faults on czone's own amorphous substrate; imports and hexagonal axes mended, nothing else.

    Returns:
        `ase.Atoms` in the simulation cell, particle atoms first, and how many those are.
    """
    import ase
    from scipy.spatial.transform import Rotation

    from hrtem_assets.specimen import czone_compat as cz

    cell = simulation.cell_a
    bodies = []
    for priority, particle in enumerate(particles):
        crystal = cz.Generator.from_spacegroup(
            Z=[site.element for site in lattice.sites],
            coords=[site.position for site in lattice.sites],
            cellDims=lattice.cell[:3],
            cellAngs=lattice.cell[3:],
            sgn=lattice.space_group,
        )
        cz.crystal_axes_as_columns(crystal)
        ball = cz.Volume(
            alg_objects=[cz.Sphere(radius=particle.radius_a, center=np.zeros(3))],
            generator=crystal,
            priority=priority,
        )
        ball.transform(cz.Rotation(matrix=Rotation.from_quat(particle.quaternion).as_matrix()))
        ball.transform(cz.Translation(shift=np.array(particle.center_a)))
        bodies.append(ball)
    substrate = cz.Volume(
        points=cz.makeRectPrism(cell, cell, substrate_a),
        generator=cz.AmorphousGenerator(),
        priority=len(bodies),
    )
    top = max(p.center_a[2] + p.radius_a for p in particles)
    np.random.seed(SEED)  # noqa: NPY002  czone's substrate draws from nothing else
    scene = cz.Scene(bounds=np.array([[0.0, 0.0, 0.0], [cell, cell, top]]), objects=[*bodies, substrate])
    scene.populate()
    positions, numbers = scene.all_atoms, scene.all_species
    particle_atoms = sum(len(scene.species_from_object(i)) for i in range(len(bodies)))
    inside = np.all((positions[:, :2] >= 0.0) & (positions[:, :2] < cell), axis=1)
    vacuum, thickness = simulation.vacuum_a, simulation.slice_thickness_a
    depth = np.ceil((top + 2 * vacuum) / thickness) * thickness
    shifted = positions[inside] + [0.0, 0.0, vacuum]
    atoms = ase.Atoms(numbers=numbers[inside], positions=shifted, cell=(cell, cell, depth), pbc=True)
    return atoms, int(np.count_nonzero(inside[:particle_atoms]))


def exit_waves(atoms: Any, simulation: Simulation, rms_a: float) -> Any:
    """`abtem.Waves` of all frozen phonons on the output grid."""
    import abtem

    potential = abtem.Potential(
        abtem.FrozenPhonons(atoms, simulation.frozen_phonons, sigmas=rms_a, seed=SEED),
        gpts=simulation.grid,
        slice_thickness=simulation.slice_thickness_a,
        parametrization=simulation.parametrization,
        projection=simulation.projection,
    )
    waves: Any = abtem.PlaneWave(energy=simulation.beam_energy_kev * 1e3).multislice(potential)
    return waves.downsample(gpts=(simulation.output_grid,) * 2).compute(progress_bar=False)


def image(waves: Any, defocus_a: float, optics: Optics) -> Any:
    """`abtem.Images`: intensity at a defocus, averaged over the frozen phonons."""
    import abtem

    ctf = abtem.CTF(
        energy=waves.energy,
        defocus=defocus_a,
        focal_spread=optics.focal_spread_a,
        aberration_coefficients={"C30": 1e4 * optics.aberrations.c30_um},
    )
    return waves.apply_ctf(ctf).intensity().mean(0)


def zero_defocus(
    waves: Any, depths_a: NDArray[np.float64], optics: Optics, calibration: Calibration
) -> float:
    """Two grids of defoci, the first over the particles' depths, the second about its best; least variance wins."""

    def best(first: float, last: float, step: float) -> float:
        defoci = np.arange(first, last + step / 2, step)
        return float(defoci[np.argmin([image(waves, d, optics).array.var(dtype=float) for d in defoci])])

    coarse, margin = calibration.coarse_step_a, calibration.margin_a
    middle = best(np.floor(depths_a.min() - margin), np.ceil(depths_a.max() + margin), coarse)
    return best(middle - coarse, middle + coarse, calibration.fine_step_a)


def run(
    campaign: Campaign,
    specimen: Specimen,
    particles: Sequence[Particle],
    substrate_a: float,
    conditions: Sequence[str],
) -> dict[str, float]:
    """CPU seconds of each asset, on one core.

    Args:
        campaign: simulation, optics and calibration.
        specimen: lattice and thermal displacements.
        particles: where they lie, how large and how oriented.
        substrate_a: thickness of the substrate in Å.
        conditions: of the micrographs.
    """
    import abtem
    import dask

    simulation, optics, lap = campaign.simulation, campaign.optics, Laps()
    rng = np.random.default_rng(SEED)
    quiet = {"fftw.threads": 1, "diagnostics.progress_bar": False}
    with abtem.config.set(quiet), dask.config.set(scheduler="synchronous"):
        atoms, particle_atoms = structure(specimen.crystal, particles, substrate_a, simulation)
        lap("structure")
        rms_a = campaign.substrate_rms_displacement_a
        vacuum = exit_waves(atoms[:particle_atoms], simulation, rms_a)
        lap("vacuum waves")
        full = exit_waves(atoms, simulation, rms_a)
        lap("full waves")
        depths = atoms.cell[2, 2] - atoms.positions[:particle_atoms, 2]
        zero_a = zero_defocus(vacuum, depths, optics, campaign.calibration)
        lap("zero defocus")
        for key in conditions:
            condition = campaign.condition(key)
            defocus_a = zero_a + 10 * rng.normal(condition.defocus_nm, optics.defocus_jitter_nm)
            image(full, defocus_a, optics).poisson_noise(dose_per_area=condition.dose_e_per_a2, seed=SEED)
        lap("micrographs")
    return lap.seconds
