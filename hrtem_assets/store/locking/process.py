"""A process that holds something, named so that others on its machine can tell whether it still lives."""

import getpass
import json
import os
import platform
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

_BOOT, _PIDS = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")


@dataclass(frozen=True)
class Process:
    """A process.

    Attributes:
        user: who runs it.
        host: where.
        pid: its number.
        numbers: which machine and container the number belongs to; empty where that cannot be told.
        started: when it started, in clock ticks of its machine.
    """

    user: str
    host: str
    pid: int
    numbers: str
    started: str

    @property
    def is_dead(self) -> bool:
        """Whether it surely is: a process of this machine that is gone. One of another machine is not known."""
        return bool(self.numbers) and self.numbers == _numbers() and _started(self.pid) != self.started

    def to_json(self) -> bytes:
        """For a file that others read."""
        return json.dumps(asdict(self)).encode()

    def __str__(self) -> str:
        return f"{self.user} on {self.host}, process {self.pid}"


def process_from_json(text: bytes) -> Process:
    """The process that wrote a file."""
    return Process(**json.loads(text))


def user_name() -> str:
    """Who runs this process; the number of one without a name, as containers have them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.geteuid())


def this_process() -> Process:
    """The calling process."""
    pid = os.getpid()
    return Process(user_name(), platform.node(), pid, _numbers(), _started(pid))


@cache
def _numbers() -> str:
    # hosts in containers share names, and count their processes each for itself
    try:
        return f"{_BOOT.read_text().strip()} {_PIDS.readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process started; empty if there is none, or only its name is left."""
    try:
        # the program's name may hold blanks and brackets itself
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
