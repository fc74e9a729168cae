"""A disk that is full at a random moment: a real one, small, mounted for the test."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hrtem_assets_tests.resume.conftest import Undisturbed, kills, long_run
from hrtem_assets_tests.resume.test_killed_commands import (
    COMMAND,
    MADE,
    RUN_SECONDS,
    assert_as_undisturbed,
    committed,
)
from hrtem_assets_tests.resume.watching import watched
from hrtem_assets_tests.resume.world import World, ends_within

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

MEGABYTES = 192
MOUNT = ("mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, mounted where the data folder will be."""
    place = tmp_path / "data"
    place.mkdir()
    if shutil.which("mount") is None or subprocess.run([*MOUNT, place], capture_output=True).returncode != 0:
        pytest.skip("a file system cannot be mounted here: needs root, or a user namespace")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def balloon(disk: Path, leave_bytes: int) -> Path:
    """Fill a disk up to some bytes."""
    file = disk / "balloon"
    with file.open("wb") as content:
        while True:
            try:
                os.posix_fallocate(content.fileno(), 0, max(1, shutil.disk_usage(disk).free - leave_bytes))
                return file
            except OSError as error:
                # the command has written meanwhile
                if error.errno != errno.ENOSPC:
                    raise


@pytest.mark.parametrize("home", [pytest.param("elsewhere", marks=long_run), "on the same disk"])
def test_a_disk_that_fills_up_ends_the_command_with_words_and_room_lets_it_finish(
    new_world: Callable[..., World],
    undisturbed: Undisturbed,
    small_disk: Path,
    tmp_path_factory: pytest.TempPathFactory,
    home: str,
    rng: np.random.Generator,
) -> None:
    apart = str(tmp_path_factory.mktemp("home")) if home == "elsewhere" else ""
    world = new_world("exit_waves", HRTEM_WORKERS="1", DAGSTER_HOME=apart)
    filled = rounds = 0
    code = -1
    kept: dict[tuple[str, int], int] = {}
    with watched(world.layout) as watcher:
        while code != 0 or filled < kills(1):
            world.forget_printed()
            process = world.start_run(*COMMAND)
            air = None
            if filled < kills(1) and not ends_within(process, rng.uniform(0, RUN_SECONDS)):
                # sometimes nothing fits any more, sometimes a little
                air = balloon(small_disk, int(rng.integers(0, 2)) * int(rng.integers(0, 3_000_000)))
            code = process.wait()
            world.assert_deserted()
            if air is not None:
                air.unlink()
            now = committed(world)
            assert {key: now[key] for key in kept} == kept
            kept = now
            if code != 0:
                filled += 1
                last = world.printed().strip().splitlines()[-1]
                assert f"the disk of {apart if 'dagster' in last else world.data}" in last, world.printed()
                assert "MB free" in last
                assert "make room" in last
                continue
            assert_as_undisturbed(world, undisturbed)
            rounds += 1
            if filled < kills(1):
                world.forget(*MADE)
                kept = {}
                watcher.seen.clear()
    statuses = list(world.run_statuses().values())
    assert set(statuses) == {"FAILURE", "SUCCESS"}
    assert statuses[-1] == "SUCCESS"
    assert world.taken_slots() == 0
    print(f"{filled} full disks, home {home}, {rounds} completed")


@pytest.mark.skipif(os.geteuid() == 0 or "HRTEM_TESTS_NAMESPACE" in os.environ, reason="may mount by itself")
def test_the_same_in_a_namespace_of_its_own() -> None:
    """Where only root may mount, a user may in a namespace where he is root."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"]).returncode != 0:
        pytest.skip("user namespaces are not to be had here")
    again = ["unshare", "-rm", sys.executable, "-m", "pytest", __file__]
    subprocess.run(again, env=os.environ | {"HRTEM_TESTS_NAMESPACE": "1"}, check=True)
