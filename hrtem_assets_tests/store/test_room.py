"""Full disks, said in words wherever they show."""

import errno
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from hrtem_assets.store import room
from hrtem_assets.store.room import DiskFullError, room_in


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_names_folder_free_space_and_repair(tmp_path, number):
    with pytest.raises(DiskFullError) as caught, room_in(tmp_path):
        raise OSError(number, "no", str(tmp_path / "wave"))
    words = str(caught.value)
    for part in (
        f"the disk of {tmp_path} is full",
        "MB free",
        f"at {tmp_path / 'wave'}",
        "hrtem prune",
        "materialize",
    ):
        assert part in words


def test_it_is_found_behind_the_errors_of_packages(tmp_path):
    with pytest.raises(DiskFullError), room_in(tmp_path):
        try:
            raise sqlite3.OperationalError("database or disk is full")
        except sqlite3.OperationalError as error:
            raise RuntimeError("the statement failed") from error


def test_sqlite_on_a_disk_without_room_says_io_error(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "free_bytes", lambda place: 0)
    with pytest.raises(DiskFullError), room_in(tmp_path):
        raise sqlite3.OperationalError("disk I/O error")


def test_other_errors_pass_as_they_are(tmp_path):
    with pytest.raises(PermissionError), room_in(tmp_path):
        raise PermissionError(errno.EACCES, "no", "there")
    with pytest.raises(sqlite3.OperationalError, match="locked"), room_in(tmp_path):
        raise sqlite3.OperationalError("database is locked")


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
