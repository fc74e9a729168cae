"""One run of Prismatic: a process with a folder and a home of its own, a time limit, and a checked result."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.base.errors import HrtemError
from hrtem_assets.waves.prismatic.bridge import JOB_FILE, WAVE_FILE
from hrtem_assets.waves.prismatic.environment import BRIDGE
from hrtem_assets.waves.prismatic.inputs import ATOMS_FILE

LOG_FILE = "log.txt"
LOG_LINES = 20


class PrismaticError(HrtemError, RuntimeError):
    """Prismatic failed; the message holds the end of its log."""


def run(
    python: Path, parameters: Mapping[str, Any], atoms: str, shape: tuple[int, int], timeout_s: float
) -> NDArray[np.complex64]:
    """Simulate one configuration; nothing of it stays on the disk.

    Args:
        python: interpreter that holds Prismatic 2.0.
        parameters: arguments of `pyprismatic.Metadata`.
        atoms: text of the file of atoms.
        shape: grid (x, y) that the wave must have.
        timeout_s: time after which the process is ended, in seconds.

    Returns:
        the wave, complex64 [x, y].

    Raises:
        PrismaticError: if the process fails, takes too long, or leaves no sound wave of that shape.
    """
    with TemporaryDirectory(prefix="hrtem-prismatic-") as name:
        folder = Path(name)
        (folder / ATOMS_FILE).write_text(atoms)
        (folder / JOB_FILE).write_text(json.dumps(dict(parameters)))
        try:
            _execute([str(python), "-I", str(BRIDGE), "simulate"], folder, timeout_s)
            return _sound_wave(folder / WAVE_FILE, shape)
        except PrismaticError as error:
            log = (folder / LOG_FILE).read_text(errors="replace").strip().splitlines()
            shown = "\n  ".join(log[-LOG_LINES:])
            raise PrismaticError(f"Prismatic {error}; the end of its log:\n  {shown}") from None


def _execute(command: list[str], folder: Path, timeout_s: float) -> None:
    # without a home it aborts; it also writes a file there
    environment = os.environ | {"HOME": str(folder)}
    with (
        (folder / LOG_FILE).open("wb") as log,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            _end(process)
            raise PrismaticError(f"took more than {timeout_s:.0f} s and was ended") from None
        except BaseException:
            _end(process)
            raise
    if status == -signal.SIGKILL:
        raise PrismaticError("was killed, most often for lack of memory (use fewer workers)")
    if status < 0:
        raise PrismaticError(f"was ended by signal {signal.Signals(-status).name}")
    if status:
        raise PrismaticError(f"ended with exit status {status}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it has started: the interpreter may be a wrapper."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _sound_wave(path: Path, shape: tuple[int, int]) -> NDArray[np.complex64]:
    if not path.is_file():
        raise PrismaticError("left no wave")
    wave: NDArray[np.complex64] = np.load(path, allow_pickle=False)
    if wave.shape != shape or wave.dtype != np.complex64:
        raise PrismaticError(
            f"left a wave of shape {wave.shape} and type {wave.dtype} instead of {shape} and complex64"
        )
    bad = wave.size - int(np.isfinite(wave).sum())
    if bad:
        raise PrismaticError(f"left a wave with {bad} NaN or infinite pixels of {wave.size}")
    return wave
