"""Serving the UI: which hosts it answers, what it refuses before it starts, and that a home has one."""

import asyncio
import errno
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse

from hrtem_assets.orchestration.serving import ServingError, address, is_loopback, only_ui, require_free
from hrtem_assets.orchestration.webserver import KnownHosts
from hrtem_assets_tests.orchestration.served import HRTEM, prepared, serve, wait_for
from hrtem_assets_tests.small import small_campaign_yaml

OURS = [
    "localhost",
    "localhost:3000",
    "LOCALHOST:3000",
    "127.0.0.1:3000",
    "[::1]:3000",
    "[::1]",
    "data.example:443",
    "10.1.2.3:3000",
]
FOREIGN = [
    "evil.example",
    "evil.example:3000",
    "localhost.evil.example",
    "evil.example@localhost",
    "localhost/evil.example",
    "127.0.0.1.evil.example:3000",
    "10.1.2.4:3000",
    "[::2]:3000",
    "localhost:evil",
    "[::1",
    "",
    None,
]


def status(kind: str, *hosts: str | None) -> str:
    """What a server at 10.1.2.3 that also knows data.example does with a connection: passes it on, or closes it."""
    sent: list[dict] = []

    async def app(scope, receive, send) -> None:
        await PlainTextResponse("served")(scope, receive, send) if kind == "http" else await send(
            {"type": "websocket.accept"}
        )

    async def send(message) -> None:
        sent.append(message)

    async def receive() -> dict:
        return {"type": "websocket.connect"}

    headers = [(b"host", host.encode()) for host in hosts if host is not None]
    scope = {"type": kind, "headers": headers, "server": ("10.1.2.3", 3000), "method": "GET", "path": "/"}
    asyncio.run(KnownHosts(app, ["Data.Example"])(scope, receive, send))
    return str(sent[0].get("status", sent[0]["type"]))


@pytest.mark.parametrize("host", OURS)
def test_our_names_and_the_address_that_was_reached_are_served(host):
    assert status("http", host) == "200"
    assert status("websocket", host) == "websocket.accept"


@pytest.mark.parametrize("host", FOREIGN)
def test_foreign_and_malformed_hosts_are_refused(host):
    assert status("http", host) == "400"
    assert status("websocket", host) == "websocket.close"


def test_two_hosts_in_one_request_are_refused():
    assert status("http", "localhost", "evil.example") == "400"


def test_only_loopback_is_loopback():
    assert all(is_loopback(host) for host in ("localhost", "127.0.0.1", "127.1.2.3", "::1"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "10.1.2.3", "data.example"))


def test_the_address_to_open_is_one_that_a_browser_takes():
    assert address("127.0.0.1", 3000) == "http://127.0.0.1:3000"
    assert address("0.0.0.0", 80) == "http://127.0.0.1:80"
    assert address("::1", 3000) == "http://[::1]:3000"


def test_an_address_in_use_not_ours_or_unknown_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            ServingError, match=rf"port {port} of 127\.0\.0\.1 is in use, .* choose another --port"
        ):
            require_free("127.0.0.1", port)
        with pytest.raises(ServingError, match="is in use"):
            require_free("0.0.0.0", port)
    require_free("127.0.0.1", port)
    with pytest.raises(ServingError, match=r"203\.0\.113\.7 is not an address of this machine"):
        require_free("203.0.113.7", port)
    for unknown in ("no-such-host.invalid", "a" * 300, "a..b"):
        with pytest.raises(ServingError, match="is not known here"):
            require_free(unknown, port)


def test_a_port_of_the_system_is_said(monkeypatch):
    def refuse(self, where) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(
        ServingError, match=r"port 80 of 127\.0\.0\.1 is not allowed to this user; choose a --port"
    ):
        require_free("127.0.0.1", 80)


def _hold(home: Path, ready, end) -> None:
    with only_ui(home, "127.0.0.1", 3456):
        ready.set()
        end.wait()


def test_a_second_ui_of_a_home_is_told_of_the_first_until_that_ends_however_it_ends(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, end = context.Event(), context.Event()
    first = context.Process(target=_hold, args=(tmp_path, ready, end))
    first.start()
    assert ready.wait(60)
    words = (
        rf"another `hrtem ui` runs on {tmp_path} \(process {first.pid} of .*, at http://127\.0\.0\.1:3456\)"
    )
    with pytest.raises(ServingError, match=words), only_ui(tmp_path, "127.0.0.1", 3457):
        pass
    first.kill()
    first.join()
    with only_ui(tmp_path, "127.0.0.1", 3457):
        assert json.loads((tmp_path / ".ui.lock").read_text())["pid"] == os.getpid()
    with only_ui(tmp_path, "127.0.0.1", 3456):
        pass


def test_what_a_killed_ui_leaves_running_is_named_until_it_ends(tmp_path):
    program = (
        "import os, subprocess, sys\n"
        "from pathlib import Path\n"
        "from hrtem_assets.orchestration.serving import only_ui\n"
        "with only_ui(Path(sys.argv[1]), '127.0.0.1', 3456) as lock:\n"
        "    lock.add(subprocess.Popen(['sleep', '600'], pass_fds=[lock.descriptor]).pid)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], timeout=120)
    (service,) = json.loads((tmp_path / ".ui.lock").read_text())["services"]
    words = f"still runs on {tmp_path} without it; end it first: kill {service}$"
    with pytest.raises(ServingError, match=words), only_ui(tmp_path, "127.0.0.1", 3457):
        pass
    os.kill(service, signal.SIGKILL)
    wait_for(lambda: _can_start(tmp_path), 10)


def _can_start(home: Path) -> bool:
    try:
        with only_ui(home, "127.0.0.1", 3457):
            return True
    except ServingError:
        return False


def ask(url: str, host: str | None = None, data: bytes | None = None) -> int:
    headers = {"Content-Type": "application/json"} | ({"Host": host} if host else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as reply:
            return reply.status
    except urllib.error.HTTPError as refused:
        return refused.code


def upgrade(port: int, host: str) -> bytes:
    """The first line of the answer to a subscription's handshake."""
    lines = (
        "GET /graphql HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: graphql-ws",
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall("\r\n".join((*lines, "", "")).encode())
        return connection.recv(4096).splitlines()[0]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_real_server_answers_its_names_alone_and_is_the_only_one(tmp_path):
    with serve(tmp_path, small_campaign_yaml(), HRTEM_ALLOWED_HOSTS="data.example") as served:
        port = int(served.address.rpartition(":")[2])
        query = json.dumps({"query": "{ version }"}).encode()
        for host in ("localhost", "127.0.0.1", "[::1]", "data.example"):
            assert ask(f"{served.address}/graphql", f"{host}:{port}", query) == 200
            assert b"101" in upgrade(port, f"{host}:{port}")
        for host in ("evil.example", "data.example.evil.example"):
            assert ask(f"{served.address}/graphql", f"{host}:{port}", query) == 400
            assert ask(served.address, host) == 400
            assert b"403" in upgrade(port, host)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            other = str(probe.getsockname()[1])
        second = subprocess.run(
            [*HRTEM, "ui", "--port", other],
            env=prepared(tmp_path, small_campaign_yaml()),
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert second.returncode == 1
        assert f"(process {served.process.pid} of " in second.stderr
        assert served.address in second.stderr
        assert "Traceback" not in second.stderr
