"""How a run is guarded, with stand-ins for Prismatic that fail in its ways; its physics is not tested here."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from hrtem_assets.waves.prismatic.bridge import WAVE_DATASET, read_wave
from hrtem_assets.waves.prismatic.process import PrismaticError, run
from hrtem_assets_tests.waves.prismatic.interpreters import RECORDED, stand_in

SHAPE = (64, 80)
COPY = f"import shutil; shutil.copy({str(RECORDED)!r}, self.filenameOutput)"
WRITE = (
    "import h5py, numpy; f = h5py.File(self.filenameOutput, 'w'); "
    "f[{dataset!r}] = numpy.full({shape}, {value}, numpy.{dtype}); f.close()"
)


def write(dataset=WAVE_DATASET, shape="(64, 80, 1)", value="1", dtype="complex64"):
    return WRITE.format(dataset=dataset, shape=shape, value=value, dtype=dtype)


@pytest.fixture
def execute(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    def execute(go, timeout_s=60.0):
        python = stand_in(tmp_path / "env", go)
        try:
            return run(python, {"filenameOutput": "output.h5"}, "atoms", SHAPE, timeout_s)
        finally:
            assert not list(scratch.iterdir()), "something is left behind"

    return execute


def test_the_wave_in_the_file_comes_back_and_nothing_is_left_behind(execute):
    np.testing.assert_array_equal(execute(COPY), read_wave(str(RECORDED)))


def test_each_run_has_a_folder_and_a_home_of_its_own(execute):
    assert execute(f"import os; assert os.environ['HOME'] == os.getcwd(); {COPY}").shape == SHAPE


@pytest.mark.parametrize(
    ("go", "words"),
    [
        ("raise SystemExit(1)", "ended with exit status 1"),
        ("import os; os.abort()", "ended by signal SIGABRT"),
        ("import os; os.kill(os.getpid(), 9)", "for lack of memory"),
        ("raise RuntimeError('no such algorithm')", "no such algorithm"),
        ("import os; os._exit(0)", "left no wave"),
        (write(dataset="4DSTEM_simulation/data/realslices/annular"), "no HRTEM simulation was run"),
        (write(value="numpy.nan"), "5120 NaN or infinite pixels of 5120"),
        (write(shape="(80, 64, 1)"), r"shape \(80, 64\)"),
        (write(dtype="float32"), "type float32"),
    ],
)
def test_every_way_of_failing_is_told_with_the_end_of_the_log(execute, go, words):
    with pytest.raises(PrismaticError, match=words) as caught:
        execute(go)
    assert "the end of its log:\n  " in str(caught.value)
    assert "started" in str(caught.value)


def test_a_run_that_takes_too_long_is_ended(execute):
    start = time.monotonic()
    with pytest.raises(PrismaticError, match="took more than 2 s and was ended"):
        execute("import time; time.sleep(60)", timeout_s=2.0)
    assert time.monotonic() - start < 20


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="Linux alone ends processes with their parent"
)
def test_a_killed_parent_takes_its_run_with_it(tmp_path):
    pid_file = tmp_path / "pid"
    go = f"import os, time, pathlib; pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid())); time.sleep(60)"
    python = stand_in(tmp_path / "env", go)
    program = (
        "from pathlib import Path; from hrtem_assets.waves.prismatic.process import run; "
        f"run(Path({str(python)!r}), {{'filenameOutput': 'output.h5'}}, 'atoms', (64, 80), 60.0)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], env=os.environ | {"TMPDIR": str(tmp_path)})
    try:
        _wait(lambda: pid_file.exists() and pid_file.read_text())
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    _wait(lambda: not _is_running(int(pid_file.read_text())))


def _is_running(pid):
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    # a zombie has ended; whoever adopted it has not looked yet
    return status.rpartition(")")[2].split()[0] != "Z"


def _wait(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
