"""Slabs of crystal in a square periodic cell: fit, strain, planes and atoms."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from hrtem_assets.crystal.slabs import fit_slab, planes, slab_atoms
from hrtem_assets_tests.morphology.made import crystal

HERE = np.zeros(2)


@given(
    cell_a=st.floats(40, 80),
    zone=st.sampled_from([(0, 0, 1), (1, 1, 0), (1, 1, 1), (1, 1, 2)]),
    name=st.sampled_from(["CeO2", "Au", "C"]),
    shift=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
@settings(max_examples=30, deadline=None)
def test_a_slab_that_fits_is_periodic_dense_and_strained_within_what_is_allowed(cell_a, zone, name, shift):
    of = crystal(name)
    assume(name != "C" or zone == (0, 0, 1))
    try:
        fit = fit_slab(of, zone, cell_a, 0.02, None, is_open=False)
    except ValueError as error:
        assert "does not hold whole periods" in str(error)
        return
    stack = planes(of, zone)
    count = 2 * len(stack.heights_a)
    positions, _ = slab_atoms(fit, zone, cell_a, count, 0, np.array(shift))
    assert fit.strain <= 0.02
    # as many atoms as the strained crystal has
    per_a2 = of.atoms_per_a3 * stack.period_a / len(stack.heights_a)
    assert len(positions) == pytest.approx(count * per_a2 * cell_a**2, rel=0.045)
    tree = cKDTree(positions, boxsize=(cell_a, cell_a, 0))
    nearest = tree.query(positions, k=2)[0][:, 1]
    assert nearest.min() == pytest.approx(of.shortest_a, rel=0.03)
    assert positions[:, 2].min() == 0


def test_planes_along_an_axis_are_those_of_the_crystal():
    ceria = planes(crystal("CeO2"), (1, 1, 1))
    assert ceria.formulas == ("Ce", "O", "O")
    assert ceria.period_a == pytest.approx(5.411 / np.sqrt(3))
    assert planes(crystal("CeO2"), (1, 1, 0)).formulas == ("CeO2",)
    graphite = planes(crystal("C"), (0, 0, 1))
    assert graphite.formulas == ("C2", "C2") and np.diff(graphite.heights_a)[0] == pytest.approx(6.7079 / 2)


def test_the_uppermost_plane_is_the_one_asked_for():
    of = crystal("CeO2")
    fit = fit_slab(of, (1, 1, 1), 100.0, 0.02, None, is_open=False)
    for top, element in enumerate(planes(of, (1, 1, 1)).formulas):
        positions, symbols = slab_atoms(fit, (1, 1, 1), 100.0, 7, top, HERE)
        highest = positions[:, 2] > positions[:, 2].max() - 0.3
        assert {s for s, high in zip(symbols, highest, strict=True) if high} == {element}


def test_graphene_is_a_honeycomb():
    of = crystal("C")
    fit = fit_slab(of, (0, 0, 1), 64.0, 0.02, None, is_open=False)
    positions, _ = slab_atoms(fit, (0, 0, 1), 64.0, 1, 0, HERE)
    tree = cKDTree(positions, boxsize=(64, 64, 0))
    assert set(tree.query_ball_point(positions, 1.6, return_length=True)) == {4}
    assert fit.strain == pytest.approx(0.00088, abs=1e-5)


def test_the_normal_of_an_edge_points_along_x_and_need_not_be_periodic():
    of = crystal("CeO2")
    fit = fit_slab(of, (1, 1, 0), 126.0, 0.02, (1, -1, 1), is_open=True)
    np.testing.assert_allclose(fit.rotation @ of.normal((1, -1, 1)), [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(fit.rotation @ of.direction((1, 1, 0)), [0, 0, 1], atol=1e-6)
    # strained along y alone: 19 periods of a sqrt(6) / 2
    assert fit.strain == pytest.approx(abs(126 / (19 * 5.411 * np.sqrt(6) / 2) - 1), abs=1e-6)


def test_cells_that_a_crystal_forces_are_named():
    with pytest.raises(
        ValueError, match=r"cell_a = 50 does not hold whole periods .* cells that do: (.*) Å; change"
    ) as told:
        fit_slab(crystal("CeO2"), (1, 1, 0), 50.0, 0.005, None, is_open=False)
    named = str(told.value).split("cells that do: ")[1].split(" Å")[0].split(", ")
    for side in named:
        assert fit_slab(crystal("CeO2"), (1, 1, 0), float(side), 0.005, None, is_open=False).strain <= 0.005


@pytest.mark.parametrize(
    ("zone", "edge", "words"),
    [
        ((0, 0, 0), None, r"zone_axis = \(0, 0, 0\) is no direction"),
        ((1, 1, 0), (1, 1, 1), r"edge_plane = \(1, 1, 1\) does not hold zone_axis"),
    ],
)
def test_axes_and_planes_that_cannot_be_are_refused(zone, edge, words):
    with pytest.raises(ValueError, match=words):
        fit_slab(crystal("CeO2"), zone, 128.0, 0.02, edge, is_open=edge is not None)
