"""Campaign files: extending, merging, the environment variable, and additions in YAML alone."""

from textwrap import dedent

import pytest

from hrtem_assets.campaign import CampaignError, campaign_from_environment, load_campaign, with_overrides

ROCK_SALT = """\
data_NaCl
_symmetry_space_group_name_H-M   'F m -3 m'
_symmetry_Int_Tables_number      225
_cell_length_a   5.64
_cell_length_b   5.64
_cell_length_c   5.64
_cell_angle_alpha   90
_cell_angle_beta    90
_cell_angle_gamma   90
loop_
 _atom_site_label
 _atom_site_type_symbol
 _atom_site_fract_x
 _atom_site_fract_y
 _atom_site_fract_z
 _atom_site_occupancy
 Na1 Na 0 0 0 1
 Cl1 Cl 0.5 0.5 0.5 OCCUPANCY
"""


@pytest.fixture
def write(tmp_path):
    def _write(text, name="my.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), "utf-8")
        return path

    return _write


def test_a_file_without_changes_equals_what_it_extends(write):
    assert load_campaign(write("extends: paper")) == load_campaign("paper")


def test_mappings_are_merged_and_the_rest_stays(write):
    campaign = load_campaign(write("{extends: paper, simulation: {frozen_phonons: 4}}"))
    assert campaign.simulation.frozen_phonons == 4
    assert campaign.simulation.model_copy(update={"frozen_phonons": 8}) == load_campaign("paper").simulation


def test_null_removes_an_entry(write):
    campaign = load_campaign(
        write("""\
        extends: paper
        lattices: {Si: null}
        series: {structure_series: null}
        """)
    )
    assert "Si" not in campaign.lattices
    assert len(campaign.specimens) == 24


def test_removing_a_lattice_that_a_series_uses_says_which_series(write):
    with pytest.raises(
        CampaignError, match=r"series.structure_series: unknown specimens \['Si-small', 'Si-large'\]"
    ):
        load_campaign(write("{extends: paper, lattices: {Si: null}}"))


def test_a_list_replaces_and_a_plus_appends(write):
    appended = load_campaign(
        write("""\
        extends: paper
        conditions+: [{defocus_nm: 40, dose_e_per_a2: 1000}]
        """)
    )
    assert len(appended.conditions) == 17
    assert appended.conditions[-1].key == "df+40nm_1000e"
    replaced = load_campaign(
        write("""\
        extends: paper
        conditions: [{defocus_nm: 40, dose_e_per_a2: 1000}]
        series: null
        """)
    )
    assert [c.key for c in replaced.conditions] == ["df+40nm_1000e"]


@pytest.mark.parametrize("value", ["5", "", "{defocus_nm: 1}"])
def test_appending_anything_but_a_list_is_refused(write, value):
    with pytest.raises(CampaignError, match=r"conditions\+ appends to a list"):
        load_campaign(write(f"extends: paper\nconditions+: {value}\n"))


def test_files_extend_files_relative_to_themselves(write, monkeypatch, tmp_path):
    write("{extends: paper, seed: 1, counts: {train: 7}}", "base/common.yaml")
    path = write("{extends: ../base/common.yaml, seed: 2}", "mine/my.yaml")
    monkeypatch.chdir(tmp_path.parent)
    campaign = load_campaign(path)
    assert (campaign.seed, campaign.counts.train, campaign.counts.validation) == (2, 7, 128)


def test_overrides_come_last(write):
    path = write("{extends: paper, seed: 1}")
    assert load_campaign(path, {"seed": 3, "counts": {"train": 5}}).counts.total == 133
    assert with_overrides(load_campaign(path), {"seed": 3}).seed == 3


@pytest.mark.parametrize("back", ["one.yaml", "./one.yaml", "../deep/one.yaml"])
def test_a_circle_is_refused_however_its_paths_are_written(write, back):
    path = write("extends: two.yaml", "deep/one.yaml")
    write(f"extends: {back}", "deep/two.yaml")
    with pytest.raises(
        CampaignError, match=r"in a circle: .*one.yaml -> .*two.yaml -> .*one.yaml; remove `extends`"
    ):
        load_campaign(path)


def test_the_environment_variable_names_a_preset_or_a_file(write, monkeypatch):
    monkeypatch.delenv("HRTEM_CAMPAIGN", raising=False)
    assert campaign_from_environment() == load_campaign("demo")
    monkeypatch.setenv("HRTEM_CAMPAIGN", "paper")
    assert campaign_from_environment().name == "paper"
    monkeypatch.setenv("HRTEM_CAMPAIGN", str(write("{extends: demo, name: mine}")))
    assert campaign_from_environment().name == "mine"


def test_a_file_that_is_not_there_is_answered_with_the_presets():
    with pytest.raises(
        CampaignError,
        match=r"neither a preset \(demo, paper, barrere2026, .*\) nor a file; set HRTEM_CAMPAIGN",
    ):
        load_campaign("papper")


@pytest.mark.parametrize(
    ("text", "says"), [("a: [", "not valid YAML"), ("- 1", "must be a mapping, .*, not a list")]
)
def test_what_is_not_a_mapping_in_yaml_is_refused(write, text, says):
    with pytest.raises(CampaignError, match=says):
        load_campaign(write(text))


def test_a_file_in_another_encoding_is_refused_rather_than_misread(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("{extends: paper, description: 5 Å}".encode("latin-1"))
    with pytest.raises(CampaignError, match=r"latin\.yaml': line 1: not valid YAML in UTF-8"):
        load_campaign(path)


def test_a_name_is_text_whatever_it_looks_like(write):
    names = ["225", "1e5", "no", "on", "null", "0400", "true"]
    campaign = load_campaign(
        write(
            "{extends: paper, sizes: {"
            + ", ".join(f"{n}: {{radius_min_a: 6, radius_max_a: 9}}" for n in names)
            + "}}"
        )
    )
    assert list(campaign.sizes)[3:] == names
    with pytest.raises(CampaignError, match="1: is not a known field"):
        load_campaign(write("{extends: paper, 1: 2}"))


def test_a_lattice_is_added_by_space_group_and_sites_in_yaml_alone(write):
    campaign = load_campaign(
        write("""\
        extends: paper
        lattices:
          Au: {space_group: 225, a: 4.0786, sites: [{element: Au, position: [0, 0, 0]}]}
        """)
    )
    assert {"Au-small", "Au-medium", "Au-large"} <= set(campaign.specimens)
    assert len(campaign.specimens) == 30
    assert campaign.specimen("Au-small").crystal.cell == (4.0786, 4.0786, 4.0786, 90, 90, 90)


def test_a_lattice_is_added_by_a_cif_beside_the_campaign_file(write, monkeypatch, tmp_path):
    write(ROCK_SALT.replace("OCCUPANCY", "1"), "cifs/NaCl.cif")
    path = write("{extends: paper, lattices: {NaCl: {cif: cifs/NaCl.cif, label_blur_a: 1.2}}}")
    monkeypatch.chdir(tmp_path.parent)
    lattice = load_campaign(path).crystals["NaCl"]
    assert lattice.elements == ("Cl", "Na")
    assert len(lattice.sites) == 8
    assert lattice.cell == pytest.approx((5.64, 5.64, 5.64, 90, 90, 90))
    assert (lattice.space_group, lattice.label_blur_a, lattice.source) == (1, 1.2, "NaCl.cif")


def test_a_cif_may_replace_a_shipped_lattice(write):
    write(ROCK_SALT.replace("OCCUPANCY", "1"), "Cu.cif")
    lattice = load_campaign(write("{extends: paper, lattices: {Cu: {cif: Cu.cif}}}")).crystals["Cu"]
    assert lattice.elements == ("Cl", "Na")


@pytest.mark.parametrize(
    ("lattice", "says"),
    [
        ("cif: none.cif", r"none.cif': no such file \(relative to the campaign file\)"),
        ("cif: half.cif", "has partly occupied sites; supply an ordered cell"),
        ("cif: broken.cif", "cannot be read as a crystal"),
        ("cif: whole.cif, a: 5", r"takes its cell and sites from there; remove \['a'\]"),
    ],
)
def test_a_cif_that_cannot_be_used_is_refused_with_the_reason(write, lattice, says):
    write(ROCK_SALT.replace("OCCUPANCY", "0.5"), "half.cif")
    write(ROCK_SALT.replace("OCCUPANCY", "1"), "whole.cif")
    write("nothing of the kind", "broken.cif")
    with pytest.raises(CampaignError, match=says):
        load_campaign(write(f"{{extends: paper, lattices: {{X: {{{lattice}}}}}}}"))


def test_one_of_several_structures_in_a_cif_is_named(write):
    both = ROCK_SALT.replace("OCCUPANCY", "1").replace("data_NaCl", "data_one")
    write(both + both.replace("data_one", "data_2"), "two.cif")
    for block in ("one", "2"):
        path = write(f"{{extends: paper, lattices: {{X: {{cif: two.cif, block: {block}}}}}}}")
        lattice = load_campaign(path).crystals["X"]
        assert lattice.elements == ("Cl", "Na")
        assert lattice.notes
    for text, says in (
        ("cif: two.cif", "holds 2 structures; name one with `block:` beside `cif:`, of one"),
        (
            "cif: two.cif, block: three",
            r"two.cif', block 'three': holds no structure in a data block 'three'",
        ),
    ):
        with pytest.raises(CampaignError, match=says):
            load_campaign(write(f"{{extends: paper, lattices: {{X: {{{text}}}}}}}"))


def test_a_cif_written_in_another_way_is_the_same_lattice_but_for_its_notes(write):
    write(ROCK_SALT.replace("OCCUPANCY", "1"), "salt.cif")
    write(
        ROCK_SALT.replace("OCCUPANCY", ".").replace("'F m -3 m'", "FM-3M").replace("0.5", "-.50"),
        "other/salt.cif",
    )
    one, other = (
        load_campaign(write(f"{{extends: paper, lattices: {{X: {{cif: {cif}}}}}}}")).crystals["X"]
        for cif in ("salt.cif", "other/salt.cif")
    )
    assert one.notes[0].startswith("symmetry F m -3 m, from ")
    assert len(other.notes) == 2
    assert one == other.model_copy(update={"notes": one.notes})


def test_a_size_is_added_in_yaml_alone(write):
    campaign = load_campaign(write("{extends: paper, sizes: {tiny: {radius_min_a: 5, radius_max_a: 8}}}"))
    assert len(campaign.specimens) == 36
    assert campaign.specimen("CdSe-tiny").size.radius_max_a == 8


def test_faults_are_switched_on_for_another_specimen_in_yaml_alone(write):
    campaign = load_campaign(write("{extends: paper, max_stacking_faults: {ZnS-large: 1}}"))
    assert campaign.specimen("ZnS-large").max_stacking_faults == 1
    assert campaign.specimen("CdSe-medium").max_stacking_faults == 2
