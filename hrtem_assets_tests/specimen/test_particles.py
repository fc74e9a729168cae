"""Particles: orientation uniform over SO(3), crystals as recorded, stacking faults as crystallography has them."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.transform import Rotation

from hrtem_assets.campaign import Site, SizeClass, Specimen, load_campaign
from hrtem_assets.specimen import czone_compat as cz
from hrtem_assets.specimen.crystals import crystal_generator, most_atoms_in_sphere
from hrtem_assets.specimen.particles import (
    FAULT_SEPARATION,
    FAULT_TO_POLE,
    fault_planes,
    particle_volume,
    uniform_quaternion,
)
from hrtem_assets_tests.specimen.measures import bonds

PAPER = load_campaign("paper")
CDSE = PAPER.crystals["CdSe"]
BOND_A = 3.0  # between the first (2.64) and the second neighbours (4.28)


def specimen(lattice=CDSE, faults=2):
    return Specimen(
        key="x-y",
        lattice_name="x",
        size_name="y",
        lattice=lattice,
        size=SizeClass(radius_min_a=15, radius_max_a=25),
        max_stacking_faults=faults,
    )


def in_crystal_frame(particle, volume):
    """Atoms of a particle about its centre, turned back to the crystal's own axes."""
    volume.populate_atoms()
    turned = Rotation.from_quat(particle.quaternion).as_matrix()
    return (volume.atoms - particle.center_a) @ turned, volume.species.astype(int)


def stacking(positions, lattice):
    """Height of each cation layer (the lower plane of each bilayer) and its lateral site as a letter."""
    layers = np.unique(np.round(positions[:, 2], 2))
    bases = crystal_generator(lattice).voxel.bases[:2, :2]
    letters, reference = [], None
    for height in layers:
        layer = positions[np.abs(positions[:, 2] - height) < 0.05]
        site = np.linalg.inv(bases) @ layer[0, :2]
        reference = site if reference is None else reference
        first, second = np.mod(np.round(3 * (site - reference)).astype(int), 3).tolist()
        letters.append({(0, 0): "A", (1, 2): "B", (2, 1): "C"}[first, second])
    return layers, "".join(letters)


def cubic_layers(sequence):
    """Layers whose two neighbours differ; an I1 fault, ...ABABCBCB..., holds exactly one."""
    return [i for i in range(1, len(sequence) - 1) if sequence[i - 1] != sequence[i + 1]]


def assert_bonded_as_wurtzite(positions, numbers, radius_a):
    interior = np.linalg.norm(positions, axis=1) < radius_a - BOND_A
    neighbours = bonds(positions, BOND_A)
    for i in np.flatnonzero(interior):
        assert len(neighbours[i]) == 4
        lengths = np.linalg.norm(positions[neighbours[i]] - positions[i], axis=1)
        np.testing.assert_allclose(np.sort(lengths), [2.6282, 2.6282, 2.6282, 2.6426], atol=1e-3)
        assert np.all(numbers[neighbours[i]] != numbers[i])


def test_quaternions_are_unit_and_uniform_over_so3():
    rng = np.random.default_rng(11)
    quaternions = np.array([uniform_quaternion(rng) for _ in range(20_000)])
    np.testing.assert_allclose(np.linalg.norm(quaternions, axis=1), 1.0)
    rotations = Rotation.from_quat(quaternions)
    # Haar measure: angles of density (1 - cos w) / pi
    angles = stats.kstest(rotations.magnitude(), lambda w: (w - np.sin(w)) / np.pi)
    pvalues = [angles.pvalue]
    # each axis goes anywhere on the sphere
    for axis in np.eye(3):
        image = rotations.apply(axis)
        pvalues += [stats.kstest(image[:, i], stats.uniform(-1, 2).cdf).pvalue for i in range(3)]
    # ten tests at a fixed seed: none below 1 % / 10
    assert min(pvalues) > 0.001


