"""Folders that cannot be written, said in words wherever it shows."""

import errno
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hrtem_assets.store import room
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.room import DiskFullError, Folder, FolderError, folders_of, require_writable, room_in


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_names_folder_free_space_and_repair(tmp_path, number):
    with pytest.raises(DiskFullError) as caught, room_in(Folder(tmp_path, "HRTEM_DATA")):
        raise OSError(number, "no", str(tmp_path / "wave"))
    words = str(caught.value)
    for part in (
        f"the disk of {tmp_path} (HRTEM_DATA) is full",
        "MB free",
        f"at {tmp_path / 'wave'}",
        "hrtem prune",
        "materialize",
    ):
        assert part in words


def test_it_is_found_behind_the_errors_of_packages(tmp_path):
    with pytest.raises(DiskFullError), room_in(Folder(tmp_path, "HRTEM_DATA")):
        try:
            raise sqlite3.OperationalError("database or disk is full")
        except sqlite3.OperationalError as error:
            raise RuntimeError("the statement failed") from error


def test_sqlite_on_a_disk_without_room_says_io_error(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "free_bytes", lambda place: 0)
    with pytest.raises(DiskFullError), room_in(Folder(tmp_path, "HRTEM_DATA")):
        raise sqlite3.OperationalError("disk I/O error")


def test_other_errors_pass_as_they_are(tmp_path):
    with pytest.raises(PermissionError), room_in(Folder(tmp_path, "HRTEM_DATA")):
        raise PermissionError(errno.EACCES, "no", "/elsewhere/there")
    with pytest.raises(FileNotFoundError), room_in(Folder(tmp_path, "HRTEM_DATA")):
        raise FileNotFoundError(errno.ENOENT, "no", str(tmp_path / "a mistake of ours"))
    with pytest.raises(sqlite3.OperationalError, match="syntax"), room_in(Folder(tmp_path, "HRTEM_DATA")):
        raise sqlite3.OperationalError("syntax error")


DATA, ASSETS = Folder(Path("/there/data"), "HRTEM_DATA"), Folder(Path("/fast/assets"), "HRTEM_ASSETS")


@pytest.mark.parametrize(
    ("number", "file", "words"),
    [
        (
            errno.EROFS,
            "/there/data/x",
            r"/there/data \(HRTEM_DATA\) is read-only, at .*/x: make it writable, or name",
        ),
        (
            errno.EROFS,
            "/fast/assets/x",
            r"/fast/assets \(HRTEM_ASSETS\) is read-only, .* folder in HRTEM_ASSETS",
        ),
        (
            errno.EACCES,
            "/there/data",
            r"/there/data \(HRTEM_DATA\) may not be used by user .*: change its owner",
        ),
        (errno.EPERM, "/there", r"/there/data \(HRTEM_DATA\) may not be used by user .*, at /there: change"),
        (
            errno.EIO,
            "/there/data/x",
            r"the disk of /there/data \(HRTEM_DATA\) does not answer .*: mount it again",
        ),
        (errno.ESTALE, "/fast/assets/x", r"the disk of /fast/assets \(HRTEM_ASSETS\) does not answer"),
        (errno.ENOENT, "/there/data/x", r"/there/data \(HRTEM_DATA\) is not there: make it, or name another"),
        (errno.ENOSPC, "/fast/assets/x", r"the disk of /fast/assets \(HRTEM_ASSETS\) is full"),
    ],
)
def test_the_folder_that_an_error_is_about_is_named_with_its_variable(number, file, words):
    with pytest.raises(FolderError, match=words), room_in(DATA, ASSETS):
        raise OSError(number, "no", file)


def test_the_innermost_folder_is_named(tmp_path):
    inner = Folder(tmp_path / "assets", "HRTEM_ASSETS")
    with (
        pytest.raises(FolderError, match=r"\(HRTEM_ASSETS\) is read-only"),
        room_in(Folder(tmp_path, "HRTEM_DATA"), inner),
    ):
        raise OSError(errno.EROFS, "no", str(inner.path / "x"))


def test_a_full_disk_without_a_file_is_the_fullest_of_the_folders(monkeypatch):
    monkeypatch.setattr(room, "free_bytes", lambda path: 0 if path == ASSETS.path else 10**12)
    with pytest.raises(DiskFullError, match="the disk of /fast/assets"), room_in(DATA, ASSETS):
        raise OSError(errno.ENOSPC, "no")


@pytest.mark.parametrize("below", ["", "data"])
def test_a_file_where_a_folder_should_be_is_named(tmp_path, below):
    file = tmp_path / "file"
    file.write_text("something of somebody")
    with pytest.raises(
        FolderError, match=f"cannot be a folder: {file} is a file; move that, or name another"
    ):
        require_writable(Folder(file / below, "HRTEM_DATA"))
    assert file.read_text() == "something of somebody"


def test_a_folder_that_can_be_written_is_made_and_left_empty(tmp_path):
    require_writable(Folder(tmp_path / "a" / "b", "HRTEM_DATA"))
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize("back", [True, False])
def test_a_folder_that_goes_is_said_whatever_fails_for_lack_of_it(tmp_path, back):
    data = tmp_path / "data"
    data.mkdir()
    with (
        pytest.raises(
            FolderError, match=f"{data} .HRTEM_DATA. is gone: .* deleted, moved or unmounted since"
        ),
        room_in(Folder(data, "HRTEM_DATA")),
    ):
        data.rename(tmp_path / "moved")
        if back:
            # as where a disk was mounted
            data.mkdir()
        raise RuntimeError("no such table: runs")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("database is locked", "is locked by another process: end that, or wait for it"),
        (
            "attempt to write a readonly database",
            "cannot be written .*: make it writable, or name another folder",
        ),
        ("unable to open database file", "cannot be written .*: make it writable"),
    ],
)
def test_dagsters_database_is_named_with_its_home(tmp_path, monkeypatch, text, words):
    monkeypatch.setattr(room, "free_bytes", lambda path: 10**12)
    said = f"Dagster's database in {tmp_path} .DAGSTER_HOME. {words}"
    with pytest.raises(FolderError, match=said), room_in(Folder(tmp_path, "DAGSTER_HOME"), DATA):
        raise RuntimeError("in a step") from sqlite3.OperationalError(text)


def test_no_place_for_temporary_files_is_said(tmp_path, monkeypatch):
    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp', '/var/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(FolderError, match=r"No usable temporary directory found .*; set TMPDIR to a folder"):
        folders_of(Layout(tmp_path))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_what_is_said_after_a_full_disk_is_heard():
    """A step's output goes into a file whose disk is full, and flushing it fails before it is sent back."""
    code = """
import os, sys
from hrtem_assets.store.room import streams_kept
try:
    with streams_kept():
        os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
        sys.stderr.write("a step's words\\n")
except OSError as error:
    print(f"the end: {error.strerror}", file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "the end: No space left on device" in done.stderr
