"""Campaign files that must be refused: by `hrtem plan all`, at once, in a sentence, with nothing written."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from hrtem_assets.cli import main

CAMPAIGNS = Path(__file__).parents[1] / "data" / "campaigns"

# a file of the folder, and what is said of it
FILES = {
    "key_dup.yaml": "line 5: 'seed' is given twice, first in line 4; remove one",
    "key_dup_deep.yaml": "line 4: 'cell_a' is given twice, first in line 4; remove one",
    "name_300.yaml": "... (300 characters) is longer than the 64 characters that a file name has room for; shorten it",
    "range_counts_astronomic.yaml": "(allowed: >= 1 and <= 1000000); change it in campaign",
    "type_counts_bool.yaml": "counts.train = True: must be a whole number, not a boolean",
    "yaml_deep_map.yaml": "line 4: nested more than 50 levels deep",
    "yaml_merge_bomb.yaml": "more than 100,000 values, aliases (*) spelled out",
    "cif_long.yaml": "longer than a file's name may be",
}

ONE = "{radius_min_a: 6, radius_max_a: 9}"
CU = "{space_group: 225, a: 3.6, sites: [{element: Cu, position: [0, 0, 0]}]}"
AT = "{defocus_nm: 1, dose_e_per_a2: 1}"
# what stands below `extends: demo` and `name: bad`, and what is said of it
TEXTS = {
    f"lattices: {{A: {CU}}}\nlattices: {{B: {CU}}}": "line 4: 'lattices' is given twice, first in line 3",
    "counts: {train: yes}": "counts.train = 'yes': must be a whole number, not text",
    "counts: {train: '5'}": "counts.train = '5': must be a whole number, not text; write it without quotes",
    "counts: {train: 1_000}": "counts.train = '1_000': must be a whole number, not text; write it without",
    "counts: {train: 1e3}": "counts.train = 1000.0: must be a whole number, not a decimal number; write 1000",
    "seed: 1:30": "seed = '1:30': must be a whole number, not text",
    "optics: {focal_spread_a: true}": "optics.focal_spread_a = True: must be a number, not a boolean",
    "optics: {focal_spread_a: 10 Å}": "optics.focal_spread_a = '10 Å': must be a number, not text",
    "storage: {keep_vacuum_waves: no}": "storage.keep_vacuum_waves = 'no': must be true or false, not text",
    "storage: {keep_vacuum_waves: 0}": "storage.keep_vacuum_waves = 0: must be true or false, not a number",
    "description: 225": "description = 225: must be text, not a number; write it in quotes",
    "counts: 5": "counts = 5: must be a mapping, not a number",
    "conditions: {a: 1}": "conditions: must be a list, not a mapping",
    "counts: {train: 1, tain: 2}": "counts.tain: is not a known field; remove it, or correct its spelling",
    "counts: {train: " + "9" * 99 + "}": "counts.train = a number of about 100 digits",
    'schedule: {cron: "0 22 31 2 *"}': "never occurs: day 31 is in no month of '2'",
    'schedule: {cron: "0 0 30-31 2 *"}': "never occurs: day 30-31",
    'schedule: {cron: "0 0 31 2,4,6,9,11 *"}': "never occurs",
    'schedule: {cron: "0 0"}': "2 fields instead of 5",
    'schedule: {cron: "61 0 * * *"}': "minute '61' must be",
    "schedule: {cron: 5}": "schedule.cron = 5: must be text, not a number; write it in quotes",
    f"lattices: {{cu: {CU}}}": "lattices: the names Cu and cu differ only in upper and lower case",
    f"sizes: {{Small: {ONE}}}": "sizes: the names small and Small differ only in upper and lower case",
    f"series: {{Dose_series: {{specimens: [Cu-small], conditions: [{AT}]}}}}": "dose_series and Dose_series differ",
    f"sizes: {{CON: {ONE}}}": "size name 'CON' is a device on Windows",
    f"sizes: {{nul.x: {ONE}}}": "size name 'nul.x' is a device on Windows",
    f"sizes: {{a..b: {ONE}}}": "size name 'a..b' must not end with '.'",
    f"sizes: {{a.: {ONE}}}": "size name 'a.' must not end with '.'",
    f"sizes: {{b-c: {ONE}}}": "size name 'b-c' must start with a letter or digit and hold only letters",
    f"sizes: {{. : {ONE}}}": "size name '.' must start with a letter or digit",
    f"series: {{images: {{specimens: [Cu-small], conditions: [{AT}]}}}}": "becomes a job of its name, and the jobs",
    f"series: {{a.b: {{specimens: [Cu-small], conditions: [{AT}]}}}}": "letters, digits and '_' only; write a_b",
    f"series: {{class: {{specimens: [Cu-small], conditions: [{AT}]}}}}": "this word is reserved; write class_series",
    f"conditions+: [{AT}, {AT}]": "conditions: ['df+01nm_001e'] appear twice; remove the repeats",
    "conditions+: [{defocus_nm: -10.0000001, dose_e_per_a2: 400}]": "conditions: ['df-10nm_400e'] appear twice",
    "conditions+: [{defocus_nm: 1e-7, dose_e_per_a2: 400}]": "defocus_nm = 1e-07 is less than a",
    f"conditions: [{AT}]\nconditions+: [{AT}]": "conditions+ appends to the list that conditions replaces",
    "series: {dose_series: {specimens: [Cu-small, Cu-small]}}": "specimens: ['Cu-small'] appear twice",
    "lattices: {X: {cif: 5}}": "cif = '5' must be the name of a file",
    "lattices: {X: {cif: [a]}}": "must be the name of a file",
    "name: ''": "name = ''",
    "placement: {max_attempts: yes}": "must be a whole number, not text",
}


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """A function that gives what `hrtem plan all` says of a campaign file that it must refuse."""

    def plan(path: Path) -> str:
        monkeypatch.setenv("HRTEM_DATA", str(tmp_path / "data"))
        monkeypatch.setenv("HRTEM_CAMPAIGN", str(path))
        began = time.process_time()
        result = CliRunner().invoke(main, ["plan", "all"])
        assert time.process_time() - began < 5
        assert isinstance(result.exception, SystemExit) and result.exit_code == 1, result.output
        assert not (tmp_path / "data").exists()
        assert str(path) in result.output
        return result.output

    return plan


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_refused_at_once_and_nothing_is_written(refused, name):
    assert FILES[name] in refused(CAMPAIGNS / name)


@pytest.mark.parametrize("text", TEXTS)
def test_a_setting_is_refused_in_a_sentence(refused, tmp_path, text):
    path = tmp_path / "bad.yaml"
    path.write_text(f"extends: demo\n{'# ' if text.startswith('name:') else ''}name: bad\n{text}\n", "utf-8")
    assert TEXTS[text] in refused(path)


@pytest.mark.parametrize("count", [20_000, 100_000])
def test_endless_conditions_are_refused(refused, tmp_path, count):
    path = tmp_path / "bad.yaml"
    path.write_text("extends: demo\nconditions:\n" + f"- {AT}\n" * count)
    said = refused(path)
    assert "more than 100,000 values" in said or "at most 1,000,000 are read" in said


def test_a_grid_beyond_what_dagster_advises_is_refused(refused, tmp_path):
    path = tmp_path / "bad.yaml"
    rows = "".join(f"- {{defocus_nm: {k / 10}, dose_e_per_a2: 1}}\n" for k in range(4000))
    path.write_text("extends: demo\nseries: null\nconditions:\n" + rows)
    assert "27 specimens under 4,000 conditions are 108,000 partitions, more than 100,000" in refused(path)


def test_a_long_chain_of_files_is_refused(refused, tmp_path):
    for k in range(30):
        (tmp_path / f"{k}.yaml").write_text(f"extends: {k + 1}.yaml" if k < 29 else "extends: demo")
    assert "more than 20 files; write several of them as one" in refused(tmp_path / "0.yaml")


@pytest.mark.parametrize("base", ["5", "[demo]", "{a: 1}", "true", "''", "none.yaml", "..", '"a\\tb"'])
def test_a_base_that_is_none_is_refused(refused, tmp_path, base):
    path = tmp_path / "bad.yaml"
    path.write_text(f"extends: {base}\n")
    assert "Error: " in refused(path)
