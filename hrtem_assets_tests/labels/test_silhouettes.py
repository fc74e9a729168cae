"""Instances, overlaps and thickness against the geometry of the particles."""

import numpy as np
import pytest

from hrtem_assets.labels.planes.particle_bits import particle_masks
from hrtem_assets.labels.silhouettes import instances, silhouettes
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.specimen.silhouette import projected_silhouette, projected_thickness
from hrtem_assets.specimen.structure import Particle, Structure
from hrtem_assets_tests.small import SPECIMEN, small_campaign

CELL_A, SAMPLING_A, SIDE = 64.0, 0.25, 256
NO_FILM = {"thickness_min_a": 0, "thickness_max_a": 0}


def ball(center, radius, spacing=2.0):
    """Atoms of a simple cubic sphere; those outside the cell are dropped, as in real structures."""
    n = int(radius / spacing) + 1
    grid = spacing * np.stack(np.meshgrid(*[np.arange(-n, n + 1)] * 3), axis=-1).reshape(-1, 3)
    atoms = grid[(grid**2).sum(axis=1) <= radius**2] + center
    return atoms[((atoms[:, :2] >= 0) & (atoms[:, :2] < CELL_A)).all(axis=1)]


def structure_of(*balls):
    """Spheres given as centre and radius."""
    atoms = [ball(np.array(center), radius) for center, radius in balls]
    particle = np.repeat(np.arange(len(balls)), [len(a) for a in atoms]).astype(np.int16)
    return Structure(
        np.concatenate(atoms).astype(np.float32),
        np.full(len(particle), 79, np.uint8),
        particle,
        tuple(Particle(center, radius, (0.0, 0.0, 0.0, 1.0)) for center, radius in balls),
        len(balls),
        0.0,
        CELL_A,
        1,
    )


def discs(structure):
    return [
        projected_silhouette(np.array([p.center_a]), np.array([p.radius_a]), CELL_A, SIDE)
        for p in structure.particles
    ]


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.mark.slow
def test_instances_of_a_thousand_particles_are_their_spheres():
    campaign = small_campaign(
        placement={"count_min": 5, "count_max": 5, "separation_a": 0},
        substrate=NO_FILM,
        simulation={"cell_a": 102.4, "sampling_a": 0.2, "output_sampling_a": 0.4},
    )
    specimen, n = campaign.specimen(SPECIMEN), campaign.simulation.output_grid
    overlaps = []
    for index in range(200):
        structure = build_structure(campaign, specimen, index)
        shapes = silhouettes(structure, 0.4, n)
        whole = [
            projected_silhouette(np.array([p.center_a]), np.array([p.radius_a]), 102.4, n)
            for p in structure.particles
        ]
        owner = instances(np.any(whole, axis=0), shapes, structure, 0.4)
        overlaps += [iou(owner == k + 1, disc) for k, disc in enumerate(whole) if disc.sum() > 200]
    assert len(overlaps) > 950
    # spheres do not overlap; atoms end somewhat inside them
    assert np.mean(overlaps) > 0.99
    assert np.min(overlaps) > 0.9


def test_where_particles_overlap_the_one_farthest_from_the_substrate_shows_and_the_bits_keep_both():
    structure = structure_of(((28.0, 32.0, 10.0), 10.0), ((38.0, 32.0, 20.0), 8.0))
    low, high = discs(structure)
    shapes = silhouettes(structure, SAMPLING_A, SIDE)
    owner = instances(low | high, shapes, structure, SAMPLING_A)
    # away from the outlines, which atoms fill in steps
    inner = projected_silhouette(np.array([(38.0, 32.0)]), np.array([6.0]), CELL_A, SIDE)
    assert (owner[inner] == 2).all()
    assert iou(owner == 1, low & ~high) > 0.85
    assert ((owner > 0) == (low | high)).all()
    covered = np.zeros((SIDE, SIDE), bool)
    covered[shapes[0].box] = shapes[0].covered
    # atoms 2 Å apart end inside the sphere
    assert iou(covered, low) > 0.85


def test_a_particle_of_wide_columns_has_no_holes():
    structure = structure_of(((32.0, 32.0, 12.0), 12.0))
    (shape,) = silhouettes(structure, SAMPLING_A, SIDE)
    covered = np.zeros((SIDE, SIDE), bool)
    covered[shape.box] = shape.covered
    (disc,) = discs(structure_of(((32.0, 32.0, 12.0), 10.0)))
    assert covered[disc].all()


def test_what_a_wave_carries_across_the_edge_is_nobodys():
    structure = structure_of(((2.0, 32.0, 10.0), 9.0), ((40.0, 32.0, 10.0), 9.0))
    mask = np.any(discs(structure), axis=0)
    mask[120:136, -2:] = True
    owner = instances(mask, silhouettes(structure, SAMPLING_A, SIDE), structure, SAMPLING_A)
    assert not owner[:, -2:].any()
    assert set(np.unique(owner)) == {0, 1, 2}


def test_a_particle_without_atoms_in_the_cell_has_no_pixel():
    structure = structure_of(((32.0, 32.0, 10.0), 9.0), ((-30.0, 32.0, 10.0), 9.0))
    shapes = silhouettes(structure, SAMPLING_A, SIDE)
    owner = instances(discs(structure)[0], shapes, structure, SAMPLING_A)
    assert (owner == discs(structure)[0]).all()
    nothing = instances(np.zeros((SIDE, SIDE), bool), shapes, structure, SAMPLING_A)
    assert not nothing.any()


def test_bits_become_one_mask_for_each_particle():
    bits = np.array([[0, 1], [1 | 1 << 40, 1 << 63]], np.uint64)
    masks = particle_masks(bits)
    assert masks.shape == (64, 2, 2)
    np.testing.assert_array_equal(np.argwhere(masks), [[0, 0, 1], [0, 1, 0], [40, 1, 0], [63, 1, 1]])
    assert particle_masks(np.zeros((3, 4), np.uint64)).shape == (0, 3, 4)


def test_thickness_of_spheres_is_their_chord_and_adds_up_to_their_volume():
    centers, radii = np.array([(20.0, 24.0, 9.0), (44.0, 40.0, 12.0)]), np.array([9.0, 12.0])
    thickness = projected_thickness(centers, radii, CELL_A, SIDE)
    assert thickness[96, 80] == 18
    assert thickness[96, 80 + 20] == pytest.approx(2 * np.sqrt(81 - 25))
    assert thickness.sum() * SAMPLING_A**2 == pytest.approx(4 / 3 * np.pi * (radii**3).sum(), rel=1e-3)
    together = projected_thickness(np.array([(32, 32), (32, 32)]), np.array([5.0, 7.0]), CELL_A, SIDE)
    assert together[128, 128] == 24
