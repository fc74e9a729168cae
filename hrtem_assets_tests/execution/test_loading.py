"""Compute settings: which file or address is used, and errors that name field, value, range and repair."""

import textwrap
from pathlib import Path

import pytest

from hrtem_assets.execution.loading import (
    ComputeError,
    compute_from_environment,
    expected_workers,
    load_compute,
)
from hrtem_assets.execution.settings import ClusterCompute, LocalCompute
from hrtem_assets.execution.workers import available_workers
from hrtem_assets_tests.execution.dask_cluster import scheduler_at


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    monkeypatch.delenv("HRTEM_COMPUTE", raising=False)
    monkeypatch.delenv("HRTEM_WORKERS", raising=False)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "compute.yaml"
    path.write_text(text)
    return path


def test_without_settings_every_core_of_this_machine_works(monkeypatch):
    assert compute_from_environment() == LocalCompute()
    assert expected_workers(compute_from_environment()) == available_workers()
    monkeypatch.setenv("HRTEM_WORKERS", "3")
    assert compute_from_environment() == LocalCompute(workers=3)
    assert compute_from_environment(5) == LocalCompute(workers=5)


def test_an_address_alone_names_a_running_scheduler(monkeypatch):
    monkeypatch.setenv("HRTEM_COMPUTE", "tcp://node7:8786")
    assert compute_from_environment() == scheduler_at("tcp://node7:8786")
    assert compute_from_environment(6) == scheduler_at("tcp://node7:8786", at_once=6)


def test_what_a_file_writes_as_a_path_is_seen_from_its_folder(tmp_path, monkeypatch):
    text = """
        kind: cluster
        opener: distributed.Client
        options:
          address: tls://node7:8786
          security: {tls_ca_file: ./ca.pem, tls_client_cert: ../me.pem, tls_client_key: /keys/me.pem}
          names: [./a, b]
    """
    monkeypatch.setenv("HRTEM_COMPUTE", str(written(tmp_path, textwrap.dedent(text))))
    compute = compute_from_environment()
    assert isinstance(compute, ClusterCompute)
    assert compute.options == {
        "address": "tls://node7:8786",
        "security": {
            "tls_ca_file": str(tmp_path / "ca.pem"),
            "tls_client_cert": str(tmp_path.parent / "me.pem"),
            "tls_client_key": "/keys/me.pem",
        },
        "names": [str(tmp_path / "a"), "b"],
    }


def test_a_file_of_kind_local_yields_to_what_a_run_asks_for(tmp_path, monkeypatch):
    monkeypatch.setenv("HRTEM_COMPUTE", str(written(tmp_path, "kind: local\nworkers: 4")))
    assert compute_from_environment() == LocalCompute(workers=4)
    assert compute_from_environment(2) == LocalCompute(workers=2)


@pytest.mark.parametrize(
    ("compute", "workers"),
    [
        (LocalCompute(workers=7), 7),
        (scheduler_at("tcp://a:1", at_once=9), 9),
        (ClusterCompute(opener="a.B", workers_max=16), 16),
        (ClusterCompute(opener="a.B", workers=5), 5),
        (ClusterCompute(opener="a.B"), available_workers()),
    ],
)
def test_plans_reckon_with_the_workers_that_are_meant_to_come(compute, workers):
    assert expected_workers(compute) == workers


JOBS = "kind: cluster\nopener: dask_jobqueue.SLURMCluster\n"
RUNS = "kind: cluster\nopener: distributed.Client\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workers: 2", "kind is required (allowed: local, cluster); change it in"),
        ("kind: spark", "kind = 'spark' is not known (allowed: local, cluster"),
        ("kind: slurm\ncores: 4", "kind = 'slurm' is written as kind: cluster now"),
        ("kind: cuda", "see deploy/workstation/compute.yaml"),
        (
            "kind: local\nworkers: 0",
            "local.workers = 0: Input should be greater than or equal to 1 (allowed: >= 1 and <= 4096)",
        ),
        (
            "kind: local\nthreads: 2",
            "local.threads: is not a known field; remove it, or correct its spelling",
        ),
        ("kind: cluster", "cluster.opener: is required; add it in"),
        ("kind: cluster\nopener: Client", "cluster.opener = 'Client': write it as package.Class"),
        ("kind: cluster\nopener: 7", "cluster.opener = 7"),
        (JOBS + "options: [1]", "cluster.options"),
        (RUNS + "options: {address: node7}", "options.address = 'node7': write it as tcp://host:8786"),
        (RUNS, "options need address, such as tcp://host:8786, or scheduler_file"),
        (
            RUNS + "options: {address: 'tcp://a:1'}\nworkers: 3",
            "distributed.Client starts no workers: remove",
        ),
        (JOBS + "workers: 2\nworkers_max: 3", "give either workers, for a fixed size, or workers_max"),
        (JOBS + "workers_min: 3", "workers_min and adapt_options go with workers_max"),
        (JOBS + "workers_max: 8\nworkers_min: 12", "workers_min = 12 must not exceed workers_max = 8"),
        (JOBS + "memory_per_worker: '8'", "cluster.memory_per_worker = '8': write it as 32 GB or 500 MiB"),
        (JOBS + "workers_timeout_s: 0", "(allowed: > 0 and <= 2592000.0 s)"),
        (JOBS + "copies: 99", "(allowed: >= 1 and <= 64)"),
        ("- kind", "must be a mapping, lines such as 'name: value', not a list"),
        ("kind: [", "line 2: not valid YAML"),
    ],
)
def test_bad_settings_are_refused_with_field_value_range_and_repair(tmp_path, text, said):
    path = written(tmp_path, text)
    with pytest.raises(ComputeError) as caught:
        load_compute(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_what_the_environment_says_wrongly_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("HRTEM_COMPUTE", str(tmp_path / "none.yaml"))
    with pytest.raises(
        ComputeError, match=r"no compute settings .*none.yaml': set HRTEM_COMPUTE to a YAML file"
    ):
        compute_from_environment()
    monkeypatch.setenv("HRTEM_COMPUTE", "tcp://node7")
    with pytest.raises(ComputeError, match=r"options.address = 'tcp://node7': write it as tcp://host:8786"):
        compute_from_environment()
