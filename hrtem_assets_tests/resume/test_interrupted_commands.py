"""Ctrl+C, as a terminal sends it: SIGINT to every process of the command at once."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from hrtem_assets.base.interruption import EXIT_CODE, SENTENCE
from hrtem_assets_tests.orchestration.served import wait_for
from hrtem_assets_tests.resume.conftest import Undisturbed, kills, long_run
from hrtem_assets_tests.resume.test_killed_commands import COMMAND, assert_as_undisturbed
from hrtem_assets_tests.resume.world import World, ends_within
from hrtem_assets_tests.small import SPECIMEN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(autouse=True)
def heard():
    """Whoever runs these tests in the background has SIGINT ignored, and commands would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def ctrl_c(process: subprocess.Popen[bytes]) -> int:
    """Press it; the exit code."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    return process.wait(60)


def loaded(process: subprocess.Popen[bytes], library: str) -> None:
    """Wait until a command has loaded a library, or is over."""

    def has() -> bool:
        with suppress(OSError):
            return library in Path(f"/proc/{process.pid}/maps").read_text()
        return False

    wait_for(lambda: process.poll() is not None or has(), 120, every=0.005)


def assert_said(world: World) -> None:
    """One line of ours at the end, and no traceback before it."""
    printed = world.printed()
    assert printed.splitlines()[-1] == SENTENCE, printed
    assert printed.count(SENTENCE) == 1
    for word in ("Traceback", "KeyboardInterrupt", "Stack Trace", "Aborted", "Exception ignored"):
        assert word not in printed, printed


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="there is no /proc here")
@pytest.mark.parametrize(
    ("library", "arguments"),
    [
        # while the command is imported
        ("pydantic_core", COMMAND),
        # at work, before anything is written
        ("numpy", ("plan", SPECIMEN)),
        pytest.param("pydantic_core", ("demo",), marks=long_run),
        pytest.param("numpy", ("series",), marks=long_run),
    ],
)
def test_a_command_that_starts_up_ends_at_once(new_world: Callable[..., World], library, arguments) -> None:
    world = new_world()
    process = world.start(*arguments)
    loaded(process, library)
    assert ctrl_c(process) == EXIT_CODE, world.printed()
    assert_said(world)
    assert not world.data.exists()
    world.assert_deserted()


def test_a_run_is_recorded_as_over_its_workers_end_and_the_next_command_goes_on(
    new_world: Callable[..., World], undisturbed: Undisturbed, rng: np.random.Generator
) -> None:
    world = new_world("exit_waves")
    interrupted, code = 0, -1
    while code != 0 or interrupted < kills(1):
        world.forget_printed()
        process = world.start_run(*COMMAND)
        if (
            interrupted < kills(1)
            and world.wait_workers(process)
            and not ends_within(process, rng.uniform(0, 1))
        ):
            code = ctrl_c(process)
            interrupted += 1
            assert code == EXIT_CODE, world.printed()
            assert_said(world)
        else:
            code = process.wait()
            assert code in (0, EXIT_CODE), world.printed()
        world.assert_deserted()
        assert not {"STARTED", "STARTING", "CANCELING"} & set(world.run_statuses().values())
        assert world.taken_slots() == 0
    assert_as_undisturbed(world, undisturbed)
    assert list(world.run_statuses().values())[-1] == "SUCCESS"
    print(f"{interrupted} interrupts of a run")


def test_verify_and_its_workers_end(new_world: Callable[..., World]) -> None:
    world = new_world("structures", "exit_waves", "zero_defocus", "labels", "micrographs", "training_sets")
    process = world.start("verify", "--workers", "2")
    if world.wait_workers(process):
        assert ctrl_c(process) in (0, EXIT_CODE)
    printed = world.printed()
    assert "Traceback" not in printed
    assert SENTENCE in printed or "stores are intact" in printed
    world.assert_deserted()


def test_an_export_leaves_no_folder(new_world: Callable[..., World], tmp_path: Path) -> None:
    world = new_world("structures")
    target = tmp_path / "exported"
    process = world.start("export", "xyz", "--specimen", SPECIMEN, "--to", str(target))
    wait_for(lambda: process.poll() is not None or any(tmp_path.glob(".exported*")), 120, every=0.002)
    code = ctrl_c(process)
    assert "Traceback" not in world.printed()
    assert (code, target.exists()) in ((0, True), (EXIT_CODE, False)), world.printed()
    assert not (tmp_path / ".exported.partial").exists()
