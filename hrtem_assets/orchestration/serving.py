"""The life of `hrtem ui`: its address is free, it is the only one of its home, its webserver knows its names."""

import errno
import fcntl
import json
import os
import platform
import socket
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hrtem_assets.base.environment import allowed_hosts
from hrtem_assets.base.errors import HrtemError
from hrtem_assets.orchestration.dagster_internals import dagster_dev
from hrtem_assets.orchestration.webserver import LOOPBACK

WEBSERVER = "hrtem_assets.orchestration.webserver"
# what `dagster dev` starts in its place
_DAGSTERS = "dagster_webserver"
_ANY_ADDRESS = ("0.0.0.0", "::", "")


class ServingError(HrtemError, RuntimeError):
    """The UI cannot be served; the message says why and what to do."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    return host in LOOPBACK or host.startswith("127.")


def address(host: str, port: int) -> str:
    """What to open in a browser of this machine."""
    name = "127.0.0.1" if host in _ANY_ADDRESS else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def require_free(host: str, port: int) -> None:
    """See that an address can be listened on.

    Raises:
        ServingError: if it is in use, not of this machine, unknown, or not allowed.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ServingError(
            f"host {host!r} is not known here ({error}); give --host a name or address of this machine"
        ) from error
    for family, kind, protocol, _, where in addresses:
        with socket.socket(family, kind, protocol) as probe:
            # as the server does: what a closed one leaves behind for a minute is no hindrance
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(where)
            except OSError as error:
                raise ServingError(_refusal(host, port, error)) from error


class HomeLock:
    """Held by the UI of a Dagster home and by what it has started, until the last of them ends, however it ends.

    Attributes:
        descriptor: of the lock's file, for processes to inherit.
        about: what the file says of who holds it.
    """

    def __init__(self, descriptor: int, about: dict[str, Any]) -> None:
        self.descriptor, self.about = descriptor, about
        self._write()

    def add(self, pid: int) -> None:
        """Say that another process holds it, too."""
        self.about["services"].append(pid)
        self._write()

    def _write(self) -> None:
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, json.dumps(self.about).encode(), 0)


@contextmanager
def only_ui(home: Path, host: str, port: int) -> Iterator[HomeLock]:
    """Be the only UI of a Dagster home: two daemons would launch everything twice.

    Raises:
        ServingError: if another one runs, or what it has started; says which.
    """
    descriptor = os.open(home / ".ui.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServingError(_other(home, os.pread(descriptor, 4096, 0))) from None
        about = {
            "pid": os.getpid(),
            "machine": platform.node(),
            "address": address(host, port),
            "services": [],
        }
        yield HomeLock(descriptor, about)
    finally:
        os.close(descriptor)


def serve(host: str, port: int, names: Sequence[str], lock: HomeLock) -> None:
    """Serve UI, daemon and code location until Ctrl+C or SIGTERM.

    Args:
        host: address to listen on.
        port: port to listen on.
        names: further names under which a browser may ask, for a proxy in front.
        lock: of the Dagster home; webserver and daemon hold it as well.
    """
    where = (
        ["-w", "workspace.yaml"] if Path("workspace.yaml").is_file() else ["-m", "hrtem_assets.definitions"]
    )
    known = [part for name in (host, *names, *allowed_hosts()) for part in ("--known-host", name)]
    dev = dagster_dev()
    start = dev.open_ipc_subprocess

    def start_ours(parts: Sequence[str], pass_fds: Sequence[int] = (), **options: Any) -> Any:
        if _DAGSTERS in parts:
            position = list(parts).index(_DAGSTERS)
            parts = [*parts[:position], WEBSERVER, *known, *parts[position + 1 :]]
        elif not any(part.startswith("dagster._daemon") for part in parts):
            # rather no UI than one that answers everybody
            raise ServingError(f"this version of Dagster starts {parts[:3]}, which is not known here")
        process = start(parts, pass_fds=[*pass_fds, lock.descriptor], **options)
        lock.add(process.pid)
        return process

    dev.open_ipc_subprocess = start_ours
    try:
        # it says at each start that another program is preferred to it by now
        warnings.filterwarnings("ignore", message="Function `dev_command` is superseded")
        dev.dev_command.main(
            [*where, "--host", host, "--port", str(port)], prog_name="hrtem ui", standalone_mode=False
        )
    finally:
        dev.open_ipc_subprocess = start


def _refusal(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} of {host} is in use, perhaps by another `hrtem ui`; end that, or choose another --port"
        case errno.EADDRNOTAVAIL:
            return f"{host} is not an address of this machine; give --host one that is, such as 127.0.0.1"
        case errno.EACCES:
            return f"port {port} of {host} is not allowed to this user; choose a --port from 1024 on"
        case _:
            return f"port {port} of {host} cannot be listened on ({error.strerror}); choose another --host or --port"


def _other(home: Path, card: bytes) -> str:
    """Which UI holds a home, as far as can be read: it may just be starting."""
    end = "use that, end it, or give this one another HRTEM_DATA"
    try:
        about = json.loads(card)
        named = f"process {about['pid']} of {about['machine']}, at {about['address']}"
        if about["machine"] == platform.node() and not _lives(about["pid"]):
            left = " ".join(str(pid) for pid in about["services"])
            return f"what `hrtem ui` ({named}) had started still runs on {home} without it; end it first: kill {left}"
    except (ValueError, KeyError):
        return f"another `hrtem ui` runs on {home}; {end}"
    return f"another `hrtem ui` runs on {home} ({named}); {end}"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
