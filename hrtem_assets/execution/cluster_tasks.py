"""Tasks over the workers of a Dask cluster: handed out a few at a time, done again where a worker was lost."""

import pickle
import queue
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from uuid import uuid4

from hrtem_assets.base.errors import HrtemError
from hrtem_assets.execution.clusters import Endpoint
from hrtem_assets.execution.loading import ComputeError
from hrtem_assets.execution.workers import WorkerDiedError

if TYPE_CHECKING:
    from distributed import Client, Future

Task = TypeVar("Task")
Result = TypeVar("Result")

CONNECT_S = 20.0
# while nothing finishes, the scheduler is asked whether it is still there
ASK_S = 5.0
ANSWER_S = 30.0
# Dask takes a worker down that cannot import what a task names, so tasks name nothing of this package
_RUN_TASK = (
    "__import__('hrtem_assets.execution.cluster_worker').execution.cluster_worker.run_task(name, task)"
)
_KEPT = "what was committed is kept: materialize again to go on"


class SchedulerLostError(HrtemError, RuntimeError):
    """The Dask scheduler does not answer, or not any more; the message says how to go on."""


class NoWorkersError(HrtemError, RuntimeError):
    """A cluster without a single worker, for longer than its settings allow."""


def map_cluster(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    endpoint: Endpoint,
    *,
    name: str,
    log: Callable[[str], None],
    check: Callable[[], None] | None,
    at_once: int | None,
    workers_timeout_s: float,
) -> Generator[tuple[Task, Result], None, None]:
    """Run tasks on a cluster and yield each with its result as it finishes.

    A task whose worker is lost is done again elsewhere, so tasks must be such that doing one twice is the same as once.
    When the iterator is closed, what has not begun is cancelled; what has begun ends on its worker.

    Args:
        function: picklable; sent once to each worker.
        tasks: small and picklable; started in order.
        endpoint: where the scheduler is.
        name: of this work, different for works that run beside each other.
        log: receives where the work is done.
        check: called once on each worker; raises if the worker cannot do the work.
        at_once: most tasks handed out at once; twice the workers if None.
        workers_timeout_s: how long to wait while no worker is there.

    Raises:
        SchedulerLostError: if the scheduler does not answer, or not any more.
        WorkerDiedError: if the workers of one task died several times.
        NoWorkersError: if none came.
        UnfitWorkerError: if a worker cannot do the work.
    """
    from hrtem_assets.execution.cluster_worker import packed_work

    work = f"hrtem-{uuid4().hex}"
    with _client(endpoint) as client:
        with _reachable(endpoint):
            packed = packed_work(function, check)
            client.sync(
                client.scheduler.set_metadata,  # type: ignore[union-attr]
                keys=[work],
                value=packed,
                callback_timeout=ANSWER_S,
            )
        try:
            workers = _workers(client, endpoint)
            log(
                f"{name}: on {endpoint.name}, {workers} worker{'s' * (workers != 1)} there now; "
                f"dashboard: {client.dashboard_link}"
            )

            def submit(index: int) -> "Future":
                # Dask shows what stands before the first number
                key = f"{name.split()[0]}-{work}-{index:06d}"
                call = {"name": work, "task": pickle.dumps(tasks[index])}
                return client.submit(eval, _RUN_TASK, call, key=key, priority=-index, pure=False)

            yield from _finished(client, endpoint, tasks, submit, at_once, workers_timeout_s)
        finally:
            _leave(client, lambda: client.scheduler.set_metadata(keys=[work], value=None))  # type: ignore[union-attr]


