"""The Dagster instance under the data root: its home, its settings, and how the UI is started on it."""

import os
import shutil
from importlib.resources import files
from pathlib import Path

import dagster as dg
from filelock import FileLock

from hrtem_assets.store.layout import data_root
from hrtem_assets.store.room import room_in


def prepare_home() -> Path:
    """Set `DAGSTER_HOME`, if it is not set, to `dagster_home` under the data root, with the shipped dagster.yaml.

    Without an absolute home Dagster forgets all history when it stops.

    Returns:
        the home folder.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or data_root() / "dagster_home").expanduser().resolve()
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home)
    # one process at a time: of two that begin at once both would make Dagster's tables, and one fail
    with room_in(home), FileLock(home / ".preparing"):
        settings, made = home / "dagster.yaml", home / ".prepared"
        if not settings.exists():
            shipped = files("hrtem_assets.platform").joinpath("dagster.yaml")
            settings.write_text(shipped.read_text("utf-8"), "utf-8")
        if not made.exists():
            with dg.DagsterInstance.get() as instance:
                instance.get_runs(limit=1)
                instance.get_asset_keys(limit=1)
            made.touch()
    return home


def ui_command(host: str, port: int) -> list[str]:
    """The command that serves UI, daemon and code location.

    Args:
        host: address to listen on; there is no authentication, so anything but loopback wants a proxy in front.
        port: port to listen on.
    """
    # beside this interpreter, so that it works without an activated environment
    program = shutil.which("dagster", path=os.pathsep.join([_scripts_folder(), os.environ.get("PATH", "")]))
    if program is None:
        raise FileNotFoundError(
            "the program `dagster` is not installed; install dagster and dagster-webserver"
        )
    where = (
        ["-w", "workspace.yaml"] if Path("workspace.yaml").is_file() else ["-m", "hrtem_assets.definitions"]
    )
    return [program, "dev", *where, "--host", host, "--port", str(port)]


def _scripts_folder() -> str:
    import sysconfig

    return sysconfig.get_path("scripts")
