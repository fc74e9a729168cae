"""A data folder with everything that works on it: commands, a UI, and all their processes, found by a marker."""

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import dagster as dg
import psutil

from hrtem_assets.store.layout import Layout
from hrtem_assets_tests.orchestration.served import HRTEM, Served, serve, wait_for

MARKER = "HRTEM_TESTS_WORLD"


class World:
    """One data folder.

    Args:
        root: an empty folder.
        campaign_yaml: text of the campaign file.
        variables: further environment variables.
    """

    def __init__(self, root: Path, campaign_yaml: str, **variables: str) -> None:
        self.root, self.data = root, root / "data"
        self.yaml, self.marker = campaign_yaml, uuid4().hex
        campaign = root / "campaign.yaml"
        campaign.write_text(campaign_yaml, "utf-8")
        self.variables = {MARKER: self.marker, "HRTEM_WORKERS": "2", "DAGSTER_HOME": "", **variables}
        self.environment = os.environ | {
            "HRTEM_CAMPAIGN": str(campaign),
            "HRTEM_DATA": str(self.data),
            **self.variables,
        }

    @property
    def layout(self) -> Layout:
        """Where its stores lie."""
        return Layout(self.data)

    @property
    def home(self) -> Path:
        """Dagster's home."""
        return Path(self.variables["DAGSTER_HOME"] or self.data / "dagster_home")

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a `hrtem` command; what it prints goes to `command.log`."""
        with (self.root / "command.log").open("ab") as log:
            return subprocess.Popen(
                [*HRTEM, *arguments],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def printed(self) -> str:
        """The end of what commands printed."""
        return (self.root / "command.log").read_text("utf-8", errors="replace")[-5000:]

    def forget_printed(self) -> None:
        """Begin a new log of commands."""
        (self.root / "command.log").unlink(missing_ok=True)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `hrtem` command to its end."""
        return subprocess.run(
            [*HRTEM, *arguments], env=self.environment, capture_output=True, text=True, timeout=280
        )

    @contextmanager
    def served(self) -> Iterator[Served]:
        """A `hrtem ui`, ended at the end if it still runs."""
        # a server that was killed cannot be ended again
        with suppress(ProcessLookupError), serve(self.root, self.yaml, **self.variables) as served:
            yield served

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Its Dagster instance."""
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            yield instance

    def processes(self) -> list[psutil.Process]:
        """Every living process that was started for this folder, or by one that was."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARKER) == self.marker:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def find(self, *words: str) -> list[psutil.Process]:
        """Those with all these words in their command line."""
        return [p for p in self.processes() if all(word in _command_line(p) for word in words)]

    def living_runs(self) -> set[str]:
        """Ids of runs that hold a lock, or held one when they were killed."""
        return {file.stem for file in (self.home / "running").glob("*.lock")}

    def start_run(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a `hrtem` command and wait until its run has begun."""
        before = self.living_runs()
        process = self.start(*arguments)
        wait_for(lambda: self.living_runs() - before or process.poll() is not None, 240, every=0.01)
        return process

    def halt(self, process: subprocess.Popen[bytes]) -> None:
        """Stop a command where it is, but not while it writes to Dagster's databases: everybody else would hang."""
        while process.poll() is None:
            process.send_signal(signal.SIGSTOP)
            if not any(_is_locked(file) for file in self.home.rglob("*.db")):
                return
            process.send_signal(signal.SIGCONT)
            time.sleep(0.05)

    def wait_gone(self, pids: set[int], seconds: float = 10.0) -> None:
        """Wait until processes are gone."""
        wait_for(lambda: not pids & {p.pid for p in self.processes()}, seconds, every=0.02)

    def wait_workers(self, process: subprocess.Popen[bytes]) -> list[psutil.Process]:
        """The workers of a command, as soon as it has some; none if it ended before."""
        wait_for(lambda: self.workers() or process.poll() is not None, 240, every=0.02)
        return self.workers()

    def workers(self) -> list[psutil.Process]:
        """Worker processes of runs: the copies of their fork servers."""
        return [p for p in self.find("forkserver") if _is_copy(p)]

    def run_statuses(self) -> dict[str, str]:
        """Status of every run, oldest first."""
        with self.instance() as instance:
            return {run.run_id: run.status.value for run in reversed(instance.get_runs())}

    def log_of(self, run_id: str) -> str:
        """What the log of a run says."""
        with self.instance() as instance:
            return "\n".join(event.message for event in instance.all_logs(run_id))

    def run_pid(self, run_id: str) -> int | None:
        """Process id of a run, once its log says it."""
        with self.instance() as instance:
            for event in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
                words = event.message
                if "Executing steps in process (pid: " in words:
                    return int(words.partition("(pid: ")[2].partition(")")[0])
        return None

    def taken_slots(self) -> int:
        """Slots of all pools that are taken."""
        with self.instance() as instance:
            pools = instance.event_log_storage
            return sum(
                pools.get_concurrency_info(key).active_slot_count for key in pools.get_concurrency_keys()
            )

    def assert_deserted(self, seconds: float = 10.0) -> None:
        """No process of this folder is left, or is within seconds.

        But `tail`, with which Dagster shows a step's output: a kill between its start and that of the process which
        ends it leaves it behind. It does nothing.
        """

        def left() -> list[str]:
            lines = [_command_line(process) for process in self.processes()]
            return [line[:120] for line in lines if line and not line.startswith("tail -F")]

        try:
            wait_for(lambda: not left(), seconds, every=0.1)
        except AssertionError:
            raise AssertionError(f"left behind: {left()}") from None

    def forget(self, *assets: str) -> None:
        """Remove finished stores in one step each: whoever looks must not see half of one."""
        for asset in assets:
            place = self.data / "assets" / asset
            if place.is_dir():
                shutil.rmtree(place.rename(self.data / f"{asset}-{uuid4().hex}"))

    def kill_all(self) -> None:
        """What a power cut does: everything at once."""
        for process in self.processes():
            kill(process.pid)


def kill(pid: int) -> bool:
    """SIGKILL, which no process can answer; whether there was one."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a process; whether it ended."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _is_locked(database: Path) -> bool:
    try:
        with closing(sqlite3.connect(database, timeout=0.2, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return True
    return False


def _command_line(process: psutil.Process) -> str:
    """How a process was started; nothing if it is gone."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def _is_copy(process: psutil.Process) -> bool:
    """Whether a process has the command line of its parent. What is gone is nobody's copy."""
    try:
        parent = process.parent()
    except psutil.NoSuchProcess:
        return False
    return parent is not None and _command_line(parent) == _command_line(process) != ""
