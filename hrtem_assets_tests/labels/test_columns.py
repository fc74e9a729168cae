"""Columns of atoms on zone axes, and zone axes of turned crystals."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from hrtem_assets.campaign import load_campaign
from hrtem_assets.crystal.expansion import cell_vectors
from hrtem_assets.crystal.zone_axes import nearest_zone_axis
from hrtem_assets.labels.columns import column_map, column_spacing_a, columns, most_columns
from hrtem_assets.specimen.crystals import crystal_generator
from hrtem_assets.specimen.structure import SUBSTRATE, Particle, Structure

PAPER = load_campaign("paper")
COPPER, SELENIDE, MAGNETITE = (PAPER.crystals[name] for name in ("Cu", "CdSe", "Fe3O4"))
CELL_A, RADIUS_A = 60.0, 14.0


def seen_along(lattice, uvw, tilt_deg=0.0, spin_deg=0.0):
    """A quaternion that turns a direction of a crystal to z, and then away from it."""
    along = np.array(uvw) @ cell_vectors(lattice.cell)
    along /= np.linalg.norm(along)
    turn, _ = Rotation.align_vectors([[0, 0, 1]], [along])
    spin, tilt = (
        Rotation.from_euler(axis, angle, degrees=True) for axis, angle in (("z", spin_deg), ("x", tilt_deg))
    )
    return tuple((tilt * spin * turn).as_quat().tolist())


def sphere(lattice, quaternion):
    """A particle in the middle of the cell, on a few atoms of substrate."""
    generator, n = crystal_generator(lattice), 12
    cells = np.stack(np.meshgrid(*[np.arange(-n, n)] * 3), axis=-1).reshape(-1, 1, 3)
    atoms = ((cells + generator.coords) @ generator.voxel.sbases.T).reshape(-1, 3)
    numbers = np.tile(generator.species, len(cells))
    inside = (atoms**2).sum(axis=1) <= RADIUS_A**2
    center = np.array([30.0, 28.0, 20.0])
    placed = Rotation.from_quat(quaternion).apply(atoms[inside]) + center
    film = np.random.default_rng(0).random((50, 3)) * (CELL_A, CELL_A, 5)
    return Structure(
        np.concatenate([placed, film]).astype(np.float32),
        np.concatenate([numbers[inside], np.full(50, 6)]).astype(np.uint8),
        np.repeat([0, SUBSTRATE], [len(placed), 50]).astype(np.int16),
        (Particle(tuple(center.tolist()), RADIUS_A, quaternion),),
        1,
        5.0,
        CELL_A,
        1,
    )


@pytest.mark.parametrize("lattice", [COPPER, SELENIDE, MAGNETITE])
@pytest.mark.parametrize("uvw", [(0, 0, 1), (1, 1, 0), (1, 1, 1), (2, 1, 0)])
def test_the_nearest_zone_axis_is_that_which_the_crystal_was_turned_to(lattice, uvw):
    quaternion = seen_along(lattice, uvw, tilt_deg=0.7, spin_deg=33)
    axis, tilt_deg = nearest_zone_axis(lattice.cell, quaternion)
    assert axis == uvw
    assert tilt_deg == pytest.approx(0.7, abs=1e-6)


@pytest.mark.parametrize(
    ("lattice", "uvw"),
    [(COPPER, (0, 0, 1)), (COPPER, (1, 1, 0)), (SELENIDE, (0, 0, 1)), (MAGNETITE, (1, 1, 0))],
)
def test_columns_on_a_zone_axis_are_the_projected_atoms(lattice, uvw):
    structure = sphere(lattice, seen_along(lattice, uvw, spin_deg=20))
    found = columns(structure, [lattice])
    atoms = structure.positions_a[structure.particle == 0]
    assert found.atoms.sum() == len(atoms)
    distance_a, column = cKDTree(found.position_a).query(atoms[:, :2])
    # the oxygen of magnetite lies beside its ideal place
    assert distance_a.max() < (0.1 if lattice is MAGNETITE else 1e-3)
    np.testing.assert_array_equal(np.bincount(column), found.atoms)
    # the longest columns go through the whole sphere
    assert found.atoms.max() >= found.atoms[np.linalg.norm(found.position_a - (30, 28), axis=1) > 10].max()
    numbers = structure.numbers[structure.particle == 0]
    for k in range(len(found.atoms)):
        elements = set(numbers[column == k].tolist())
        assert found.number[k] == (elements.pop() if len(elements) == 1 else 0)
    assert len(found.atoms) < most_columns(RADIUS_A)


def test_copper_along_001_has_a_square_lattice_of_columns_half_a_cell_apart():
    a = COPPER.cell[0]
    found = columns(sphere(COPPER, seen_along(COPPER, (0, 0, 1))), [COPPER])
    nearest_a = cKDTree(found.position_a).query(found.position_a, k=2)[0][:, 1]
    np.testing.assert_allclose(nearest_a, a / 2, rtol=1e-4)
    assert column_spacing_a(COPPER, (0, 0, 1)) == pytest.approx(a / 2)
    assert column_spacing_a(COPPER, (1, 1, 1)) == pytest.approx(a / np.sqrt(6))


def test_columns_end_where_tilt_shifts_them_by_half_their_distance():
    limit = np.degrees(np.arctan(COPPER.cell[0] / 4 / (2 * RADIUS_A)))
    for tilt_deg, there in ((0.8 * limit, True), (1.05 * limit, False)):
        structure = sphere(COPPER, seen_along(COPPER, (0, 0, 1), tilt_deg))
        assert (len(columns(structure, [COPPER]).atoms) > 0) is there
    tilted = columns(sphere(COPPER, seen_along(COPPER, (0, 0, 1), 0.8 * limit)), [COPPER])
    assert len(tilted.atoms) == len(columns(sphere(COPPER, seen_along(COPPER, (0, 0, 1))), [COPPER]).atoms)


def test_a_turned_crystal_seen_along_nothing_has_no_columns():
    found = columns(sphere(COPPER, (0.2, 0.3, 0.4, np.sqrt(1 - 0.29))), [COPPER])
    assert found.position_a.shape == (0, 2)
    assert not column_map(found.position_a, 0.2, 64, 0.4).any()


def test_the_map_is_a_gaussian_of_height_one_at_each_column():
    heat = column_map(np.array([(6.0, 3.0), (0.1, 12.7)]), 0.2, 64, 0.5)
    y, x = np.mgrid[:64, :64] * 0.2
    spots = [np.exp(-((x - a) ** 2 + (y - b) ** 2) / 0.5) for a, b in ((6.0, 3.0), (0.1, 12.7))]
    np.testing.assert_allclose(heat, np.maximum(*spots), atol=4e-4)
    assert heat[15, 30] == 1
