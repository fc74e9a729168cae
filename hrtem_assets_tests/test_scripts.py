"""The scripts: the audit of dependencies, the list of their licences, and the sample outputs in the documentation."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def script(name: str) -> Any:
    spec = spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LOCKED = "".join(f"{name}==1.0 --hash=sha256:{'0' * 64}\n" for name in ("sound-one", "hurt-one"))
FAULT = {
    "id": "GHSA-test",
    "aliases": ["CVE-2000-1"],
    "summary": "it leaks",
    "affected": [
        {
            "package": {"name": "hurt-one", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
}


@pytest.fixture
def service() -> Iterator[str]:
    """A service that knows a fault of one package."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = {"vulns": [FAULT]} if asked["package"]["name"] == "hurt-one" else {}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *words: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def audit(tmp_path: Path, url: str) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("pip_audit")
    lock = tmp_path / "some.lock"
    lock.write_text(LOCKED)
    options = ["--osv-url", url, "--cache-dir", str(tmp_path), "--timeout", "5"]
    command = [sys.executable, str(ROOT / "scripts" / "audit.py"), str(lock), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_known_vulnerability_is_named_with_its_repair(tmp_path, service):
    done = audit(tmp_path, service)
    assert done.returncode == 1, done.stderr
    assert "hurt-one 1.0: " in done.stdout
    assert "CVE-2000-1" in done.stdout
    assert "mended in 1.1" in done.stdout
    assert "2 packages checked, 1 with known vulnerabilities" in done.stdout


def test_a_service_that_cannot_be_asked_is_no_clean_bill(tmp_path):
    done = audit(tmp_path, "http://127.0.0.1:9/")
    assert done.returncode == 2
    assert done.stderr.startswith("NOT CHECKED: the vulnerability service could not be asked")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("expression", "compatible"),
    [
        ("MIT", True),
        ("BSD-3-Clause AND 0BSD AND MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("MPL-2.0 AND (Proprietary OR MIT)", True),
        ("GPL-2.0-only", False),
        ("GPL-2.0-only OR MIT", True),
        ("MIT AND GPL-2.0-only", False),
        ("MIT AND (GPL-2.0-only OR Proprietary)", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("not stated", False),
    ],
)
def test_an_expression_is_compatible_if_each_part_of_one_choice_is(expression, compatible):
    assert script("licences").is_compatible(expression) is compatible


def test_every_locked_package_is_listed_with_a_compatible_licence():
    page = (ROOT / "docs" / "dependency-licences.md").read_text("utf-8")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line[:2] == "| "
    ][1:]
    listed = {(name, version) for name, version, _, _ in rows}
    missing = script("licences").locked(ROOT / "requirements.lock").items() - listed
    assert not missing, f"not in docs/dependency-licences.md (make licenses): {sorted(missing)}"
    assert {compatible for *_, compatible in rows} == {"yes"}


@pytest.mark.parametrize("quick", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_sample_outputs_in_the_documentation_are_what_the_commands_print(quick):
    samples = script("samples")
    fresh = dict(samples.fresh(quick))
    assert not samples.outdated(fresh, write=False), "write them anew: python scripts/samples.py"
    shown = {
        name
        for page in samples.PAGES
        for _, name, *_ in samples.BLOCK.findall((ROOT / page).read_text("utf-8"))
    }
    assert fresh.keys() <= shown == {sample.name for sample in samples.SAMPLES}


def test_samples_that_differ_in_more_than_times_sizes_and_runs_are_out_of_date():
    samples = script("samples")
    assert samples.comparable("made 2026-01-02 03:04:05 UTC in 0.3 s") == samples.comparable(
        "made 2026-11-12 13:14:15 UTC in 12.5 s"
    )
    assert samples.comparable("3.1 MB  0.00") == samples.comparable("17.2 GB  12.34")
    assert samples.comparable("3 structures") != samples.comparable("4 structures")
    assert samples.comparable("seed 15533668245393310787") != samples.comparable("seed 15533668245393310788")
