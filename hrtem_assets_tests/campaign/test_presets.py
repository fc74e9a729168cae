"""The shipped presets hold the published campaign."""

import math

import pytest

from hrtem_assets.campaign import UnknownKeyError, load_campaign

PAPER = load_campaign("paper")
DEMO = load_campaign("demo")

# structure: space group, a, c, label blur, from table 2.1 of the source
PUBLISHED = {
    "ZnS": (186, 3.8227, 6.2607, 1.6),
    "CdSe": (186, 4.2985, 7.0152, 1.6),
    "Cu": (225, 3.6157, None, 1.6),
    "Ag": (225, 4.0782, None, 1.6),
    "C": (227, 3.5673, None, 1.0),
    "Si": (227, 5.430, None, 1.6),
    "Fe3O4": (227, 8.394, None, 1.6),
    "Co3O4": (227, 8.065, None, 1.0),
    "Fe": (229, 2.866, None, 1.0),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_lattice_has_its_published_cell_and_blur(name):
    lattice = PAPER.crystals[name]
    assert (lattice.space_group, lattice.a, lattice.c, lattice.label_blur_a) == PUBLISHED[name]
    assert lattice.gamma == (120 if lattice.space_group == 186 else 90)
    assert (lattice.alpha, lattice.beta) == (90, 90)


def test_there_are_the_nine_published_lattices_and_no_others():
    assert set(PAPER.lattices) == set(PUBLISHED)


@pytest.mark.parametrize(
    ("name", "elements"),
    [("ZnS", "S Zn"), ("CdSe", "Cd Se"), ("Fe3O4", "Fe O"), ("Co3O4", "Co O"), ("C", "C"), ("Fe", "Fe")],
)
def test_a_lattice_is_made_of_its_elements(name, elements):
    assert PAPER.crystals[name].elements == tuple(elements.split())


@pytest.mark.parametrize(("name", "u"), [("Fe3O4", 0.2549), ("Co3O4", 0.263)])
def test_spinels_stand_in_origin_choice_1(name, u):
    """Textbook coordinates belong to origin choice 2 and would put oxygen 0.116 Å from iron."""
    sites = [site.position for site in PAPER.crystals[name].sites]
    assert sites[:2] == [(0, 0, 0), (0.625, 0.625, 0.625)]
    assert sites[2] == pytest.approx([u + 1 / 8] * 3, abs=1e-9)


def test_only_the_wurtzite_lattices_can_carry_stacking_faults():
    assert {n for n, lattice in PAPER.crystals.items() if lattice.is_wurtzite} == {"ZnS", "CdSe"}


def test_radii_are_uniform_in_the_published_ranges():
    assert {n: (s.radius_min_a, s.radius_max_a) for n, s in PAPER.sizes.items()} == {
        "small": (10, 20),
        "medium": (15, 25),
        "large": (25, 35),
    }


def test_the_grid_has_27_specimens_and_16_conditions():
    assert len(PAPER.specimens) == 27
    assert len(PAPER.condition_by_key) == 16
    assert {"CdSe-medium", "ZnS-small", "Fe-large", "Fe3O4-medium"} <= set(PAPER.specimens)


def test_conditions_have_the_documented_keys():
    at_400 = [f"df{sign}{nm:02d}nm_400e" for sign in "-+" for nm in (5, 10, 15, 20, 25)]
    at_minus_10 = [f"df-10nm_{dose:03d}e" for dose in (30, 75, 150, 300, 600)]
    assert set(PAPER.condition_by_key) == {*at_400, "df+00nm_400e", *at_minus_10}


def test_only_medium_cdse_has_stacking_faults():
    faults = {k: s.max_stacking_faults for k, s in PAPER.specimens.items() if s.max_stacking_faults}
    assert faults == {"CdSe-medium": 2}


def test_the_three_series_select_what_was_published():
    defocus, dose, structure = (
        PAPER.series[n] for n in ("defocus_series", "dose_series", "structure_series")
    )
    assert defocus.specimens == dose.specimens == ("CdSe-medium",)
    assert [c.defocus_nm for c in defocus.conditions] == list(range(-25, 26, 5))
    assert {c.dose_e_per_a2 for c in defocus.conditions} == {400}
    assert [c.dose_e_per_a2 for c in dose.conditions] == [30, 75, 150, 300, 600]
    assert {c.defocus_nm for c in dose.conditions} == {-10}
    assert set(structure.specimens) == {f"{n}-{s}" for n in PUBLISHED for s in ("small", "large")}
    assert [c.key for c in structure.conditions] == ["df-10nm_300e"]


def test_simulation_and_optics_are_as_published():
    simulation, optics, labels = PAPER.simulation, PAPER.optics, PAPER.labels
    assert (simulation.beam_energy_kev, simulation.frozen_phonons) == (300, 8)
    assert (simulation.grid, simulation.output_grid) == (1280, 640)
    assert (optics.focal_spread_a, optics.defocus_jitter_nm) == (10, 1.5)
    assert labels.phase_threshold_rad == pytest.approx(math.pi / 16)
    assert (PAPER.substrate.thickness_min_a, PAPER.substrate.thickness_max_a) == (20, 80)
    placement = PAPER.placement
    assert (placement.count_min, placement.count_max, placement.separation_a) == (1, 5, 10)


def test_the_published_counts_are_512_and_128():
    assert (PAPER.counts.train, PAPER.counts.validation, PAPER.counts.total) == (512, 128, 640)


def test_the_demo_is_the_published_campaign_with_fewer_structures():
    """Structures made by the demo are the first ones of the full campaign."""
    own = {"name", "description", "counts"}
    assert DEMO.model_dump(exclude=own) == PAPER.model_dump(exclude=own)
    assert 2 <= DEMO.counts.total <= 5


@pytest.mark.parametrize(
    ("profile", "particles", "substrate"),
    [
        ("uniform_0p1", {"Cd": 0.1, "Se": 0.1}, 0.1),
        ("none", {"Cd": 0.0, "Se": 0.0}, 0.0),
        ("room_temperature", {"Cd": 0.135, "Se": 0.11}, 0.042),
    ],
)
def test_the_thermal_profile_decides_displacements(profile, particles, substrate):
    campaign = load_campaign("paper", {"simulation": {"thermal_profile": profile}})
    assert campaign.rms_displacements_a(campaign.specimen("CdSe-medium")) == particles
    assert campaign.substrate_rms_displacement_a == substrate


def test_unknown_specimens_and_conditions_are_answered_with_the_known_ones():
    with pytest.raises(
        UnknownKeyError, match=r"'CdSe-huge' is not in campaign 'paper'; known: ZnS-small, .*Fe-large"
    ):
        PAPER.specimen("CdSe-huge")
    with pytest.raises(UnknownKeyError, match=r"'df-10nm' is not in campaign 'paper'; known: df-25nm_400e, "):
        PAPER.condition("df-10nm")
