"""A server that speaks S3, on loopback, in a process of its own: moto's, with writes that can be made to fail."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

REFUSE = "/-/refuse"


@dataclass
class S3Server:
    """A running server.

    Attributes:
        endpoint: its address.
        process: to be ended.
    """

    endpoint: str
    process: subprocess.Popen[str]

    def environment(self) -> dict[str, str]:
        """What a process needs to know to use it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def make_bucket(self, name: str) -> str:
        """A bucket's URL."""
        import s3fs

        s3fs.S3FileSystem(endpoint_url=self.endpoint, key="key", secret="secret").mkdir(name)
        return f"s3://{name}"

    def refuse_writes(self, pattern: str) -> None:
        """From now on refuse to write keys that match, as a full disk would; an empty pattern refuses none."""
        with urlopen(Request(self.endpoint + REFUSE, method="POST", data=pattern.encode())):
            pass


@contextmanager
def running_server() -> Iterator[S3Server]:
    """Start a server, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        yield S3Server(process.stdout.readline().strip(), process)
    finally:
        process.kill()
        process.wait()


class _Front:
    """In front of moto: one conditional write at a time, and refusals."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application
        self.refused: re.Pattern[str] | None = None
        # moto looks whether there is an object and then writes it, in two steps
        self.one_at_a_time = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, writes = environ["PATH_INFO"], environ["REQUEST_METHOD"] == "PUT"
        if path == REFUSE:
            pattern = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)).decode()
            self.refused = re.compile(pattern) if pattern else None
            start_response("200 OK", [])
            return []
        if writes and self.refused is not None and self.refused.search(path):
            start_response("507 Insufficient Storage", [("Content-Type", "application/xml")])
            return [b"<Error><Code>InsufficientStorage</Code><Message>the disk is full</Message></Error>"]
        if writes and "HTTP_IF_NONE_MATCH" in environ:
            with self.one_at_a_time:
                return list(self.application(environ, start_response))
        return self.application(environ, start_response)


def _serve() -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    # a server without a parent serves nobody
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, _Front(application), threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        threading.Event().wait(1.0)
    os._exit(1)


if __name__ == "__main__":
    _serve()
