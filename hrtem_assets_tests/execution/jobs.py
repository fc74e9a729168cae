"""Functions that workers run in tests; importable by name from processes of their own."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from hrtem_assets.execution.fill import ShardMaker, Shards


def square(x: int) -> int:
    return x * x


def span(x: int) -> tuple[float, float, int]:
    """When a task began and ended, and in which process."""
    begun = time.time()
    time.sleep(0.1)
    return begun, time.time(), os.getpid()


def fail_on_three(x: int) -> int:
    if x == 3:
        error = ValueError("three is refused")
        error.add_note("while thinking of three")
        raise error
    return x


def die_on_two(x: int) -> int:
    if x == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


@dataclass(frozen=True)
class Marking:
    """Leaves a file for each task that it begins, and takes its time."""

    folder: Path
    seconds: float

    def __call__(self, x: int) -> int:
        (self.folder / str(x)).touch()
        time.sleep(self.seconds)
        return x


class GatedMaker(ShardMaker):
    """Makes a shard only when the gate is open, and says how that went."""

    def __call__(self, shard: Shards) -> float:
        folder = Path(os.environ["HRTEM_TEST_GATE"])
        (folder / "begun").touch()
        while not (folder / "open").exists():
            time.sleep(0.02)
        try:
            return super().__call__(shard)
        except Exception as error:
            (folder / "failed").write_text(f"{type(error).__name__}: {error}")
            raise