def test_the_quaternion_takes_the_crystal_to_the_structure():
    rng = np.random.default_rng(2)
    center = np.array([30.0, 20.0, 50.0])
    particle, volume = particle_volume(specimen(faults=0), 15.0, center, rng)
    positions, numbers = in_crystal_frame(particle, volume)
    assert np.linalg.norm(positions, axis=1).max() <= 15.0 + 1e-4
    bases = crystal_generator(CDSE).voxel.bases
    for number in (48, 34):
        # all atoms of one kind lie on two lattices, half a cell apart along c
        fractional = positions[numbers == number] @ np.linalg.inv(bases).T
        residue = np.mod(3 * (fractional[:, :2] - fractional[0, :2]) + 0.5, 1.0) - 0.5
        np.testing.assert_allclose(residue, 0.0, atol=1e-6)
        heights = np.mod(2 * (fractional[:, 2] - fractional[0, 2]) + 0.5, 1.0) - 0.5
        np.testing.assert_allclose(heights, 0.0, atol=1e-6)


def test_the_centre_of_the_sphere_is_anywhere_in_the_unit_cell():
    """Particles of one radius differ in their number of atoms, which is right on average."""
    rng = np.random.default_rng(3)
    held = []
    for _ in range(60):
        _, volume = particle_volume(specimen(faults=0), 12.0, np.zeros(3), rng)
        volume.populate_atoms()
        held.append(len(volume.atoms))
    expected = 4 / 3 * np.pi * 12.0**3 * 4 / crystal_generator(CDSE).lattice.volume
    assert len(set(held)) > 10
    assert abs(np.mean(held) - expected) < 4 * np.std(held) / np.sqrt(len(held))


@pytest.mark.parametrize(
    "planes", [(), (0,), (1,), (-2, 1), (-2, 2), (-1, 2), (-1, 3), (-3, 0, 3), (-2, 1, 4)]
)
@pytest.mark.parametrize("shift", [(0.0, 0.0, 0.0), (0.4, 0.7, 0.9)])
def test_faults_of_either_parity_keep_every_bond_and_hold_one_cubic_layer_each(planes, shift):
    radius, generator = 21.0, crystal_generator(CDSE)
    center = generator.voxel.bases @ np.array(shift)
    volume = cz.Volume(alg_objects=[cz.Sphere(radius=radius, center=center)], generator=generator)
    if planes:
        volume = cz.wurtzite_faults(volume, generator, list(planes))
    volume.populate_atoms()
    positions, numbers = volume.atoms - center, volume.species.astype(int)
    assert_bonded_as_wurtzite(positions, numbers, radius)
    heights, sequence = stacking(positions[numbers == 48], CDSE)
    cubic = cubic_layers(sequence)
    assert len(cubic) == len(planes)
    # the cubic layer is the one on the plane, where the shifted crystal ends
    np.testing.assert_allclose(heights[cubic] + center[2], np.array(planes) * CDSE.cell[2] / 2, atol=0.01)


def test_one_fault_is_stacked_ababcbcb():
    generator = crystal_generator(CDSE)
    volume = cz.Volume(alg_objects=[cz.Sphere(radius=15.0, center=np.zeros(3))], generator=generator)
    volume = cz.wurtzite_faults(volume, generator, [0])
    volume.populate_atoms()
    _, sequence = stacking(volume.atoms[volume.species == 48], CDSE)
    (cubic,) = cubic_layers(sequence)
    around = sequence[cubic - 3 : cubic + 5]
    names = dict(zip(dict.fromkeys(around), "ABC", strict=True))
    assert "".join(names[letter] for letter in around) == "ABABCBCB"


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    radius=st.floats(6.0, 25.0),
    low=st.floats(0.0, 1.0),
    anion_first=st.booleans(),
    upside_down=st.booleans(),
)
def test_any_faulted_particle_is_bonded_as_wurtzite_and_records_its_faults(
    seed, radius, low, anion_first, upside_down
):
    """Whichever site is listed first, wherever the origin, whichever way the axis points."""
    names = ("Se", "Cd") if anion_first else ("Cd", "Se")
    rise = -0.3767 if upside_down else 0.3767
    sites = tuple(
        Site(element=e, position=(1 / 3, 2 / 3, low + z)) for e, z in zip(names, (0, rise), strict=True)
    )
    lattice = CDSE.model_copy(update={"sites": sites})
    particle, volume = particle_volume(
        specimen(lattice), radius, np.array([1.0, 2.0, 3.0]), np.random.default_rng(seed)
    )
    positions, numbers = in_crystal_frame(particle, volume)
    assert_bonded_as_wurtzite(positions, numbers, radius)
    assert len(positions) <= most_atoms_in_sphere(lattice, radius, faults=2)
    lower = {"Cd": 48, "Se": 34}[names[1] if upside_down else names[0]]
    heights, sequence = stacking(positions[numbers == lower], lattice)
    cubic = cubic_layers(sequence)
    assert len(cubic) == len(particle.fault_planes_a)
    np.testing.assert_allclose(heights[cubic], particle.fault_planes_a, atol=0.01)


