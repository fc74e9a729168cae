"""The files under deploy/: each is read by what reads it in earnest, and agrees with the others."""

import configparser
import re
import shlex
import subprocess
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from hrtem_assets.base.environment import VARIABLES
from hrtem_assets.execution.loading import load_compute
from hrtem_assets.execution.settings import RUNNING, ClusterCompute

REPOSITORY = Path(__file__).parents[2]
DEPLOY = REPOSITORY / "deploy"
SLURM, KUBERNETES = DEPLOY / "slurm", DEPLOY / "kubernetes"
KNOWN = {*VARIABLES, "DAGSTER_HOME", "DAGSTER_POSTGRES_URL"}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def units(path: Path) -> configparser.ConfigParser:
    # a unit may name Environment several times
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


@pytest.mark.parametrize(
    ("name", "opener"),
    [
        ("workstation/compute.yaml", "dask_cuda.LocalCUDACluster"),
        ("slurm/compute.yaml", "dask_jobqueue.SLURMCluster"),
        ("slurm/standing.yaml", RUNNING),
        ("kubernetes/compute.yaml", "dask_kubernetes.operator.KubeCluster"),
    ],
)
def test_compute_files_are_read_by_our_own_model_and_name_what_they_open(name, opener):
    compute = load_compute(DEPLOY / name)
    assert isinstance(compute, ClusterCompute) and compute.opener == opener


def test_every_file_is_named_in_the_text_that_explains_them():
    text = (REPOSITORY / "docs" / "scaling.md").read_text("utf-8")
    missing = [
        path.relative_to(REPOSITORY).as_posix()
        for path in DEPLOY.rglob("*")
        if path.is_file() and path.relative_to(REPOSITORY).as_posix() not in text
    ]
    assert missing == []


def test_dagster_reads_the_instance_with_postgres_and_it_is_ours_but_for_the_storage(monkeypatch, tmp_path):
    from dagster._core.instance.config import dagster_instance_config

    monkeypatch.setenv("DAGSTER_POSTGRES_URL", "postgresql://me:secret@127.0.0.1:5432/dagster")
    (tmp_path / "dagster.yaml").write_text((SLURM / "dagster.yaml").read_text("utf-8"))
    settings, _ = dagster_instance_config(str(tmp_path))
    assert settings["storage"] == {"postgres": {"postgres_url": {"env": "DAGSTER_POSTGRES_URL"}}}
    ours = read(REPOSITORY / "hrtem_assets" / "orchestration" / "dagster.yaml")
    assert {k: v for k, v in read(SLURM / "dagster.yaml").items() if k != "storage"} == ours


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.service")), ids=lambda p: p.name)
def test_services_start_programs_of_the_environment_with_variables_that_exist(path):
    unit = units(path)
    assert unit["Install"]["WantedBy"] == "multi-user.target"
    program, *arguments = shlex.split(unit["Service"]["ExecStart"].replace("\\\n", " "))
    name = Path(program).name
    scripts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert "/.venv/bin/" in program
    if name == "python":
        assert find_spec(arguments[1]) is not None
    else:
        # Dagster's own webserver would answer to any host
        assert name in {*scripts, "dask", "dagster-daemon"}
    # nothing is open to the network that has no authentication
    assert not {"0.0.0.0", "::"} & set(arguments)
    named = re.findall(r"^Environment=(\w+)=(\S+)", path.read_text("utf-8"), re.MULTILINE)
    assert {key for key, _ in named} <= KNOWN
    for key, value in named:
        if key == "HRTEM_COMPUTE":
            assert (REPOSITORY / value.split("/hrtem_assets/", 1)[1]).is_file()


