"""Tasks over worker processes: results, errors, deaths, and progress in words."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.execution.progress import Progress, duration
from hrtem_assets.execution.workers import WorkerDiedError, map_processes
from hrtem_assets_tests.orchestration.served import wait_for


def square(x: int) -> int:
    return x * x


def fail_on_three(x: int) -> int:
    if x == 3:
        raise ValueError("three is refused")
    return x


def die_on_two(x: int) -> int:
    if x == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def print_word(_: int) -> str:
    # in one piece, beside other workers that print
    print(os.environ["HRTEM_TEST_WORD"] + "\n", end="", flush=True)
    return os.environ["HRTEM_TEST_WORD"]


def process_id_and_threads(_: int) -> tuple[int, str]:
    time.sleep(0.3)
    return os.getpid(), os.environ["OMP_NUM_THREADS"]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_is_answered_once(workers):
    assert dict(map_processes(square, range(7), workers)) == {x: x * x for x in range(7)}


def test_workers_are_processes_of_one_thread_each():
    answers = [answer for _, answer in map_processes(process_id_and_threads, range(6), 2)]
    assert {threads for _, threads in answers} == {"1"}
    assert len({pid for pid, _ in answers} - {os.getpid()}) == 2


@pytest.mark.parametrize("start", ["forkserver", "spawn"])
def test_a_worker_has_the_environment_of_the_moment_and_prints_where_we_print(monkeypatch, capfd, start):
    context = multiprocessing.get_context(start)
    monkeypatch.setattr("hrtem_assets.execution.workers._context", lambda: context)
    for word in ("first", "second"):
        monkeypatch.setenv("HRTEM_TEST_WORD", word)
        assert [word for _, word in map_processes(print_word, range(3), 2)] == [word] * 3
        assert capfd.readouterr().out.split() == [word] * 3


def test_the_server_that_workers_come_from_loads_everything_but_starts_no_thread():
    code = (
        "import os, sys\n"
        "import hrtem_assets.execution.preload\n"
        "assert 'hrtem_assets.execution.fill' in sys.modules\n"
        # an opened device is of no use to copies
        "assert 'cupy' not in sys.modules\n"
        "assert os.environ['NUMBA_NUM_THREADS'] == '1'\n"
        "if sys.platform == 'linux':\n"
        "    assert len(os.listdir('/proc/self/task')) == 1\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_workers_start_although_their_server_was_killed():
    assert dict(map_processes(square, range(2), 2)) == {0: 0, 1: 1}
    (server,) = (p for p in psutil.Process().children() if "forkserver" in " ".join(p.cmdline()))
    server.kill()
    # not waited for: that is for multiprocessing to do
    wait_for(lambda: server.status() == psutil.STATUS_ZOMBIE, 10)
    assert dict(map_processes(square, range(2), 2)) == {0: 0, 1: 1}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_task_is_raised_as_it_is(workers):
    with pytest.raises(ValueError, match="three is refused"):
        list(map_processes(fail_on_three, range(5), workers))


def test_a_killed_worker_is_an_error_that_says_how_to_go_on():
    with pytest.raises(WorkerDiedError, match="what was committed is kept: materialize again"):
        list(map_processes(die_on_two, range(5), 2))


def test_no_workers_is_refused():
    with pytest.raises(ValueError, match="workers = 0"):
        list(map_processes(square, [1], 0))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (725, "12 min 5 s"),
        (26_000, "7 h 13 min"),
        (273_600, "3 d 4 h"),
        (3600, "1 h"),
    ],
)
def test_durations_read_like_a_person_says_them(seconds, words):
    assert duration(seconds) == words


@given(st.integers(1, 50), st.integers(0, 49))
def test_progress_counts_what_was_there_before_and_ends_with_nothing_left(total, before):
    before = min(before, total - 1)
    lines: list[str] = []
    progress = Progress("labels Cu-small", total, before, lines.append)
    for _ in range(before, total):
        progress.advance(1, 0.5)
    assert lines[0].startswith(f"labels Cu-small: structure {before + 1} of {total}, 0.50 s each")
    assert f"structure {total} of {total}" in lines[-1]
    assert lines[-1].endswith(", 0 s left")
