"""Silhouettes of particles."""

import numpy as np
import pytest

from hrtem_assets.specimen.silhouette import projected_silhouette


def test_rows_are_y_and_columns_are_x():
    image = projected_silhouette(np.array([[10.0, 40.0, 99.0]]), np.array([8.0]), 64.0, 320)
    rows, columns = np.nonzero(image)
    assert columns.mean() * 0.2 == pytest.approx(10.0, abs=0.01)
    assert rows.mean() * 0.2 == pytest.approx(40.0, abs=0.01)
    assert image.sum() * 0.2**2 == pytest.approx(np.pi * 64, rel=0.01)


def test_a_particle_on_the_corner_shows_a_quarter_and_none_of_it_wraps():
    image = projected_silhouette(np.array([[0.0, 0.0]]), np.array([10.0]), 64.0, 640)
    assert image.sum() * 0.01 == pytest.approx(np.pi * 100 / 4, rel=0.02)
    assert not image[320:].any()
    assert not image[:, 320:].any()


def test_particles_are_joined_and_none_gives_an_empty_image():
    centers, radii = np.array([[16.0, 16.0], [48.0, 48.0]]), np.array([5.0, 9.0])
    both = projected_silhouette(centers, radii, 64.0, 128)
    each = [projected_silhouette(centers[i : i + 1], radii[i : i + 1], 64.0, 128) for i in (0, 1)]
    np.testing.assert_array_equal(both, each[0] | each[1])
    assert not projected_silhouette(np.empty((0, 3)), np.empty(0), 64.0, 128).any()
