"""Compute settings: which file or address is used, and errors that name field, value, range and repair."""

from pathlib import Path

import pytest

from hrtem_assets.execution.loading import (
    ComputeError,
    compute_from_environment,
    expected_workers,
    load_compute,
)
from hrtem_assets.execution.settings import (
    CudaCompute,
    DaskCompute,
    KubernetesCompute,
    LocalCompute,
    SlurmCompute,
)
from hrtem_assets.execution.workers import available_workers


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
    assert compute_from_environment() == DaskCompute(address="tcp://node7:8786")
    assert compute_from_environment(6) == DaskCompute(address="tcp://node7:8786", at_once=6)


def test_a_file_says_its_kind_and_its_paths_are_relative_to_it(tmp_path, monkeypatch):
    path = written(
        tmp_path,
        "kind: dask\naddress: tls://node7:8786\n"
        "tls: {ca_file: ca.pem, cert_file: certs/me.pem, key_file: /keys/me.pem}\n",
    )
    monkeypatch.setenv("HRTEM_COMPUTE", str(path))
    compute = compute_from_environment()
    assert isinstance(compute, DaskCompute) and compute.tls is not None
    assert compute.tls.ca_file == tmp_path / "ca.pem"
    assert compute.tls.cert_file == tmp_path / "certs" / "me.pem"
    assert compute.tls.key_file == Path("/keys/me.pem")
    assert load_compute(written(tmp_path, "kind: dask\nscheduler_file: s.json")) == DaskCompute(
        scheduler_file=tmp_path / "s.json"
    )


def test_a_file_of_kind_local_yields_to_what_a_run_asks_for(tmp_path, monkeypatch):
    monkeypatch.setenv("HRTEM_COMPUTE", str(written(tmp_path, "kind: local\nworkers: 4")))
    assert compute_from_environment() == LocalCompute(workers=4)
    assert compute_from_environment(2) == LocalCompute(workers=2)


@pytest.mark.parametrize(
    ("compute", "workers"),
    [
        (LocalCompute(workers=7), 7),
        (DaskCompute(address="tcp://a:1", at_once=9), 9),
        (SlurmCompute(cores=4, memory="8 GB", walltime="1:00:00", workers_max=16), 16),
        (KubernetesCompute(image="i", workers=5), 5),
        (CudaCompute(devices=(0, 1), workers_per_device=3), 6),
    ],
)
def test_plans_reckon_with_the_workers_that_are_meant_to_come(compute, workers):
    assert expected_workers(compute) == workers


SLURM = "kind: slurm\ncores: 4\nmemory: 8 GB\nwalltime: '12:00:00'\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workers: 2", "kind is required (allowed: local, dask, slurm, kubernetes, cuda); change it in"),
        ("kind: spark", "kind = 'spark' is not known (allowed: local, dask"),
        (
            "kind: local\nworkers: 0",
            "local.workers = 0: Input should be greater than or equal to 1 (allowed: >= 1 and <= 4096)",
        ),
        (
            "kind: local\nthreads: 2",
            "local.threads: is not a known field; remove it, or correct its spelling",
        ),
        ("kind: dask", "give either address or scheduler_file"),
        ("kind: dask\naddress: node7", "dask.address = 'node7': write it as tcp://host:8786"),
        ("kind: dask\naddress: tls://node7:8786", "an address that begins with tls:// needs tls"),
        (SLURM + "workers: 6", "workers = 6 must be a multiple of cores = 4"),
        (SLURM, "give either workers, for a fixed size, or workers_max"),
        (SLURM + "workers_max: 8\nworkers_min: 12", "workers_min = 12 must not exceed workers_max = 8"),
        (SLURM.replace("8 GB", "'8'") + "workers: 4", "slurm.memory = '8': write it as 32 GB or 500 MiB"),
        (SLURM.replace("'12:00:00'", "12h") + "workers: 4", "slurm.walltime = '12h': write it as 12:00:00"),
        (SLURM + "workers: 4\nworkers_timeout_s: 0", "(allowed: > 0 and <= 2592000.0 s)"),
        ("kind: kubernetes\nworkers: 2", "kubernetes.image: is required; add it in"),
        (
            "kind: kubernetes\nimage: i\nworkers: 2\nvolume_mounts: [{name: a, mountPath: /a}]",
            "volume_mounts name 'a', but volumes holds: none",
        ),
        ("kind: cuda\ndevices: [0, 0]", "GPU numbers are different and count from 0"),
        ("kind: cuda\nworkers_per_device: 99", "(allowed: >= 1 and <= 16)"),
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
    with pytest.raises(ComputeError, match=r"dask.address = 'tcp://node7'"):
        compute_from_environment()
