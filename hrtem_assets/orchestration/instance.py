"""The Dagster instance under the data root: its home, its settings, and what a command that uses it writes to."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import dagster as dg
from filelock import FileLock

from hrtem_assets.store import data_root, layout_from_environment
from hrtem_assets.store.room import Folder, FolderError, folders_of, require_writable, room_in

# a query begins, or a character is escaped: the database would be another file
_NOT_IN_URLS = re.compile(r"\?|%[0-9A-Fa-f]{2}")
# homes of earlier versions name this room so
_RENAMED = re.compile(r"(module:\s*)hrtem_assets\.platform\.")


def home_folder() -> Folder:
    """Dagster's home: `DAGSTER_HOME`, or `dagster_home` in the data folder.

    Raises:
        FolderError: if Dagster could not keep its databases there.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or data_root() / "dagster_home").expanduser().resolve()
    folder = Folder(home, "HRTEM_DATA" if home.is_relative_to(data_root()) else "DAGSTER_HOME")
    if unfit := _NOT_IN_URLS.search(str(home)):
        raise FolderError(
            f"{str(home)!r} ({folder.variable}) holds {unfit.group()!r}, which means something else in the URLs of "
            f"Dagster's databases; name another folder, or one without it in DAGSTER_HOME"
        )
    return folder


def written_folders() -> list[Folder]:
    """Every folder that a command with a run writes to, Dagster's home first."""
    return [home_folder(), *folders_of(layout_from_environment())]


@contextmanager
def opened_instance() -> Iterator[dg.DagsterInstance]:
    """The Dagster instance of a command, once everything that it will write to has shown that it can be written.

    Raises:
        FolderError: if a folder cannot be written, before or in the block; says where and what to do.
    """
    folders = written_folders()
    for folder in folders:
        require_writable(folder)
    with room_in(*folders):
        prepare_home()
        with dg.DagsterInstance.get() as instance:
            yield instance


def prepare_home() -> Path:
    """Set `DAGSTER_HOME`, if it is not set, to `dagster_home` under the data root, with the shipped dagster.yaml.

    Without an absolute home Dagster forgets all history when it stops.

    Returns:
        the home folder.
    """
    folder = home_folder()
    home = folder.path
    # one process at a time: of two that begin at once both would make Dagster's tables, and one fail
    with room_in(folder):
        home.mkdir(parents=True, exist_ok=True)
        os.environ["DAGSTER_HOME"] = str(home)
        with FileLock(home / ".preparing"):
            settings, made = home / "dagster.yaml", home / ".prepared"
            if not settings.exists():
                shipped = files("hrtem_assets.orchestration").joinpath("dagster.yaml")
                settings.write_text(shipped.read_text("utf-8"), "utf-8")
            elif _RENAMED.search(text := settings.read_text("utf-8")):
                settings.write_text(_RENAMED.sub(r"\1hrtem_assets.orchestration.", text), "utf-8")
            if not made.exists():
                with dg.DagsterInstance.get() as instance:
                    instance.get_runs(limit=1)
                    instance.get_asset_keys(limit=1)
                made.touch()
    return home