@given(
    wanted=st.integers(0, 10),
    radius=st.floats(0.5, 20.0),
    center=st.floats(0.0, 2.0),
    seed=st.integers(0, 2**32),
)
def test_fault_planes_keep_their_distances_and_fall_short_only_when_they_must(wanted, radius, center, seed):
    planes = fault_planes(wanted, radius, center, np.random.default_rng(seed))
    assert all(b - a >= FAULT_SEPARATION for a, b in itertools.pairwise(planes))
    assert all(abs(p - center) <= radius - FAULT_TO_POLE + 1e-9 for p in planes)
    if len(planes) < wanted:
        candidates = [
            p
            for p in range(-40, 41)
            if center - radius + FAULT_TO_POLE <= p <= center + radius - FAULT_TO_POLE
        ]
        most = len(candidates[::FAULT_SEPARATION])
        assert len(planes) == most


def test_every_valid_choice_of_two_planes_is_equally_likely():
    rng = np.random.default_rng(8)
    counts: dict[tuple[int, ...], int] = {}
    for _ in range(6000):
        planes = fault_planes(2, 6.0, 0.0, rng)
        counts[planes] = counts.get(planes, 0) + 1
    valid = [(a, b) for a in range(-4, 5) for b in range(a + FAULT_SEPARATION, 5)]
    assert sorted(counts) == valid
    assert stats.chisquare([counts[v] for v in valid]).pvalue > 0.001


@settings(deadline=None)
@given(radius=st.floats(15.0, 25.0), center=st.floats(0.0, 2.0), seed=st.integers(0, 2**32))
def test_two_faults_fit_every_medium_cdse_particle(radius, center, seed):
    half_c = CDSE.cell[2] / 2
    assert len(fault_planes(2, radius / half_c, center, np.random.default_rng(seed))) == 2


def test_faults_asked_for_are_uniform_from_none_to_the_most():
    rng = np.random.default_rng(4)
    made = [len(particle_volume(specimen(), 20.0, np.zeros(3), rng)[0].fault_planes_a) for _ in range(240)]
    assert stats.chisquare(np.bincount(made, minlength=3)).pvalue > 0.001


def test_a_generator_that_is_not_the_crystal_that_was_checked_is_refused_with_its_lattice():
    # pymatgen does not take 0.3333 for a third; loading puts such sites onto their special position
    inexact = tuple(s.model_copy(update={"position": (0.3333, 0.6667, s.position[2])}) for s in CDSE.sites)
    lattice = CDSE.model_copy(update={"sites": inexact})
    with pytest.raises(
        ValueError, match=r"^lattices\.x: Construction Zone puts 12 atoms .* P 63 m c puts 4;"
    ):
        particle_volume(specimen(lattice, faults=0), 10.0, np.zeros(3), np.random.default_rng(0))


@pytest.mark.parametrize("kernels", ["Prescott", "Nehalem", "Haswell", None])
def test_orientations_are_the_same_on_every_processor(kernels):
    program = (
        "import hashlib, numpy as np; from hrtem_assets.specimen.particles import uniform_quaternion as q;"
        "r = np.random.default_rng(0); a = np.array([q(r) for _ in range(1000)]);"
        "print(hashlib.blake2b(a.tobytes(), digest_size=8).hexdigest())"
    )
    # numpy's linear algebra chooses its kernels by the processor; each of these runs on every x86-64
    environment = {**os.environ, **({"OPENBLAS_CORETYPE": kernels} if kernels else {})}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "f1bec25149bbcc04"
