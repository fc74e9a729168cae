"""How particles lie: uniform, along zone axes, on a plane, grown on a crystal."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from hrtem_assets.morphology.orientation import DOWN, Surroundings
from hrtem_assets.morphology.orientations import ORIENTATIONS
from hrtem_assets_tests.morphology.made import crystal, rule

AROUND = Surroundings(DOWN)


def rotations(
    written: dict[str, Any], name: str = "Au", count: int = 400, around: Surroundings = AROUND
) -> np.ndarray:
    """Rotations of some particles."""
    chosen, rng, contact = ORIENTATIONS[written["orientation"]](**written), np.random.default_rng(1), None
    return np.array([chosen.rotation(crystal(name), contact, around, rng) for _ in range(count)])


@given(seed=st.integers(0, 2**31), name=st.sampled_from(sorted(ORIENTATIONS)))
@settings(max_examples=40, deadline=None)
def test_every_orientation_is_a_proper_rotation(seed, name):
    settings_of: dict[str, dict[str, Any]] = {
        "uniform": {},
        "zone_axes": {"axes": [(1, 1, 0), (0, 0, 1)], "tilt_deg": {"uniform": [0, 20]}},
        "resting": {"plane": (1, 1, 1), "tilt_deg": 3.0},
        "epitaxy": {"plane": (1, 1, 1), "direction": (1, -1, 0), "along": (1, -1, 0)},
    }
    around = Surroundings(DOWN, (crystal("CeO2"), np.eye(3)))
    chosen = ORIENTATIONS[name](orientation=name, **settings_of[name])
    turn = chosen.rotation(crystal("Au"), None, around, np.random.default_rng(seed))
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)


def test_uniform_orientations_show_every_direction_alike():
    turns = rotations({"orientation": "uniform"}, count=3000)
    assert kstest(turns[:, 2, 0], "uniform", args=(-1, 2)).pvalue > 1e-3
    angles = np.arccos((np.trace(turns, axis1=1, axis2=2) - 1) / 2)
    # the angle of a random rotation: density (1 - cos) / pi
    assert kstest(angles, lambda x: (x - np.sin(x)) / np.pi).pvalue > 1e-3


def test_zone_axes_stand_along_the_beam_within_their_tilt_and_spin_freely():
    turns = rotations({"orientation": "zone_axes", "axes": [(1, 1, 0)], "tilt_deg": {"uniform": [0, 2]}})
    axis = turns @ crystal("Au").direction((1, 1, 0))
    tilts = np.degrees(np.arccos(np.clip(axis[:, 2], -1, 1)))
    assert tilts.max() <= 2 and tilts.mean() == pytest.approx(1, abs=0.1)
    across = turns @ crystal("Au").direction((0, 0, 1))
    spins = np.arctan2(across[:, 1], across[:, 0])
    assert kstest(spins, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 1e-3


def test_a_fixed_spin_lays_the_chosen_direction_along_x():
    written = {"orientation": "zone_axes", "axes": [(1, 1, 0)], "x_axis": (0, 0, 1), "spin_deg": 30}
    along = rotations(written, count=3) @ crystal("Au").direction((0, 0, 1))
    expected = [np.cos(np.pi / 6), np.sin(np.pi / 6), 0]
    np.testing.assert_allclose(along, [expected] * 3, atol=1e-12)


def test_a_resting_plane_faces_the_support_also_beside_an_edge():
    for down in (DOWN, np.array([-1.0, 0, 0])):
        turns = rotations({"orientation": "resting", "plane": (1, 1, 1)}, count=5, around=Surroundings(down))
        np.testing.assert_allclose(turns @ crystal("Au").normal((1, 1, 1)), [down] * 5, atol=1e-12)


def test_epitaxy_lays_directions_of_both_crystals_along_each_other_in_both_senses():
    support, turned = crystal("CeO2"), rotations({"orientation": "uniform"}, count=1)[0]
    # the face of the support looks along the normal of its (111)
    normal = turned @ support.normal((1, 1, 1))
    around = Surroundings(-normal, (support, turned))
    turns = rotations(
        {"orientation": "epitaxy", "plane": (1, 1, 1), "direction": (1, -1, 0), "along": (1, -1, 0)},
        count=60,
        around=around,
    )
    np.testing.assert_allclose(turns @ crystal("Au").normal((1, 1, 1)), [-normal] * 60, atol=1e-12)
    cosines = turns @ crystal("Au").direction((1, -1, 0)) @ (turned @ support.direction((1, -1, 0)))
    np.testing.assert_allclose(np.abs(cosines), 1, atol=1e-12)
    assert 15 < np.count_nonzero(cosines > 0) < 45


@pytest.mark.parametrize(
    ("particle", "words"),
    [
        (
            {"orientation": {"orientation": "zone_axes", "axes": [(0, 0, 0)]}},
            r"axes.0 = \(0, 0, 0\) is no direction",
        ),
        (
            {"orientation": {"orientation": "zone_axes", "axes": [(1, 1, 0)], "x_axis": (1, 1, 0)}},
            "x_axis = .* lies along the beam",
        ),
        ({"orientation": {"orientation": "resting"}}, "orientation.plane is missing"),
        (
            {
                "orientation": {
                    "orientation": "epitaxy",
                    "plane": (1, 1, 1),
                    "direction": (1, 1, 0),
                    "along": (1, 1, 0),
                }
            },
            "does not lie in plane",
        ),
        (
            {
                "shapes": [
                    {
                        "shape": "wulff",
                        "facets": [{"plane": (1, 1, 1), "energy": 1}],
                        "interface": {"plane": (1, 1, 1), "energy": 0},
                    }
                ]
            },
            r"orientation uniform would turn the face that lies on the support away from it.*shapes.0 is wulff",
        ),
        (
            {
                "shapes": [
                    {
                        "shape": "wulff",
                        "facets": [{"plane": (1, 1, 1), "energy": 1}],
                        "interface": {"plane": (1, 0, 0), "energy": 0},
                    }
                ],
                "orientation": {
                    "orientation": "epitaxy",
                    "plane": (1, 1, 1),
                    "direction": (1, -1, 0),
                    "along": (1, 1, 0),
                },
            },
            "is not the face that the shape has for the support",
        ),
    ],
)
def test_orientations_that_cannot_be_are_refused_with_the_repair(particle, words):
    with pytest.raises(ValueError, match=words):
        rule("Au", particle)


def test_names_alone_and_four_indices_are_understood():
    plain = rule("CdSe", {"shapes": ["sphere"], "inside": ["amorphous"], "orientation": "uniform"})
    assert (plain.shapes[0].name, plain.inside[0].name, plain.orientation.name) == (
        "sphere",
        "amorphous",
        "uniform",
    )
    rod = {"shape": "rod", "axis": [0, 0, 0, 1], "sides": [[1, 0, -1, 0]]}
    four = rule(
        "CdSe",
        {
            "shapes": [rod],
            "orientation": {"orientation": "zone_axes", "axes": [[1, 1, -2, 0], [2, -1, -1, 0]]},
        },
    )
    assert four.orientation.axes == ((1, 1, 0), (1, 0, 0))  # type: ignore[attr-defined]
    assert four.shapes[0].sides == ((1, 0, 0),)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"\(1 0 1 0\) is no plane: .* h \+ k \+ i must be 0"):
        rule("CdSe", {"shapes": [rod | {"sides": [[1, 0, 1, 0]]}]})
