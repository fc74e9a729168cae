"""Particles and whole structures from files of atoms."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.atom_files import Frame, read_frame
from hrtem_assets.campaign.own_atoms import FrameOf, OwnAtoms
from hrtem_assets.crystal.exact import length, product
from hrtem_assets.morphology.orientation import uniform_quaternion
from hrtem_assets.morphology.species import number
from hrtem_assets.specimen.structure import SUBSTRATE, Particle, Structure


@dataclass(frozen=True, eq=False)
class OwnModel:
    """Atoms of a frame, turned, about the centre of its particles.

    Attributes:
        positions_a: float64 (N, 3), Å; atoms of particles come first.
        numbers: atomic numbers, int64 (N,).
        owner: particle of each, or `SUBSTRATE`, int16 (N,).
        particles: what is recorded of each.
    """

    positions_a: NDArray[np.float64]
    numbers: NDArray[np.int64]
    owner: NDArray[np.int16]
    particles: tuple[Particle, ...]


def own_of(specimen: Specimen) -> OwnAtoms:
    """The files of a specimen of atoms of one's own."""
    assert isinstance(specimen.lattice, OwnAtoms)
    return specimen.lattice


def frame_for(campaign: Campaign, specimen: Specimen, index: int, rng: np.random.Generator) -> FrameOf:
    """The frame of a structure, or of one particle of it: of a share of its own for training, validation and test.

    Args:
        campaign: counts of each share.
        specimen: of atoms from files.
        index: of the structure.
        rng: chooses among the frames for particles; structures take them in turn.
    """
    counts = campaign.counts
    share = campaign.frames_of(specimen)[counts.split(index)]
    if own_of(specimen).used_as == "particle":
        return share[int(rng.integers(len(share)))]
    first = {"train": 0, "validation": counts.train, "test": counts.train + counts.validation}
    return share[(index - first[counts.split(index)]) % len(share)]


def model(own: OwnAtoms, frame: FrameOf, rng: np.random.Generator) -> OwnModel:
    """The atoms of a frame.

    Args:
        own: which of them are particles, and whether they are turned.
        frame: which.
        rng: orientation.
    """
    read = read_frame(frame.path, own.reading, frame.number)
    owner = _owners(own, read)
    order = np.argsort(np.where(owner < 0, np.iinfo(np.int16).max, owner), kind="stable")
    positions, numbers, owner = read.positions_a[order], read.numbers[order].astype(np.int64), owner[order]
    quaternion = uniform_quaternion(rng) if own.is_turned else np.array([0.0, 0.0, 0.0, 1.0])
    positions = positions - positions.mean(axis=0)
    if own.is_turned:
        positions = product(positions, Rotation.from_quat(quaternion).as_matrix().T)
    x, y, z, w = (float(v) for v in quaternion)
    particles = []
    for k in range(int(owner.max()) + 1):
        atoms = positions[owner == k]
        middle = atoms.mean(axis=0) if len(atoms) else np.zeros(3)
        squared = np.square(atoms - middle).sum(axis=1).mean() if len(atoms) else 0.0
        cx, cy, cz = (float(v) for v in middle)
        particles.append(Particle((cx, cy, cz), float(np.sqrt(5 / 3 * squared)), (x, y, z, w)))
    return OwnModel(positions, numbers, owner, tuple(particles))


def ball_of_frame(campaign: Campaign, specimen: Specimen, radius_a: float) -> Structure:
    """The atoms of the first frame that lie about the middle of its first particle, in vacuum.

    Args:
        campaign: cell.
        specimen: of atoms from files.
        radius_a: how far, Å.
    """
    own, cell_a = own_of(specimen), campaign.simulation.cell_a
    rng = np.random.default_rng(campaign.seed)
    read = model(own, own.all_frames[0], rng)
    middle = np.array(read.particles[0].center_a)
    near = length(read.positions_a - middle) <= radius_a
    # at least one atom, of however hollow a particle
    near[np.argmin(length(read.positions_a - middle))] = True
    positions = read.positions_a[near] - middle + np.array([cell_a / 2, cell_a / 2, radius_a])
    particle = Particle((cell_a / 2, cell_a / 2, radius_a), radius_a, (0.0, 0.0, 0.0, 1.0))
    return Structure(
        positions_a=positions.astype(np.float32),
        numbers=read.numbers[near].astype(np.uint8),
        particle=np.zeros(int(near.sum()), np.int16),
        particles=(particle,),
        requested_particles=1,
        substrate_thickness_a=0.0,
        cell_a=cell_a,
        seed=campaign.seed,
    )


def _owners(own: OwnAtoms, frame: Frame) -> NDArray[np.int16]:
    if own.particle_column is not None:
        column = frame.columns[own.particle_column]
        # true and false say particle and support
        values = np.where(column, 0, -1) if column.dtype.kind == "b" else np.floor(column)
        return np.maximum(values, SUBSTRATE).astype(np.int16)
    if own.particle_elements is not None:
        of = np.isin(frame.numbers, [number(symbol) for symbol in own.particle_elements])
        return np.where(of, 0, SUBSTRATE).astype(np.int16)
    return np.zeros(len(frame.numbers), np.int16)
