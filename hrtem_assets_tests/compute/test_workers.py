"""Tasks over worker processes: results, errors, deaths, and progress in words."""

import os
import signal
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.compute.progress import Progress, duration
from hrtem_assets.compute.workers import WorkerDiedError, map_processes


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
