"""Tasks on a real Dask cluster: results, errors, lost workers and schedulers, unfit workers, cancelling."""

import json
import os
import signal
import subprocess
import time
from contextlib import closing
from itertools import pairwise

import pytest

from hrtem_assets.execution import cluster_tasks
from hrtem_assets.execution.cluster_tasks import NoWorkersError, SchedulerLostError
from hrtem_assets.execution.cluster_worker import UnfitWorkerError
from hrtem_assets.execution.loading import ComputeError, load_compute
from hrtem_assets.execution.settings import RUNNING, ClusterCompute
from hrtem_assets.execution.tasks import map_tasks
from hrtem_assets.execution.workers import WorkerDiedError
from hrtem_assets_tests.execution.dask_cluster import (
    DaskProcesses,
    dask_processes,
    kill,
    scheduler_at,
    wait_until,
)
from hrtem_assets_tests.execution.jobs import Marking, die_on_two, fail_on_three, span, square

pytestmark = pytest.mark.slow


def run(function, tasks, cluster: DaskProcesses, log=lambda _: None, **settings):
    return map_tasks(
        function, tasks, scheduler_at(cluster.address, **settings), name="squares of numbers", log=log
    )


def test_every_task_is_answered_once_and_the_log_says_where(two_workers):
    lines: list[str] = []
    assert dict(run(square, range(40), two_workers, lines.append)) == {x: x * x for x in range(40)}
    assert len(lines) == 1
    assert lines[0].startswith(
        f"squares of numbers: on Dask scheduler {two_workers.address}, 2 workers there now; dashboard: http"
    )


def test_an_error_in_a_task_is_raised_as_it_is_with_its_notes(two_workers):
    with pytest.raises(ValueError, match="three is refused") as caught:
        list(run(fail_on_three, range(5), two_workers))
    assert caught.value.__notes__ == ["while thinking of three"]


def test_tasks_run_one_at_a_time_in_their_order_where_one_at_once_is_asked_for(two_workers):
    answers = dict(run(span, range(5), two_workers, at_once=1))
    spans = [answers[x][:2] for x in range(5)]
    assert all(end <= begun for (_, end), (begun, _) in pairwise(spans))


def test_tasks_spread_over_all_workers(two_workers):
    assert len({pid for _, (_, _, pid) in run(span, range(12), two_workers)}) == 2


def test_a_scheduler_is_also_found_by_its_file(two_workers):
    compute = ClusterCompute(opener=RUNNING, options={"scheduler_file": str(two_workers.scheduler_file)})
    assert dict(map_tasks(square, [3], compute, name="squares", log=lambda _: None)) == {3: 9}


def test_a_file_of_a_scheduler_that_is_not_there_is_an_error_that_names_it():
    compute = ClusterCompute(opener=RUNNING, options={"scheduler_file": "/none/s.json"})
    with pytest.raises(
        ComputeError, match=r"scheduler_file = '/none/s.json' does not exist: start a scheduler"
    ):
        list(map_tasks(square, [3], compute, name="squares", log=lambda _: None))


def test_an_option_that_the_client_does_not_know_is_an_error_that_names_it():
    compute = ClusterCompute(opener=RUNNING, options={"address": "tcp://127.0.0.1:9", "colour": "red"})
    with pytest.raises(ComputeError, match=r"colour.*; correct options in the compute settings"):
        list(map_tasks(square, [3], compute, name="squares", log=lambda _: None))


def test_what_has_not_begun_is_cancelled_when_the_run_ends(two_workers, tmp_path):
    with closing(run(Marking(tmp_path, 0.3), range(40), two_workers)) as finished:
        next(finished)
    time.sleep(1.0)
    assert len(list(tmp_path.iterdir())) < 8
    # and the workers are free for the next
    assert dict(run(square, [4], two_workers)) == {4: 16}


def test_a_killed_worker_costs_only_its_tasks(cluster, tmp_path):
    cluster.add_worker()
    victim = cluster.add_worker()
    answers = {}
    for task, answer in run(Marking(tmp_path, 0.15), range(16), cluster):
        answers[task] = answer
        if len(answers) == 3:
            kill(victim)
    assert answers == {x: x for x in range(16)}


def test_results_that_a_killed_worker_still_held_are_made_again(cluster, tmp_path):
    victim = cluster.add_worker()
    work = run(Marking(tmp_path, 0.1), range(5), cluster)
    answers = dict([next(work)])
    # while nobody takes it, the second result lies on the worker
    wait_until(lambda: len(list(tmp_path.iterdir())) > 1, "the second task begins")
    time.sleep(1.0)
    kill(victim)
    time.sleep(1.0)
    cluster.add_worker()
    assert answers | dict(work) == {x: x for x in range(5)}


def test_a_task_that_kills_its_workers_is_an_error_that_says_how_to_go_on(cluster):
    cluster.add_worker()
    with pytest.raises(WorkerDiedError, match=r"lost one after the other.*materialize again to go on"):
        list(run(die_on_two, range(4), cluster))


