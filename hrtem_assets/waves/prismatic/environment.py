"""Where Prismatic 2.0 is: the interpreter that a user names, and what it really holds."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path

from hrtem_assets.base.environment import environment
from hrtem_assets.waves.engine import EngineNotInstalledError

VARIABLE = "HRTEM_PRISMATIC_PYTHON"
BRIDGE = Path(__file__).with_name("bridge.py")
DESCRIBE_SECONDS = 120

_HOW = (
    "install Prismatic 2.0 into an environment of its own:\n"
    '  conda create -n prismatic -c conda-forge "pyprismatic=2.*" h5py scipy\n'
    f"and set {VARIABLE} to that environment's interpreter, for example "
    "~/miniforge3/envs/prismatic/bin/python"
)


class PrismaticNotFoundError(EngineNotInstalledError):
    """There is no usable Prismatic 2.0; the message says what is there instead, and how to install it."""


def prismatic_python() -> Path:
    """The interpreter that holds Prismatic 2.0, named by the environment variable `HRTEM_PRISMATIC_PYTHON`.

    It is asked what it holds, once in a process.

    Raises:
        PrismaticNotFoundError: if the variable is not set, names no interpreter, or one without Prismatic 2.0.
    """
    named = environment().prismatic_python
    if not named:
        raise PrismaticNotFoundError(f"Prismatic is not set up: {VARIABLE} is not set; {_HOW}")
    executable = shutil.which(Path(named).expanduser())
    if executable is None:
        raise PrismaticNotFoundError(
            f"{VARIABLE} = {named!r} is not an executable file; correct it, or {_HOW}"
        )
    # not resolved: an environment's interpreter is often a link, and knows its packages by its own path
    path = Path(executable).absolute()
    _require_hrtem(path)
    return path


@cache
def _require_hrtem(python: Path) -> None:
    holds = _describe(python)
    detail = holds.get("detail", "")
    reasons = {
        "stem": f"its pyprismatic ({detail}) is older than 2.0 and has no HRTEM mode: PyPI's pyprismatic 1.1.16 "
        f"is the STEM-only version of 2017; remove it and",
        "other": "it holds a package `prismatic`, which is unrelated, and no `pyprismatic`;",
        "absent": "it holds no package `pyprismatic`;",
        "incomplete": f"pyprismatic needs {holds.get('missing')}, which is missing there: install that, or",
        "broken": f"its pyprismatic cannot be imported ({detail});",
    }
    kind = holds.get("kind", "")
    if kind != "hrtem":
        reason = reasons.get(kind, f"it does not answer as a Python interpreter does ({detail});")
        raise PrismaticNotFoundError(f"{VARIABLE} = {str(python)!r}: {reason} {_HOW}")


def _describe(python: Path) -> dict[str, str]:
    try:
        done = subprocess.run(
            # isolated: what this interpreter's own variables point to was built for another Python
            [python, "-I", BRIDGE, "describe"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DESCRIBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"detail": str(error)}
    try:
        # importing may print; the answer is the last line
        answer = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        answer = None
    if isinstance(answer, dict):
        return answer
    return {"detail": f"exit status {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}"}
