"""Views of atoms: where an atom lands, its colour, and the substrate."""

import numpy as np
import pytest

from hrtem_assets.figures import structure_views
from hrtem_assets.figures.atoms import ELEMENT_RGB

CELL_A = 64.0


def views(particle_atoms, numbers, substrate=True, thickness_a=20.0):
    rng = np.random.default_rng(0)
    atoms = rng.uniform(0, [CELL_A, CELL_A, thickness_a], (20_000 if substrate else 0, 3))
    return np.asarray(
        structure_views(
            np.concatenate([np.asarray(particle_atoms, float).reshape(-1, 3), atoms]),
            np.concatenate([numbers, np.full(len(atoms), 6)]).astype(np.uint8),
            np.concatenate([np.zeros(len(numbers)), np.full(len(atoms), -1)]).astype(np.int16),
            thickness_a,
            CELL_A,
        )
    ).astype(int)


def blob(center, n=3000, radius=3.0):
    return np.random.default_rng(1).normal(center, radius / 3, (n, 3))


def find(pixels, colour):
    return np.argwhere(np.abs(pixels - np.array(colour)).max(axis=-1) < 30)


def test_an_atom_lands_right_by_x_and_down_by_y_from_above():
    pixels = views(blob((48, 16, 40)), np.full(3000, 48))
    y, x = np.median(find(pixels[:512], ELEMENT_RGB[0]), axis=0) / 512 * CELL_A
    assert (x, y) == pytest.approx((48, 16), abs=0.5)


def test_an_atom_lands_right_by_x_and_up_by_z_from_the_side():
    """Two blobs 20 Å apart in z: the higher is drawn higher, by that distance."""
    low = views(blob((48, 16, 30)), np.full(3000, 48), substrate=False)
    high = views(np.concatenate([blob((48, 16, 30)), blob((48, 16, 50))]), np.full(6000, 48), substrate=False)
    # the legend's dot is not an atom
    side = [np.median(find(p[520:-50], ELEMENT_RGB[0]), axis=0) for p in (low, high)]
    assert side[0][1] / 512 * CELL_A == pytest.approx(48, abs=0.5)
    rows = find(high[520:-50], ELEMENT_RGB[0])[:, 0]
    upper, lower = rows[rows < rows.mean()], rows[rows > rows.mean()]
    assert (np.median(lower) - np.median(upper)) / 512 * CELL_A == pytest.approx(20, abs=0.7)


def test_the_substrate_lies_below_the_particles_in_the_side_view():
    pixels = views(blob((32, 32, 30)), np.full(3000, 48))
    side = pixels[520:-50]
    grey = (np.ptp(side, axis=-1) < 12) & (side.mean(axis=-1) < 235) & (side.mean(axis=-1) > 120)
    substrate_rows = np.flatnonzero(grey.mean(axis=1) > 0.9)
    assert substrate_rows.min() > find(side, ELEMENT_RGB[0])[:, 0].max() - 2
    assert np.ptp(substrate_rows) / 512 * CELL_A == pytest.approx(20, abs=1)


def test_the_heaviest_element_has_the_first_colour():
    pixels = views(np.concatenate([blob((16, 16, 40)), blob((48, 48, 40))]), np.repeat([34, 48], 3000))
    cadmium = np.median(find(pixels[:512], ELEMENT_RGB[0]), axis=0)
    selenium = np.median(find(pixels[:512], ELEMENT_RGB[1]), axis=0)
    assert (cadmium / 512 * CELL_A).round() == pytest.approx([48, 48])
    assert (selenium / 512 * CELL_A).round() == pytest.approx([16, 16])


def test_carbon_particles_differ_from_the_carbon_substrate():
    assert len(find(views(blob((32, 32, 30)), np.full(3000, 6))[:512], ELEMENT_RGB[0])) > 100


def test_a_substrate_without_particles_and_particles_without_a_substrate_can_be_drawn():
    assert views(np.empty((0, 3)), np.empty(0)).shape[1] == 512
    assert views(blob((32, 32, 30)), np.full(3000, 48), substrate=False).shape[1] == 512


def test_no_atoms_at_all_are_refused():
    with pytest.raises(ValueError, match="at least one atom"):
        views(np.empty((0, 3)), np.empty(0), substrate=False)
