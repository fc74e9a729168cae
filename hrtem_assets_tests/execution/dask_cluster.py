"""A real Dask scheduler and real workers, each a process of its own, over TCP on loopback."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hrtem_assets.execution.settings import RUNNING, ClusterCompute

START_S = 180.0


def scheduler_at(address: str, **settings: Any) -> ClusterCompute:
    """Settings for a scheduler that is running."""
    return ClusterCompute(opener=RUNNING, options={"address": address}, **settings)


class DaskProcesses:
    """A scheduler, and workers that are added to it.

    Args:
        folder: for the scheduler's file, logs and scratch.
        options: further arguments of scheduler and workers.
    """

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        self.folder, self.options = folder, options
        folder.mkdir(parents=True, exist_ok=True)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler_file = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(self.scheduler_file)
        )
        wait_until(self._described, "the scheduler starts", self.scheduler)
        self.address: str = json.loads(self.scheduler_file.read_text())["address"]

    def _described(self) -> bool:
        # the file is there before it is written
        return self.scheduler_file.is_file() and self.scheduler_file.read_text().rstrip().endswith("}")

    def add_worker(
        self,
        threads: int = 1,
        environment: Mapping[str, str] | None = None,
        nanny: bool = True,
        before: Sequence[str] = (),
        folder: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a worker, if need be in another folder, and wait until it is connected."""
        number = len(list(self.folder.glob("worker-*.log")))
        worker = self._start(
            "worker",
            self.address,
            "--host",
            "127.0.0.1",
            "--nthreads",
            str(threads),
            "--nworkers",
            "1",
            "--nanny" if nanny else "--no-nanny",
            "--death-timeout",
            "60",
            "--local-directory",
            str(self.folder),
            environment=environment,
            before=before,
            folder=folder,
            log=f"worker-{number}.log",
        )
        log = self.folder / f"worker-{number}.log"
        wait_until(lambda: b"Registered to:" in log.read_bytes(), "a worker connects", worker, log)
        return worker

    def wait_for_workers(self, number: int) -> None:
        """Until the scheduler knows of exactly so many workers."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            wait_until(lambda: len(client.nthreads()) == number, f"{number} workers are known")

    def _start(
        self,
        program: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
        folder: Path | None = None,
        log: str = "",
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{program}", *arguments]
        with (self.folder / (log or f"{program}.log")).open("wb") as file:
            process = subprocess.Popen(
                [*before, *command, "--no-dashboard", *self.options],
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=os.environ | (environment or {}),
                # killed as a whole: a nanny would start its worker again
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def close(self) -> None:
        """Kill what still runs."""
        for process in reversed(self.processes):
            kill(process)


def kill(process: subprocess.Popen[Any]) -> None:
    """SIGKILL a process and all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(
    happened: Any, what: str, process: subprocess.Popen[Any] | None = None, log: Path | None = None
) -> None:
    """Poll until something is true; an error names what did not happen, and what the process said."""
    end = time.monotonic() + START_S
    while not happened():
        if process is not None and process.poll() is not None:
            raise AssertionError(f"{what}: its process has ended\n{log.read_text() if log else ''}")
        assert time.monotonic() < end, f"{what}: not within {START_S:.0f} s"
        time.sleep(0.02)


@contextmanager
def dask_processes(folder: Path, workers: int = 0, options: Sequence[str] = ()) -> Iterator[DaskProcesses]:
    """A scheduler with workers, killed at the end."""
    cluster = DaskProcesses(folder, options)
    try:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        cluster.close()
