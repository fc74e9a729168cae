"""The plotted growth is that of the sizes it names, and a picture comes of it."""

import json

import pytest
from PIL import Image

from benchmarks import growth
from benchmarks.case_a import case_a

pytestmark = pytest.mark.slow

PIXEL_A = 0.2


@pytest.fixture
def small(monkeypatch):
    axes = {
        "atoms": ((0.25, 0.5), lambda part: case_a(1, 4, PIXEL_A, part)),
        "grid": ((PIXEL_A, 0.16), lambda sampling_a: case_a(1, 2, sampling_a)),
        "slices": ((2, 4), lambda slices: case_a(1, slices, PIXEL_A)),
        "phonons": ((1, 2), lambda phonons: case_a(phonons, 2, PIXEL_A)),
    }
    monkeypatch.setattr(growth, "AXES", axes)


def test_every_axis_has_its_sizes_and_a_cost_for_each(small):
    found = {axis: growth.measure_axis(axis, "fused fast", repeats=2) for axis in growth.AXES}
    assert [p["grid"] for p in found["grid"]] == [640, 800]
    assert [p["slices"] for p in found["slices"]] == [2, 4]
    assert [p["phonons"] for p in found["phonons"]] == [1, 2]
    quarter, half = (p["atoms"] for p in found["atoms"])
    assert half == pytest.approx(2 * quarter, abs=1)
    assert all(p["cpu_s"] > 0 for points in found.values() for p in points)


def test_its_figures_can_be_drawn_when_they_come_from_a_file(tmp_path):
    points = {
        axis: {engine: [{axis: size, "cpu_s": 1.5 * size} for size in (1, 2, 4)] for engine in growth.ENGINES}
        for axis in growth.AXES
    }
    workers = [{"workers": n, "structures_per_hour": 250.0 * n} for n in (1, 2)]
    path = tmp_path / "growth.png"
    growth.draw_growth(json.loads(json.dumps(points | {"workers": workers})), path)
    with Image.open(path) as picture:
        assert picture.width > 1000