def test_no_worker_at_all_is_an_error_in_bounded_time(cluster, monkeypatch):
    monkeypatch.setattr(cluster_tasks, "ASK_S", 0.2)
    with pytest.raises(NoWorkersError, match="has had no worker for 1 s; start workers with: dask worker"):
        list(run(square, [1], cluster, workers_timeout_s=1.0))


def test_an_absent_scheduler_is_an_error_that_says_how_to_start_one(monkeypatch):
    monkeypatch.setattr(cluster_tasks, "CONNECT_S", 1.0)
    compute = scheduler_at("tcp://127.0.0.1:9")
    start = time.monotonic()
    with pytest.raises(SchedulerLostError, match=r"tcp://127.0.0.1:9 does not answer.*dask scheduler"):
        list(map_tasks(square, [1], compute, name="squares", log=lambda _: None))
    assert time.monotonic() - start < 15


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_scheduler_that_dies_or_hangs_is_an_error_in_bounded_time(tmp_path, monkeypatch, how):
    monkeypatch.setattr(cluster_tasks, "ASK_S", 1.0)
    monkeypatch.setattr(cluster_tasks, "ANSWER_S", 2.0)
    (tmp_path / "marks").mkdir()
    with dask_processes(tmp_path / "dask", workers=1) as cluster:
        asked = False
        with pytest.raises(SchedulerLostError, match=r"does not answer any more.*what was committed is kept"):
            for _ in run(Marking(tmp_path / "marks", 0.2), range(100), cluster):
                if not asked:
                    os.kill(cluster.scheduler.pid, how)
                    asked, start = True, time.monotonic()
        assert time.monotonic() - start < 20


def test_a_worker_of_several_threads_is_refused(cluster):
    cluster.add_worker(threads=2)
    with pytest.raises(
        UnfitWorkerError, match=r"worker tcp://.* on host .*: it runs 2 tasks at once.*--nthreads 1"
    ):
        list(run(square, [1], cluster))


def test_a_worker_whose_libraries_may_start_threads_is_refused(cluster):
    cluster.add_worker(nanny=False, environment={"OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "1"})
    with pytest.raises(
        UnfitWorkerError, match="start it with OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 in its env"
    ):
        list(run(square, [1], cluster))


def test_a_worker_of_another_version_of_this_package_is_refused(cluster, monkeypatch):
    cluster.add_worker()
    monkeypatch.setattr("hrtem_assets.__version__", "0.0.1")
    with pytest.raises(
        UnfitWorkerError, match=r"hrtem-assets is \S+ there and 0.0.1 here; install the same on both"
    ):
        list(run(square, [1], cluster))


def test_a_worker_without_this_package_is_refused_and_the_next_one_welcome(cluster, tmp_path):
    (tmp_path / "hrtem_assets.py").write_text("raise ModuleNotFoundError('no hrtem_assets here')")
    elsewhere = {"environment": {"PYTHONPATH": str(tmp_path)}, "folder": tmp_path}
    without = cluster.add_worker(**elsewhere)
    work = run(square, [1], cluster)
    with pytest.raises(
        UnfitWorkerError,
        match=r"lacks a package \(.*no hrtem_assets here.*\); install the same packages there",
    ):
        next(work)
    kill(without)
    cluster.add_worker()
    work = run(square, range(3), cluster)
    results = dict([next(work)])
    # a worker of somebody else who shares the scheduler can join at any time
    cluster.add_worker(**elsewhere)
    work.close()
    assert results == {0: 0}


def test_a_scheduler_that_wants_certificates_gets_them(tmp_path):
    pem = tmp_path / "both.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hrtem -keyout k.pem -out c.pem"
    try:
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("not installed: openssl")
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    pem.write_text(certificate.read_text())
    options = [
        *("--tls-ca-file", str(pem), "--tls-cert", str(certificate), "--tls-key", str(key)),
        *("--protocol", "tls"),
    ]
    with dask_processes(tmp_path / "dask", workers=1, options=options) as cluster:
        assert cluster.address.startswith("tls://")
        files = {"tls_ca_file": "./both.pem", "tls_client_cert": "./c.pem", "tls_client_key": "./k.pem"}
        for names, said in ((files, None), (files | {"tls_ca_file": "./none.pem"}, "No such file")):
            security = {**names, "require_encryption": True}
            call = {"address": cluster.address, "security": security}
            (tmp_path / "compute.yaml").write_text(
                json.dumps({"kind": "cluster", "opener": RUNNING, "options": call})
            )
            work = map_tasks(
                square, [3], load_compute(tmp_path / "compute.yaml"), name="squares", log=lambda _: None
            )
            if said is None:
                assert dict(work) == {3: 9}
            else:
                with pytest.raises(SchedulerLostError, match=said):
                    list(work)
    wait_until(lambda: cluster.scheduler.poll() is not None, "the scheduler ends")
