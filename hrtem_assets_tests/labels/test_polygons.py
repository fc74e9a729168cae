"""Polygons around masks."""

import numpy as np
import pytest

from hrtem_assets.labels.polygons import polygons


def area(polygon):
    x, y = polygon.T
    return 0.5 * np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])


def test_the_polygon_of_a_square_lies_around_its_pixels_but_for_their_corners():
    mask = np.zeros((20, 30), bool)
    mask[4:10, 7:19] = True
    (outline,) = polygons(mask)
    assert outline.min(axis=0).tolist() == [7, 4]
    assert outline.max(axis=0).tolist() == [19, 10]
    assert abs(area(outline)) == pytest.approx(6 * 12 - 4 / 8)
    np.testing.assert_array_equal(outline[0], outline[-1])


def test_polygons_of_a_disc_have_its_area_and_holes_have_their_own():
    y, x = np.mgrid[:128, :128]
    mask = (x - 60) ** 2 + (y - 64) ** 2 < 40**2
    hole = (x - 60) ** 2 + (y - 64) ** 2 < 10**2
    (outline,) = polygons(mask)
    assert abs(area(outline)) == pytest.approx(mask.sum(), rel=0.01)
    ring = polygons(mask & ~hole)
    assert len(ring) == 2
    assert abs(sum(map(area, ring))) == pytest.approx((mask & ~hole).sum(), rel=0.01)


def test_what_the_edge_of_the_image_cuts_is_closed_along_it_and_nothing_has_no_polygon():
    mask = np.zeros((16, 16), bool)
    assert polygons(mask) == []
    mask[:5, :] = True
    (outline,) = polygons(mask)
    assert outline.min(axis=0).tolist() == [0, 0]
    assert outline.max(axis=0).tolist() == [16, 5]
