"""Which runs are alive: each holds a lock while its process lives, which the operating system frees when it ends."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg
from filelock import FileLock, Timeout

from hrtem_assets.orchestration.dagster_internals import (
    CheckRunHealthResult,
    DagsterLaunchFailedError,
    DagsterUserCodeUnreachableError,
    DefaultRunLauncher,
    LaunchRunContext,
    WorkerStatus,
)

GONE = (
    "the process of this run is gone: it was killed, its disk was full, or the machine went down; "
    "what was committed is kept: materialize again to go on"
)

LOOK_SECONDS = 10.0
# a lock file so old is not just being made
OLD_SECONDS = 60.0

# kept until the process ends: between giving a lock back and the last event of its run, the run would look dead
_held: list[FileLock] = []


class WatchedRunLauncher(DefaultRunLauncher):
    """Dagster's own launcher, with an answer to whether the process of a run is still there.

    Without it run monitoring learns only of deaths that a code server sees: not of a power cut, nor of runs that
    outlived their code server, nor of commands.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether run monitoring may ask."""
        return True

    def launch_run(self, context: LaunchRunContext) -> None:
        """Launch a run; where the code server is on its way out the run goes back to the queue instead of failing.

        A daemon that outlives `hrtem ui` for some seconds would else spend all retries of its queue in vain.
        """
        try:
            super().launch_run(context)
        except DagsterLaunchFailedError as error:
            if "telling it to shut down" in str(error):
                raise DagsterUserCodeUnreachableError(f"the code server is shutting down: {error}") from error
            raise

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a started run is still there."""
        if is_dead(self._instance, run.run_id):
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, GONE)
        return CheckRunHealthResult(WorkerStatus.RUNNING)


class _WatchedExecutor(dg.Executor):
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @property
    def retries(self) -> Any:
        return self._inner.retries

    @property
    def step_dependency_config(self) -> Any:
        return self._inner.step_dependency_config

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[Any]:
        lock = _lock(plan_context.instance, plan_context.run_id)
        # whoever looks whether the run lives holds the lock for an instant
        lock.acquire(timeout=10)
        _held.append(lock)
        yield from self._inner.execute(plan_context, execution_plan)


_in_process: Any = dg.in_process_executor


@dg.executor(name="in_process", config_schema=_in_process.config_schema)
def watched_in_process_executor(context: dg.InitExecutorContext) -> dg.Executor:
    """Execute all steps in the run's own process, whose life can be watched."""
    return _WatchedExecutor(_in_process.executor_creation_fn(context))


@contextmanager
def living(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Hold the lock of a run that this process is about to make, and end others that die meanwhile.

    Args:
        instance: where the run will be recorded.
        run_id: its id.
    """
    lock, done = _lock(instance, run_id), threading.Event()

    def watch() -> None:
        # without a daemon nobody else would free the slot that this run may be waiting for
        while not done.wait(LOOK_SECONDS):
            end_dead_runs(instance)

    with lock:
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
    Path(lock.lock_file).unlink(missing_ok=True)


def is_dead(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether the process of a run is known to be gone; a run that left no lock here is not known to be.

    Args:
        instance: where the run is recorded.
        run_id: its id.
    """
    if not _is_free(_lock_file(instance, run_id)):
        return False
    # between the making of the file and its lock lies an instant
    time.sleep(1.0)
    return _is_free(_lock_file(instance, run_id))


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """End the runs whose process is gone, and free their slots of the pool, which others would wait for in vain.

    The daemon does so by itself while it runs; commands do without a daemon.

    Args:
        instance: where the runs are recorded.

    Returns:
        ids of the runs ended.
    """
    ended = []
    # a command holds its run's lock before the run is there
    unfinished = [
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ]
    for run in instance.get_runs(dg.RunsFilter(statuses=unfinished)):
        if not is_dead(instance, run.run_id) or _is_finished(instance, run.run_id):
            continue
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, GONE)
        else:
            instance.report_run_failed(run, GONE)
        ended.append(run.run_id)
    pools = instance.event_log_storage
    infos = [pools.get_concurrency_info(pool) for pool in pools.get_concurrency_keys()]
    waiting = {step.run_id for info in infos for step in info.pending_steps}
    for run_id in waiting | runs_at_work(instance):
        if _is_finished(instance, run_id):
            pools.free_concurrency_slots_for_run(run_id)
    for file in _lock_folder(instance).glob("*.lock"):
        is_over = _is_finished(instance, file.stem) or instance.get_run_by_id(file.stem) is None
        # others tidy up as well
        with suppress(FileNotFoundError):
            # a clock that was set back makes files younger than nothing
            if is_over and abs(time.time() - file.stat().st_mtime) > OLD_SECONDS and _is_free(file):
                file.unlink()
    return ended


def runs_at_work(instance: dg.DagsterInstance) -> set[str]:
    """Ids of the runs that hold a slot of a pool.

    Args:
        instance: where they are recorded.
    """
    pools = instance.event_log_storage
    infos = [pools.get_concurrency_info(pool) for pool in pools.get_concurrency_keys()]
    return {run_id for info in infos for run_id in info.active_run_ids}


def _is_finished(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and run.is_finished


def _is_free(file: Path) -> bool:
    """Whether a lock file is there and nobody holds it."""
    if not file.is_file():
        return False
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    lock.release()
    return True


def _lock(instance: dg.DagsterInstance, run_id: str) -> FileLock:
    file = _lock_file(instance, run_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(file)


def _lock_file(instance: dg.DagsterInstance, run_id: str) -> Path:
    return _lock_folder(instance) / f"{run_id}.lock"


def _lock_folder(instance: dg.DagsterInstance) -> Path:
    return Path(instance.root_directory) / "running"