def test_the_environment_file_of_slurm_names_files_that_exist():
    lines = (SLURM / "hrtem.env").read_text("utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert settings.keys() <= KNOWN
    assert (REPOSITORY / settings["HRTEM_COMPUTE"].split("/hrtem_assets/", 1)[1]).is_file()
    assert settings["DAGSTER_HOME"].startswith("/")
    # without a name SQLAlchemy 2.1 looks for psycopg 3; dagster-postgres brings psycopg2
    assert settings["DAGSTER_POSTGRES_URL"].startswith("postgresql+psycopg2://")
    assert read(KUBERNETES / "values.yaml")["postgresql"]["postgresqlScheme"] == "postgresql+psycopg2"


def test_workers_of_a_standing_scheduler_find_its_file_and_run_one_thread_each(tmp_path):
    script = (SLURM / "workers.sbatch").read_text("utf-8")
    subprocess.run(["bash", "-n", SLURM / "workers.sbatch"], check=True)
    standing = load_compute(SLURM / "standing.yaml")
    assert isinstance(standing, ClusterCompute)
    file = standing.options["scheduler_file"]
    assert f":-{file}}}" in script
    assert f"--scheduler-file {file}" in (SLURM / "hrtem-scheduler.service").read_text("utf-8")
    # run as Slurm would, with a program that says how it was called
    program = tmp_path / "bin" / "dask"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$OMP_NUM_THREADS $OPENBLAS_NUM_THREADS $MKL_NUM_THREADS" "$@"\n')
    program.chmod(0o755)
    said = subprocess.run(
        ["bash", SLURM / "workers.sbatch"],
        env={
            "PATH": "/usr/bin:/bin",
            "HRTEM_VENV": str(tmp_path),
            "SLURM_CPUS_PER_TASK": "8",
            "TMPDIR": "/scratch",
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.split() == [
        *("1", "1", "1", "worker", "--scheduler-file", file),
        *("--nworkers", "8", "--nthreads", "1", "--memory-limit", "0"),
        *("--local-directory", "/scratch", "--death-timeout", "600"),
    ]


def test_kubernetes_runs_and_workers_share_image_stores_secret_and_service_account():
    values = read(KUBERNETES / "values.yaml")
    compute = load_compute(KUBERNETES / "compute.yaml")
    assert isinstance(compute, ClusterCompute)
    assert compute.options["custom_cluster_spec"] == str(KUBERNETES / "cluster.yaml")
    (worker,) = read(KUBERNETES / "cluster.yaml")["spec"]["worker"]["spec"]["containers"]
    (code,) = values["dagster-user-deployments"]["deployments"]
    assert worker["image"] == f"{code['image']['repository']}:{code['image']['tag']}"
    env = {item["name"]: item["value"] for item in code["env"]}
    assert env.keys() <= KNOWN
    assert {"name": "HRTEM_ASSETS", "value": env["HRTEM_ASSETS"]} in worker["env"]
    assert [secret["name"] for secret in code["envSecrets"]] == [
        source["secretRef"]["name"] for source in worker["envFrom"]
    ]
    # the settings of compute are mounted where HRTEM_COMPUTE says
    mounts = {mount["name"]: mount["mountPath"] for mount in code["volumeMounts"]}
    assert mounts.keys() == {volume["name"] for volume in code["volumes"]}
    assert env["HRTEM_COMPUTE"] == f"{mounts['compute']}/compute.yaml"
    assert env["HRTEM_DATA"] == mounts["data"]
    assert code["includeConfigInLaunchedRuns"] == {"enabled": True}
    role, binding = yaml.safe_load_all((KUBERNETES / "rbac.yaml").read_text("utf-8"))
    assert role["metadata"] == {"name": binding["roleRef"]["name"], "namespace": compute.options["namespace"]}
    assert binding["subjects"][0]["name"] == values["global"]["serviceAccountName"]


def test_kubernetes_limits_runs_as_one_machine_does():
    ours = read(REPOSITORY / "hrtem_assets" / "orchestration" / "dagster.yaml")
    values = read(KUBERNETES / "values.yaml")
    camel = {
        re.sub(r"_(\w)", lambda m: m.group(1).upper(), key): value
        for part in ("runs", "pools")
        for key, value in ours["concurrency"][part].items()
    }
    assert values["concurrency"]["runs"] | values["concurrency"]["pools"] == camel


def test_the_image_is_built_from_the_lock_and_the_extras_that_exist():
    text = (KUBERNETES / "Dockerfile").read_text("utf-8")
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    (extras,) = re.findall(r"'\.\[([\w,-]+)\]'", text)
    assert set(extras.split(",")) <= project["optional-dependencies"].keys()
    (python,) = re.findall(r"^FROM python:3\.(\d+)-", text, re.MULTILINE)
    least, below = (int(n) for n in re.findall(r"3\.(\d+)", project["requires-python"]))
    assert least <= int(python) < below
    assert "--require-hashes -r requirements.lock" in text
    for copied in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE):
        for name in copied.split():
            assert (REPOSITORY / name).exists(), name
    (worker,) = read(KUBERNETES / "cluster.yaml")["spec"]["worker"]["spec"]["containers"]
    assert worker["image"].endswith(f":{project['version']}")
    assert f"-t {worker['image']} " in text


def test_the_constraints_of_the_image_are_the_versions_of_the_lock():
    """The command of the Dockerfile, run on the lock file."""
    text = (KUBERNETES / "Dockerfile").read_text("utf-8")
    (command,) = re.findall(r"(sed -n .+? requirements\.lock)", text)
    shown = subprocess.run(
        ["sh", "-c", command], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    wanted = re.findall(
        r"^([\w.-]+)(?:\[.*?\])?==([^\s;]+)", (REPOSITORY / "requirements.lock").read_text(), re.M
    )
    assert re.findall(r"^([\w.-]+)==([^\s;]+)", shown, re.M) == wanted
    assert "--hash" not in shown and "\\" not in shown
