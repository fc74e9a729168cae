"""Every `HRTEM_*` environment variable: its name, type, allowed values and default, read when it is asked for."""

import os
from difflib import get_close_matches
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hrtem_assets.base.errors import HrtemError

MOST_WORKERS = 4096
"""More processes than any machine has cores."""

# of scripts under deploy/, and of tests
_READ_ELSEWHERE = ("HRTEM_INJECTIONS*", "HRTEM_KILLS", "HRTEM_SCHEDULER_FILE", "HRTEM_TEST*", "HRTEM_VENV")


class EnvironmentVariableError(HrtemError, ValueError):
    """Variables that cannot be used; a line for each names it, its value, what is allowed and the repair."""


def _variable(name: str, default: Any, allowed: str, unset: str, **constraints: Any) -> Any:
    """A field that is read from one variable.

    Args:
        name: of the variable.
        default: if it is not set or empty.
        allowed: its values, in words.
        unset: what the default means, in words.
        constraints: `ge`, `gt`, `le`, `pattern` as in `pydantic.Field`.
    """
    return Field(
        default,
        validation_alias=name,
        description=allowed,
        json_schema_extra={"unset": unset},
        **constraints,
    )


class Environment(BaseSettings):
    """The variables as they are now; made by `environment`."""

    model_config = SettingsConfigDict(case_sensitive=True, env_ignore_empty=True, extra="ignore", frozen=True)

    campaign: str = _variable("HRTEM_CAMPAIGN", "demo", "demo, paper or a YAML file", "demo")
    data: str = _variable("HRTEM_DATA", "data", "a folder", "the folder data")
    assets: str | None = _variable(
        "HRTEM_ASSETS", None, "a folder or the URL of an object store", "assets in the data folder"
    )
    workers: int | None = _variable(
        "HRTEM_WORKERS",
        None,
        f"a number of worker processes, at least 1 and at most {MOST_WORKERS}",
        "every core",
        ge=1,
        le=MOST_WORKERS,
    )
    compute: str | None = _variable(
        "HRTEM_COMPUTE", None, "a YAML file or a Dask scheduler's address", "this machine"
    )
    device: Literal["auto", "cpu", "cuda"] = _variable(
        "HRTEM_DEVICE", "auto", "auto, cpu or cuda", "a CUDA device where there is one"
    )
    gpu_memory_fraction: float = _variable(
        "HRTEM_GPU_MEMORY_FRACTION", 0.8, "a number above 0 and up to 1", "0.8", gt=0, le=1
    )
    prismatic_python: str | None = _variable(
        "HRTEM_PRISMATIC_PYTHON", None, "the interpreter that holds Prismatic 2.0", "no Prismatic"
    )
    allowed_hosts: str = _variable(
        "HRTEM_ALLOWED_HOSTS",
        "",
        "names under which a proxy serves the UI, without scheme and port, separated by commas",
        "the machine's own addresses alone",
        pattern=r"^\s*[^\s,/:]+(\s*,\s*[^\s,/:]+)*\s*$|^$",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _blank_is_not_set(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str):
            return value
        assert info.field_name is not None
        if value.startswith("~"):
            # of an unknown user: a RuntimeError wherever the path is used
            try:
                Path(value).expanduser()
            except RuntimeError as error:
                raise ValueError(str(error)) from error
        return value.strip() or cls.model_fields[info.field_name].get_default()


VARIABLES = {str(field.validation_alias): name for name, field in Environment.model_fields.items()}
"""Fields of `Environment` by the name of their variable."""


def environment() -> Environment:
    """The variables as they are at this moment: workers and tests change them after import.

    Raises:
        EnvironmentVariableError: if one has a value that is not allowed.
    """
    try:
        return Environment()
    except ValidationError as error:
        wrong = dict.fromkeys(str(fault["loc"][0]) for fault in error.errors())
        raise EnvironmentVariableError("\n".join(_refusal(name) for name in wrong)) from None


def allowed_hosts() -> list[str]:
    """The names in `HRTEM_ALLOWED_HOSTS`."""
    return [name.strip() for name in environment().allowed_hosts.split(",") if name.strip()]


def unknown_variables() -> list[str]:
    """A line for each variable that nothing here reads, most often a misspelt one."""
    names = sorted(n for n in os.environ if n.upper().startswith("HRTEM_") and n not in VARIABLES)
    return [_warning(n) for n in names if not any(fnmatch(n, pattern) for pattern in _READ_ELSEWHERE)]


def _refusal(name: str) -> str:
    field = Environment.model_fields[VARIABLES[name]]
    assert isinstance(field.json_schema_extra, dict)
    return (
        f"{name} = {os.environ[name]!r} must be {field.description}; change it, or unset it for "
        f"{field.json_schema_extra['unset']}"
    )


def _warning(name: str) -> str:
    meant = get_close_matches(name.upper(), VARIABLES, n=1)
    repair = f"did you mean {meant[0]}?" if meant else f"there are {', '.join(VARIABLES)}"
    return f"the variable {name} is set, and nothing reads it: {repair}"
