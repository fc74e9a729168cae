"""Environment variables: read when asked for, empty is not set, and what cannot be used is said in a line."""

import os
import re
from pathlib import Path

import pytest

from hrtem_assets.base.environment import (
    MOST_WORKERS,
    VARIABLES,
    EnvironmentVariableError,
    environment,
    unknown_variables,
)

SOURCES = Path(__file__).parents[2] / "hrtem_assets"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in [n for n in os.environ if n.startswith("HRTEM_")]:
        monkeypatch.delenv(name)


def test_what_is_not_set_has_its_default():
    found = environment()
    assert (found.campaign, found.data, found.device) == ("demo", "data", "auto")
    assert {found.assets, found.workers, found.compute, found.prismatic_python} == {None}


@pytest.mark.parametrize("blank", ["", "  ", "\t"])
@pytest.mark.parametrize("name", VARIABLES)
def test_an_empty_variable_is_not_set(monkeypatch, name, blank):
    default = environment()
    monkeypatch.setenv(name, blank)
    assert environment() == default


def test_each_call_reads_the_variables_of_that_moment(monkeypatch):
    for workers in (3, 5, MOST_WORKERS):
        monkeypatch.setenv("HRTEM_WORKERS", f" {workers} ")
        assert environment().workers == workers


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        *(
            ("HRTEM_WORKERS", value, "a number of worker processes, at least 1 and at most 4096")
            for value in ("0", "-1", "abc", "2.5", "1000000000", "inf", "nan", "1e3", "0x10", "two")
        ),
        *(("HRTEM_DEVICE", value, "auto, cpu or cuda") for value in ("tpu", "CUDA", "gpu")),
        *(
            ("HRTEM_GPU_MEMORY_FRACTION", value, "a number above 0 and up to 1")
            for value in ("0", "-0.1", "1.01", "80%", "nan", "inf")
        ),
        ("HRTEM_DATA", "~nobody-of-this-name/data", "a folder"),
        ("HRTEM_ASSETS", "~nobody-of-this-name/assets", "a folder or the URL of an object store"),
        ("HRTEM_CAMPAIGN", "~nobody-of-this-name/my.yaml", "demo, paper or a YAML file"),
    ],
)
def test_a_bad_value_is_refused_with_variable_value_allowed_and_repair(monkeypatch, name, value, allowed):
    monkeypatch.setenv(name, value)
    with pytest.raises(EnvironmentVariableError) as caught:
        environment()
    assert str(caught.value).startswith(f"{name} = {value!r} must be {allowed}; change it, or unset it for ")


def test_each_bad_variable_has_its_own_line(monkeypatch):
    monkeypatch.setenv("HRTEM_WORKERS", "0")
    monkeypatch.setenv("HRTEM_DEVICE", "tpu")
    with pytest.raises(EnvironmentVariableError, match=r"(?s)HRTEM_WORKERS = '0'.*\nHRTEM_DEVICE = 'tpu'"):
        environment()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HRTEM_WORKER", "HRTEM_WORKERS"),
        ("HRTEM_DATA_DIR", "HRTEM_DATA"),
        ("HRTEM_ASSET", "HRTEM_ASSETS"),
        ("hrtem_campaign", "HRTEM_CAMPAIGN"),
        ("HRTEM_CAMPAING", "HRTEM_CAMPAIGN"),
    ],
)
def test_a_misspelt_variable_is_said_with_the_one_meant(monkeypatch, name, meant):
    monkeypatch.setenv(name, "3")
    (line,) = unknown_variables()
    assert line == f"the variable {name} is set, and nothing reads it: did you mean {meant}?"


def test_known_variables_and_those_of_scripts_and_tests_are_not_warned_about(monkeypatch):
    for name in (*VARIABLES, "HRTEM_VENV", "HRTEM_KILLS", "HRTEM_TEST_GATE", "HRTEM_TESTS_WORLD"):
        monkeypatch.setenv(name, "1")
    assert unknown_variables() == []


def test_the_environment_is_read_in_one_place():
    """But for what others own: Dagster's home, numerical libraries' threads, all that a child process gets."""
    others = {
        "execution/cluster_worker.py",
        "execution/workers.py",
        "orchestration/instance.py",
        "orchestration/recorded.py",
        "waves/prismatic/process.py",
    }
    reading = re.compile(r"os\.(environ|getenv)")
    found = {str(p.relative_to(SOURCES)): p.read_text("utf-8") for p in SOURCES.rglob("*.py")}
    assert {name for name, text in found.items() if reading.search(text)} == others | {"base/environment.py"}
    assert not any(re.search(r"environ[^\n]*HRTEM_", found[name]) for name in others)


def test_the_readme_lists_every_variable():
    readme = (SOURCES.parent / "README.md").read_text("utf-8")
    assert [name for name in VARIABLES if f"| `{name}`" not in readme] == []
