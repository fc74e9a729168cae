"""The `hrtem` command: what it refuses, and in which words."""

import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner

from hrtem_assets.cli import main
from hrtem_assets_tests.small import small_campaign_yaml


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No test of the command touches the project's own data."""
    monkeypatch.setenv("HRTEM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("HRTEM_CAMPAIGN", raising=False)
    monkeypatch.chdir(tmp_path)


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code != 0
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)
    return result.output


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that runs Dagster: in a process of its own, since both redirect the standard streams."""
    return subprocess.run(
        [sys.executable, "-m", "hrtem_assets", *arguments], capture_output=True, text=True, timeout=120
    )


def test_an_unknown_asset_is_refused_with_the_known_ones():
    words = refused("materialize", "waves", "--specimen", "CdSe-medium")
    assert "unknown assets waves" in words
    assert "exit_waves" in words


def test_an_unknown_specimen_is_refused_with_the_known_ones():
    words = refused("materialize", "structures", "--specimen", "CdSe-huge")
    assert "'CdSe-huge' is not in campaign 'demo'" in words
    assert "CdSe-medium" in words


def test_an_unknown_condition_is_refused_with_the_known_ones():
    words = refused("materialize", "micrographs", "--specimen", "CdSe-medium", "--condition", "df-99nm_400e")
    assert "'df-99nm_400e' is not in campaign 'demo'" in words
    assert "df-10nm_400e" in words


def test_a_bad_campaign_is_refused_with_field_value_range_and_repair(tmp_path, monkeypatch):
    campaign = tmp_path / "mine.yaml"
    campaign.write_text("extends: demo\nsimulation: {slice_thickness_a: 50}\n")
    monkeypatch.setenv("HRTEM_CAMPAIGN", str(campaign))
    words = refused("materialize", "structures", "--specimen", "CdSe-medium")
    assert "simulation.slice_thickness_a = 50" in words
    assert "<= 10.0 Å" in words
    assert "mine.yaml" in words


def test_missing_upstream_ends_the_command_with_the_command_that_makes_it():
    result = run("materialize", "labels", "--specimen", "CdSe-medium")
    assert result.returncode == 1
    assert "hrtem materialize structures --specimen CdSe-medium" in result.stderr.splitlines()[-1]


def test_the_ui_says_when_its_port_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"port {port} of 127.0.0.1 is in use" in refused("ui", "--port", port)


def test_history_is_kept_under_the_data_folder(tmp_path):
    run("materialize", "labels", "--specimen", "CdSe-medium")
    home = tmp_path / "data" / "dagster_home"
    assert (home / "dagster.yaml").read_text().startswith("# Copied to data/dagster_home")
    assert (home / "history").is_dir()


def test_the_series_are_listed_with_how_much_of_them_is_there():
    result = CliRunner().invoke(main, ["series"])
    assert result.exit_code == 0
    assert "dose_series: 0 of 14 partitions are there. CdSe medium at -10 nm" in result.output
    assert "structure_series: 0 of 108 partitions are there." in result.output


def test_an_unknown_series_is_refused_with_the_known_ones():
    assert "known: defocus_series, dose_series, structure_series" in refused("series", "tilt_series")


@pytest.mark.slow
def test_the_transfer_pairs_are_written_by_a_command(tmp_path):
    result = run("transfer-pairs")
    assert result.returncode == 0, result.stderr
    table = tmp_path / "data/assets/transfer_pairs/transfer_pairs.csv"
    assert str(table.parent) in result.stdout
    assert len(table.read_text().splitlines()) == 377


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- structures", "config.yaml': must be a mapping, lines such as 'name: value', not a list"),
        ("", "config.yaml': is empty"),
        ("structures: {count: 1, count: 2}", "line 1: 'count' is given twice"),
        ("structure: {count: 1}", "unknown asset 'structure'; known: structures"),
        ("structures: {cuont: 1}", "cuont: is not a known field"),
    ],
)
def test_a_run_configuration_that_cannot_be_followed_is_refused_before_a_run(tmp_path, text, words):
    (tmp_path / "config.yaml").write_text(text)
    said = refused("materialize", "structures", "--specimen", "Cu-small", "--config", "config.yaml")
    assert words in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", [".", "none.yaml", "a" * 300])
def test_a_run_configuration_that_is_no_file_is_refused(name):
    assert "Error: " in refused("materialize", "structures", "--specimen", "Cu-small", "--config", name)


@pytest.mark.slow
def test_several_specimens_are_made_one_after_another_and_each_once(tmp_path, monkeypatch):
    (tmp_path / "small.yaml").write_text(small_campaign_yaml())
    monkeypatch.setenv("HRTEM_CAMPAIGN", "small.yaml")
    twice = ("--specimen", "Cu-small", "--specimen", "Ag-small", "--specimen", "Cu-small")
    result = run("materialize", "structures", *twice)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("succeeded") == 2
    made = {path.name for path in (tmp_path / "data/assets/structures").iterdir()}
    assert made == {"Cu-small.zarr", "Ag-small.zarr"}


@pytest.mark.parametrize("name", ["what?", "per%20cent"])
def test_a_data_folder_whose_name_is_something_else_in_a_url_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setenv("HRTEM_DATA", str(tmp_path / name))
    words = refused("transfer-pairs")
    assert "(HRTEM_DATA) holds" in words and "URLs of Dagster's databases; name another folder" in words
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_data_folder_may_have_any_other_name(tmp_path, monkeypatch):
    odd = tmp_path / "a#b ä中'\"[x]{y}$z&;(~)*::100%\\"
    monkeypatch.setenv("HRTEM_DATA", str(odd))
    result = run("transfer-pairs")
    assert result.returncode == 0, result.stderr
    assert (odd / "assets/transfer_pairs/transfer_pairs.csv").is_file()
    assert list((odd / "dagster_home/history").rglob("*.db"))
    assert [path.name for path in tmp_path.iterdir()] == [odd.name]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("trace", "micrographs/../x", "--image", "0"),
            "partition key part '..' of 'micrographs' is refused",
        ),
        (("trace", "mic\nrographs", "--image", "0"), "unknown asset 'mic\\nrographs'"),
        (("trace", "micrographs/Cu-small/df-10nm_400e", "--image", "9" * 40), "has not been made"),
        (("trace", "structures/" + "a" * 5000, "--image", "0"), "File name too long|has not been made"),
        (("plan", "\t"), "is neither a series nor a specimen"),
        (("plan", "a" * 5000), "(5,000 characters) is neither a series nor a specimen"),
        (("materialize", "structures", "--specimen", "../x"), "specimen '../x' is not in campaign"),
        (("series", "no/such"), "series 'no/such' is not in campaign"),
        (("verify", "--specimen", "*"), "no finished store"),
    ],
)
def test_arguments_that_name_nothing_are_refused_in_a_sentence(arguments, words):
    said = refused(*arguments)
    assert any(part in said for part in words.split("|"))
