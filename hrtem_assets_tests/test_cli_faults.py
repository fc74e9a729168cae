"""What a machine does to the `hrtem` command: disks, folders, ports and users; each is a sentence, and no traceback."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from hrtem_assets.cli import main

MAKING = (
    ("materialize", "structures", "--specimen", "CdSe-medium"),
    ("series", "dose_series"),
    ("demo",),
    ("gallery",),
    ("transfer-pairs",),
    ("ui", "--port", "0"),
)
LOOKING = (("plan", "all"), ("verify",), ("series",))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("HRTEM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DAGSTER_HOME", "")
    for name in ("HRTEM_CAMPAIGN", "HRTEM_ASSETS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def read_only(tmp_path) -> Iterator[Path]:
    """A file system that cannot be written, as a medium that is protected or a disk with errors."""
    place = tmp_path / "read-only"
    place.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", str(place))
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a file system cannot be mounted here: needs root, or a user namespace")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def refused(*arguments: str) -> str:
    """The last line of a command that cannot go on."""
    if arguments[0] == "ui":
        arguments = ("ui", "--port", free_port())
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.output.splitlines()[-1]


@pytest.mark.parametrize("command", (*MAKING, *LOOKING), ids=lambda c: c[0])
@pytest.mark.parametrize("variable", ["HRTEM_DATA", "HRTEM_ASSETS"])
@pytest.mark.parametrize("below", ["", "below"])
def test_a_file_where_a_folder_should_be(tmp_path, monkeypatch, command, variable, below):
    file = tmp_path / "file"
    file.write_text("somebody's")
    monkeypatch.setenv(variable, str(file / below))
    words = refused(*command)
    assert f"({variable}) cannot be a folder: {file} is a file; move that, or name another" in words
    assert file.read_text() == "somebody's"


@pytest.mark.parametrize("command", MAKING, ids=lambda c: c[0])
@pytest.mark.parametrize("variable", ["HRTEM_DATA", "HRTEM_ASSETS", "DAGSTER_HOME"])
def test_a_read_only_folder(read_only, monkeypatch, command, variable):
    monkeypatch.setenv(variable, str(read_only / "mine"))
    words = refused(*command)
    assert f"({variable}) is read-only" in words
    assert f"{read_only / 'mine'}" in words
    assert f"make it writable, or name another folder in {variable}" in words


@pytest.mark.parametrize("command", LOOKING, ids=lambda c: c[0])
def test_a_read_only_folder_can_be_looked_at(read_only, monkeypatch, command):
    monkeypatch.setenv("HRTEM_DATA", str(read_only))
    result = CliRunner().invoke(main, command)
    assert "read-only" not in result.output.replace(str(read_only), "")
    assert not isinstance(result.exception, OSError)


def test_a_file_as_dagsters_home(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("somebody's")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "file"))
    words = refused(*MAKING[0])
    assert f"{tmp_path / 'file'} (DAGSTER_HOME) cannot be a folder" in words


def test_an_export_to_a_read_only_place(read_only, made):
    words = refused("export", "xyz", "--specimen", "CdSe-small", "--to", str(read_only / "out"))
    assert f"{read_only}/" in words
    assert "cannot be used: Read-only file system; check that it is there and yours to use" in words


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Structures of the small campaign."""
    from hrtem_assets.assets import ASSETS
    from hrtem_assets.execution.fill import fill
    from hrtem_assets.execution.settings import LocalCompute
    from hrtem_assets.store.layout import Layout
    from hrtem_assets_tests.small import SPECIMEN, small_campaign, small_campaign_yaml

    (tmp_path / "small.yaml").write_text(small_campaign_yaml(), "utf-8")
    monkeypatch.setenv("HRTEM_CAMPAIGN", str(tmp_path / "small.yaml"))
    fill(
        ASSETS["structures"],
        small_campaign(),
        SPECIMEN,
        (None,),
        Layout(tmp_path / "data"),
        count=None,
        compute=LocalCompute(workers=1),
        provenance={"run_id": "test", "package_version": "0", "overrides": {}},
        log=lambda line: None,
    )


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("setpriv") is None and os.geteuid() == 0, reason="permissions do not bind root here"
)
def test_a_folder_of_somebody_else(tmp_path):
    place = tmp_path / "theirs"
    place.mkdir(mode=0o500)
    # root without the right to pass over permissions
    bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"] if os.geteuid() == 0 else []
    result = subprocess.run(
        [*bound, sys.executable, "-m", "hrtem_assets", *MAKING[0]],
        env=os.environ | {"HRTEM_DATA": str(place)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    words = result.stderr.splitlines()[-1]
    assert f"{place}" in words
    assert "(HRTEM_DATA) may not be used by user" in words
    assert "change its owner or permissions, or name another folder in HRTEM_DATA" in words


@pytest.mark.slow
def test_a_locked_database_of_dagsters(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hrtem_assets", "materialize", "labels", "--specimen", "CdSe-medium"],
        capture_output=True,
        timeout=200,
    )
    (database,) = (tmp_path / "data" / "dagster_home").rglob("runs.db")
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        result = subprocess.run(
            [sys.executable, "-m", "hrtem_assets", *MAKING[0]], capture_output=True, text=True, timeout=280
        )
    finally:
        holder.close()
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "is locked by another process: end that, or wait for it" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("port", ["0", "-1", "65536", "99999", "http"])
def test_a_port_that_is_none(port):
    result = CliRunner().invoke(main, ["ui", "--port", port])
    assert result.exit_code == 2
    assert "--port" in result.output
    assert "65535" in result.output or "is not a valid" in result.output


@pytest.mark.parametrize(
    ("host", "words"),
    [("no-such-host.invalid", "is not known here"), ("203.0.113.7", "is not an address of this machine")],
)
def test_a_host_that_is_not_ours(host, words):
    result = CliRunner().invoke(main, ["ui", "--host", host, "--port", free_port()])
    assert result.exit_code == 1
    assert words in result.output


@pytest.mark.parametrize("workers", ["0", "-3", "abc", "1000000000"])
def test_a_count_of_workers_that_cannot_be_meant(monkeypatch, workers):
    for named in ("plan", "all"), ("verify",):
        result = CliRunner().invoke(main, [*named, "--workers", workers])
        assert result.exit_code == 2
        assert "--workers" in result.output
    monkeypatch.setenv("HRTEM_WORKERS", workers)
    for command in (*MAKING, *LOOKING):
        assert f"HRTEM_WORKERS = '{workers}' must be a number of worker processes, at least 1" in refused(
            *command
        )


def test_a_misspelt_variable_is_said_and_the_command_goes_on(monkeypatch):
    monkeypatch.setenv("HRTEM_WORKER", "2")
    result = CliRunner().invoke(main, ["series"])
    assert result.exit_code == 0
    line = "Warning: the variable HRTEM_WORKER is set, and nothing reads it: did you mean HRTEM_WORKERS?"
    assert result.output.splitlines()[0] == line


def test_ctrl_c_in_a_command_is_one_line_and_130(monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hrtem_assets.base.interruption.signal.signal", lambda *_: None)
    monkeypatch.setattr("hrtem_assets.campaign.campaign_from_environment", interrupted)
    result = CliRunner().invoke(main, ["series"])
    assert result.exit_code == 130
    assert result.output.startswith("Interrupted: nothing half-written is kept")
    assert len(result.output.splitlines()) == 1


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch):
    def mistaken(*_: object) -> None:
        raise AttributeError("a mistake of ours")

    monkeypatch.setattr("hrtem_assets.campaign.campaign_from_environment", mistaken)
    assert isinstance(CliRunner().invoke(main, ["series"]).exception, AttributeError)