def _finished(
    client: "Client",
    endpoint: Endpoint,
    tasks: Sequence[Task],
    submit: Callable[[int], "Future"],
    at_once: int | None,
    workers_timeout_s: float,
) -> Generator[tuple[Task, Any], None, None]:
    """Tasks with their results, as they finish."""
    pending: dict[Future, int] = {}
    # results that went with their worker before they were taken: Dask makes them again and reports no change
    lost: list[Future] = []
    answers: queue.SimpleQueue[Future] = queue.SimpleQueue()
    begun, asked = 0, time.monotonic()
    workers, last_present = _workers(client, endpoint), asked
    try:
        while begun < len(tasks) or pending:
            limit = at_once or 2 * max(workers, endpoint.most_workers, 1)
            while begun < len(tasks) and len(pending) < limit:
                future = submit(begun)
                pending[future], begun = begun, begun + 1
                future.add_done_callback(answers.put)
            with suppress(queue.Empty):
                future = answers.get(timeout=ASK_S)
                if future.status == "lost":
                    lost.append(future)
                elif (result := _result(future, answers, endpoint)) is not None:
                    yield tasks[pending.pop(future)], result[0]
            for future in [future for future in lost if future.status != "lost"]:
                lost.remove(future)
                answers.put(future)
            if time.monotonic() - asked < ASK_S:
                continue
            asked = time.monotonic()
            workers = _workers(client, endpoint)
            if workers:
                last_present = asked
            elif asked - last_present > workers_timeout_s:
                raise NoWorkersError(
                    f"{endpoint.name} has had no worker for {workers_timeout_s:.0f} s; start workers with: dask worker "
                    f"ADDRESS --nthreads 1, or find out why none have joined; {_KEPT}"
                )
    finally:
        if pending:
            _leave(client, lambda: client.cancel(list(pending), force=True))


def _result(future: "Future", answers: "queue.SimpleQueue[Future]", endpoint: Endpoint) -> tuple[Any] | None:
    """The result of a finished task; None if its worker was lost together with it, and it is being done again."""
    from distributed.client import FutureCancelledError
    from distributed.scheduler import KilledWorker

    from hrtem_assets.execution.cluster_worker import UnfitWorkerError

    if future.status == "cancelled":
        _lost(endpoint)
    try:
        if future.status == "error":
            future.result()
        return (future.result(timeout=ANSWER_S),)
    except FutureCancelledError as error:
        _lost(endpoint, error)
    except ModuleNotFoundError as error:
        raise UnfitWorkerError(
            f"a worker of {endpoint.name} lacks a package ({error}); install the same packages there as here"
        ) from error
    except KilledWorker as error:
        raise WorkerDiedError(
            f"the workers that did one task were lost one after the other, most often for lack of memory ({error}); "
            f"{_KEPT}"
        ) from error
    except TimeoutError:
        if future.status == "error":
            raise
        future.add_done_callback(answers.put)
        return None


def _leave(client: "Client", farewell: Callable[[], Any]) -> None:
    """Say something to the scheduler at the end; one that is gone, or hangs, is left alone."""
    if client.status != "running":
        return

    async def say() -> None:
        await farewell()

    with suppress(Exception):
        client.sync(say, callback_timeout=ASK_S)


def _workers(client: "Client", endpoint: Endpoint) -> int:
    """Workers that the scheduler knows of."""
    if client.status != "running":
        _lost(endpoint)
    with _reachable(endpoint):
        return len(client.sync(client.scheduler.ncores, callback_timeout=ANSWER_S))  # type: ignore[union-attr]


@contextmanager
def _client(endpoint: Endpoint) -> Iterator["Client"]:
    from distributed import Client

    try:
        client = Client(
            endpoint.target, timeout=CONNECT_S, set_as_default=False, name="hrtem", **endpoint.options
        )
    except (TypeError, ValueError) as error:
        raise ComputeError(f"{endpoint.name}: {error}; correct options in the compute settings") from error
    except (OSError, TimeoutError) as error:
        raise SchedulerLostError(
            f"{endpoint.name} does not answer ({error}); start it with: dask scheduler, or change HRTEM_COMPUTE, or "
            f"leave that out to compute on this machine"
        ) from error
    try:
        yield client
    finally:
        # a scheduler that is gone takes no farewell
        with suppress(OSError, TimeoutError):
            client.close(timeout=ASK_S)


@contextmanager
def _reachable(endpoint: Endpoint) -> Iterator[None]:
    """Losing the connection while asking for something, in other words."""
    try:
        yield
    except (OSError, TimeoutError) as error:
        _lost(endpoint, error)


def _lost(endpoint: Endpoint, error: BaseException | None = None) -> NoReturn:
    raise SchedulerLostError(
        f"{endpoint.name} does not answer any more; look at whether it still runs, then {_KEPT}"
    ) from error
