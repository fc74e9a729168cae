"""Dagster's webserver, answering under known names only: `python -m hrtem_assets.orchestration.webserver`.

A page of a stranger can make its own name point to this machine (DNS rebinding); a browser then lets the page read and
start whatever we serve, as if it came from us. The request names the stranger's host, and by that it is refused.
"""

import argparse
import sys
from collections.abc import Iterable
from urllib.parse import urlsplit

import dagster_webserver.cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from hrtem_assets.base.environment import allowed_hosts

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class KnownHosts:
    """Passes on requests to hosts that we are; refuses all others, of pages and of subscriptions alike.

    Args:
        app: what is served.
        names: besides loopback and the address that a request came to.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = {name.lower() for name in (*LOOPBACK, *names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket") or self._knows(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        else:
            words = "This host is not known here. Start `hrtem ui` with --allow-host and its name, if it is yours.\n"
            await PlainTextResponse(words, status_code=400)(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        host = _name(named[0]) if len(named) == 1 else None
        # the address of this machine that was connected to
        address = (scope.get("server") or (None,))[0]
        return host is not None and (host in self._names or host == address)


def _name(host: str) -> str | None:
    """The name of a Host header, without port; nothing if it is none."""
    try:
        split = urlsplit(f"//{host}")
        split.port  # noqa: B018 - raises if it is no number
    except ValueError:
        return None
    return split.hostname if split.netloc == host and "@" not in host else None


def main() -> None:
    """Serve as `dagster-webserver` does, with its arguments; `--known-host` adds a name."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--known-host", action="append", default=[])
    arguments, sys.argv[1:] = parser.parse_known_args()
    names = [*arguments.known_host, *allowed_hosts()]
    build = DagsterWebserver.build_middleware

    def with_known_hosts(server: DagsterWebserver) -> list[Middleware]:
        return [Middleware(KnownHosts, names=names), *build(server)]

    # it has no setting for this; a test asks a real server
    DagsterWebserver.build_middleware = with_known_hosts  # type: ignore[method-assign,assignment]
    dagster_webserver.cli.main()


if __name__ == "__main__":
    main()
