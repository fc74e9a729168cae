"""Folders that go or fill up while a command runs: named with the variable that chose them; no run stays started."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hrtem_assets_tests.resume.test_killed_commands import COMMAND
from hrtem_assets_tests.resume.world import World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Room for the begin of a store, and not for its end."""
    place = tmp_path / "tiny"
    place.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=384k", "tmpfs", str(place))
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a file system cannot be mounted here: needs root, or a user namespace")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def last_line(world: World, process: subprocess.Popen[bytes]) -> str:
    assert process.wait(300) == 1, world.printed()
    world.assert_deserted()
    assert "Traceback" not in world.printed()
    assert "Stack Trace" not in world.printed()
    return world.printed().splitlines()[-1]


def test_a_data_folder_that_is_moved_away_is_said_to_be_gone(new_world: Callable[..., World]) -> None:
    world = new_world("exit_waves")
    process = world.start_run(*COMMAND)
    world.data.rename(world.root / "moved")
    words = last_line(world, process)
    assert (
        "(HRTEM_DATA) is gone: it was there at first, and has been deleted, moved or unmounted since" in words
    )
    # nothing half-written where it was
    assert not list(world.data.rglob("*.zarr"))


def test_the_full_disk_of_the_stores_is_named_and_not_that_of_the_data(
    new_world: Callable[..., World], tiny_disk: Path
) -> None:
    world = new_world(HRTEM_ASSETS=str(tiny_disk))
    words = last_line(world, world.start("materialize", "structures", "--specimen", "CdSe-small"))
    assert f"the disk of {tiny_disk} (HRTEM_ASSETS) is full" in words
    assert "make room" in words
    assert set(world.run_statuses().values()) == {"FAILURE"}
    assert world.taken_slots() == 0
