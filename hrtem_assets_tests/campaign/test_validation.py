"""Bad values: each is refused with its field, its value, what is allowed, and the repair."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hrtem_assets.campaign import CampaignError, Simulation, load_campaign

PAPER = load_campaign("paper")
CU = {"element": "Cu", "position": [0, 0, 0]}


def message(overrides):
    with pytest.raises(CampaignError) as caught:
        load_campaign("paper", overrides)
    return str(caught.value)


@pytest.mark.parametrize(
    ("overrides", "field", "value", "allowed"),
    [
        ({"counts": {"train": 0}}, "counts.train", "0", ">= 1"),
        ({"seed": -1}, "seed", "-1", ">= 0"),
        (
            {"simulation": {"beam_energy_kev": 5}},
            "simulation.beam_energy_kev",
            "5",
            ">= 10.0 and <= 3000.0 keV",
        ),
        ({"simulation": {"frozen_phonons": 0}}, "simulation.frozen_phonons", "0", ">= 1 and <= 1000"),
        (
            {"simulation": {"slice_thickness_a": 0}},
            "simulation.slice_thickness_a",
            "0",
            ">= 0.1 and <= 10.0 Å",
        ),
        ({"simulation": {"engine": "magic"}}, "simulation.engine", "'magic'", "'abtem'"),
        ({"optics": {"focal_spread_a": -1}}, "optics.focal_spread_a", "-1", ">= 0.0 and <= 1000.0 Å"),
        (
            {"optics": {"aberrations": {"c30_um": 1e9}}},
            "optics.aberrations.c30_um",
            "1000000000.0",
            "10000.0 µm",
        ),
        ({"labels": {"mask_cutoff": 1}}, "labels.mask_cutoff", "1", "> 0.0 and < 1.0"),
        ({"labels": {"mask_cutoff": float("nan")}}, "labels.mask_cutoff", "nan", "finite"),
        ({"substrate": {"min_distance_a": 9}}, "substrate.min_distance_a", "9", "> 0.5 and <= 3.0 Å"),
        ({"placement": {"count_min": 0}}, "placement.count_min", "0", ">= 1 and <= 100"),
        ({"placement": {"edge_rule": "shut"}}, "placement.edge_rule", "'shut'", "'open' or 'inside'"),
        ({"calibration": {"margin_a": -5}}, "calibration.margin_a", "-5", ">= 0.0 and <= 100.0 Å"),
        ({"lattices": {"Cu": {"a": 0.5}}}, "lattices.Cu.a", "0.5", "> 1.0 and < 100.0 Å"),
        ({"lattices": {"Cu": {"space_group": 231}}}, "lattices.Cu.space_group", "231", ">= 1 and <= 230"),
        ({"sizes": {"tiny": {"radius_min_a": 1}}}, "sizes.tiny.radius_min_a", "1", ">= 3.0 and <= 500.0 Å"),
        (
            {"conditions": [{"defocus_nm": 0, "dose_e_per_a2": 0}]},
            "conditions.0.dose_e_per_a2",
            "0",
            "> 0.0 and <= 100000.0 e/Å²",
        ),
    ],
)
def test_a_value_out_of_range_names_field_value_range_and_repair(overrides, field, value, allowed):
    text = message(overrides)
    assert f"{field} = {value}: " in text
    assert allowed in text
    assert "; change it in campaign 'paper'" in text


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (
            {"sizes": {"small": {"radius_min_a": 30}}},
            "radius_max_a = 20.0 is below radius_min_a = 30.0; exchange",
        ),
        (
            {"sizes": {"huge": {"radius_min_a": 50, "radius_max_a": 60}}},
            "sizes.huge.radius_max_a = 60.0 needs a cell of at least 130 Å",
        ),
        ({"placement": {"count_min": 9}}, "count_max = 5 is below count_min = 9; swap them"),
        ({"substrate": {"thickness_min_a": 90}}, "thickness_max_a = 80.0 is below thickness_min_a = 90.0"),
        ({"substrate": {"min_distance_a": 1.7}}, "fills 0.28 of the volume"),
        ({"simulation": {"cell_a": 127.9}}, "= 1279 pixels is not an even product of 2, 3, 5 and 7"),
        ({"simulation": {"cell_a": 128.03}}, "use cell_a = 128 or 129.6"),
        (
            {"simulation": {"output_sampling_a": 0.05}},
            "output_sampling_a = 0.05 is finer than sampling_a = 0.1",
        ),
        (
            {"calibration": {"fine_step_a": 1e-320}},
            "coarse_step_a = 1.0 must be a whole multiple of fine_step_a = 1e-320",
        ),
        (
            {"calibration": {"fine_step_a": 0.3}},
            "coarse_step_a = 1.0 must be a whole multiple of fine_step_a = 0.3",
        ),
        (
            {"max_stacking_faults": {"Fe-small": 1}},
            "max_stacking_faults.Fe-small = 1: defect stacking_faults rearranges close-packed layers",
        ),
        (
            {"max_stacking_faults": {"CdSe-small": 11}},
            "max_stacking_faults.CdSe-small = 11 must be between 0 and 10",
        ),
        (
            {"max_stacking_faults": {"CdSe": 1}},
            "max_stacking_faults.CdSe: no such specimen; known: ZnS-small",
        ),
        ({"conditions+": [{"defocus_nm": 0, "dose_e_per_a2": 400}]}, "['df+00nm_400e'] appear twice; remove"),
        (
            {
                "series": {
                    "s": {"specimens": ["Cu-small"], "conditions": [{"defocus_nm": 1, "dose_e_per_a2": 1}]}
                }
            },
            "series.s: ['df+01nm_001e'] are not in conditions; add them there",
        ),
        (
            {"lattices": {"X": {"space_group": 225, "a": 4, "c": 5, "sites": [CU]}}},
            "225 is cubic: c must be a = 4 Å, not 5: correct it",
        ),
        (
            {"lattices": {"X": {"space_group": 186, "a": 4, "c": 5, "gamma": 90, "sites": [CU]}}},
            "186 is hexagonal: gamma must be 120°, not 90: correct it",
        ),
        (
            {"lattices": {"bad/name": {"space_group": 225, "a": 4, "sites": [CU]}}},
            "lattice name 'bad/name' must start",
        ),
        (
            {
                "lattices": {"X": {"space_group": 225, "a": 4, "sites": [CU]}},
                "simulation": {"thermal_profile": "room_temperature"},
            },
            "needs lattices.X.rms_displacement_a for ['Cu']; add them",
        ),
        (
            {"lattices": {"Cu": {"rms_displacement_a": {"Cu": 2}}}},
            "rms_displacement_a.Cu = 2.0 must be between 0 and 1",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused_with_the_repair(overrides, says):
    assert says in message(overrides)


def test_an_unknown_element_is_the_only_complaint_about_its_lattice():
    bad = {"space_group": 225, "a": 4, "sites": [{"element": "Xx", "position": [0, 0, 0]}]}
    text = message({"lattices": {"X": bad}})
    assert "lattices.X.sites.0: element 'Xx' is not a chemical symbol from H (1) to Lr (103)" in text
    assert len(text.splitlines()) == 2


def test_every_bad_value_is_named_at_once():
    text = message({"seed": -1, "counts": {"train": 0}, "optics": {"focal_spread_a": -1}})
    assert [line.split(" = ")[0] for line in text.splitlines()[1:]] == [
        "seed",
        "counts.train",
        "optics.focal_spread_a",
    ]


@pytest.mark.parametrize("place", [{}, {"simulation": {}}, {"optics": {"aberrations": {}}}, {"counts": {}}])
def test_unknown_fields_are_refused_everywhere(place):
    inner = place
    while inner:
        inner = next(iter(inner.values()))
    inner["defocuss"] = 1
    text = message(place)
    assert "defocuss: is not a known field; remove it, or correct its spelling, in campaign 'paper'" in text


def test_a_missing_field_is_asked_for():
    assert "sizes: is required; add it in campaign 'paper'" in message({"sizes": None})


@pytest.mark.parametrize("model", [PAPER, PAPER.simulation, PAPER.lattices["Cu"], PAPER.conditions[0]])
def test_settings_cannot_be_changed_after_loading(model):
    field = next(iter(type(model).model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(model, field, getattr(model, field))


@given(st.floats(16, 400), st.sampled_from([(0.1, 0.2), (0.1, 0.1), (0.05, 0.2), (0.1, 0.3), (0.08, 0.2)]))
def test_the_cell_that_an_error_proposes_is_accepted(cell_a, samplings_a):
    settings = dict(zip(("sampling_a", "output_sampling_a"), samplings_a, strict=True))
    try:
        Simulation(cell_a=cell_a, **settings)
    except ValidationError as error:
        proposals = re.search(r"use cell_a = ([0-9.]+)(?: or ([0-9.]+))?", str(error))
        assert proposals is not None
        for proposal in filter(None, proposals.groups()):
            if float(proposal) >= 16:
                Simulation(cell_a=float(proposal), **settings)


def test_a_campaign_survives_a_round_trip_through_plain_data():
    assert type(PAPER).model_validate(PAPER.model_dump(mode="json")) == PAPER
