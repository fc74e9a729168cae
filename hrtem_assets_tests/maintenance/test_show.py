"""Structures drawn and told before waves are spent on them, and what plans say of supports."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from hrtem_assets.campaign import load_campaign
from hrtem_assets.cli import main
from hrtem_assets.morphology.defects import DEFECTS
from hrtem_assets.morphology.orientations import ORIENTATIONS
from hrtem_assets.morphology.shapes import SHAPES
from hrtem_assets_tests.test_documents import text


@pytest.fixture
def environment(monkeypatch, tmp_path):
    monkeypatch.setenv("HRTEM_DATA", str(tmp_path))

    def run(campaign, *arguments):
        monkeypatch.setenv("HRTEM_CAMPAIGN", campaign)
        result = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_a_structure_is_drawn_from_three_sides_and_told_particle_by_particle(environment, tmp_path):
    output = environment("vincent2021", "show", "Pt-particle", "--structure", "2", "--size", "256")
    assert "support: CeO2, Z = 4, 7.216 g/cm³, shortest Ce-O 2.343 Å, seen along [1, 1, 0]" in output
    assert "it ends at an edge, with particles beside it" in output
    assert "wulff" in output and "vacancies_count" in output
    picture = Image.open(tmp_path / "pictures" / "Pt-particle-structure-2.png")
    assert picture.width > 3 * 256
    views = [np.asarray(picture)[:, k * 258 : k * 258 + 256] for k in range(3)]
    # each shows platinum in colour and ceria in grey
    for view in views:
        saturation = view.max(axis=2).astype(int) - view.min(axis=2)
        assert (saturation > 60).sum() > 100


def test_a_drawn_structure_is_where_it_is_asked_for(environment, tmp_path):
    environment("ragone2020", "show", "Au-particle", "--output", str(tmp_path / "mine" / "it.png"))
    assert (tmp_path / "mine" / "it.png").exists()


def test_plans_tell_supports_and_atoms_in_words_and_as_json(environment):
    output = environment("vincent2021", "plan", "Pt-particle")
    assert "19 periods in the cell, strained by 0.068 %" in output
    assert "Pt-particle" in output and "up to" in output
    told = json.loads(environment("vincent2021", "plan", "Pt-particle", "--json"))
    assert told["support"]["formula"] == "CeO2" and told["support"]["strain"] < 0.001
    assert told["lattices"]["Pt"]["formula_units"] == 4
    assert told["atoms_per_structure"]["Pt-particle"] > 10_000
    film = environment("sytwu2023_nitride", "plan", "Au-d02nm")
    assert "support: amorphous Si3 N4, 3.1 g/cm³, shortest 1.6 Å" in film


def test_the_page_of_particles_names_every_shape_defect_and_orientation_with_its_settings():
    page = text("docs/particles.md")
    for family in (SHAPES, DEFECTS, ORIENTATIONS):
        for name, member in family.items():
            row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
            for field in member.model_fields:
                if field not in ("shape", "defect", "orientation", "weight"):
                    assert f"`{field}`" in row, f"{name}: {field}"


@pytest.mark.parametrize(
    "name", ["madsen2018", "ragone2020", "vincent2021", "sytwu2023", "sytwu2023_nitride"]
)
def test_presets_of_published_sets_make_their_structures(name):
    from hrtem_assets.specimen.assembly import build_structure

    campaign = load_campaign(name)
    (series,) = campaign.series.values()
    # 20 nm particles on a film of a million atoms take seconds
    for key in [k for k in series.specimens if not k.endswith(("d10nm", "d20nm"))][:2]:
        small = campaign.model_copy(
            update={
                "substrate": campaign.substrate.model_copy(
                    update={"thickness_min_a": 4.0, "thickness_max_a": 4.0}
                )
            }
            if campaign.substrate.crystal is None and campaign.substrate.thickness_max_a
            else {}
        )
        structure = build_structure(small, small.specimen(key), 0)
        size = campaign.specimen(key).size
        for particle in structure.particles:
            assert size.radius_min_a <= particle.radius_a <= size.radius_max_a
