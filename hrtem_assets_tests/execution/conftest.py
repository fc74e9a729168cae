"""One scheduler for all tests of clusters; each test brings its own workers."""

import pytest

from hrtem_assets_tests.execution.dask_cluster import DaskProcesses, dask_processes, kill


@pytest.fixture(scope="session")
def _scheduler(tmp_path_factory):
    with dask_processes(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


@pytest.fixture
def cluster(_scheduler: DaskProcesses):
    """A scheduler without workers; those that a test adds are killed at its end."""
    yield _scheduler
    for worker in _scheduler.processes[1:]:
        kill(worker)
    del _scheduler.processes[1:]
    _scheduler.wait_for_workers(0)


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    """A scheduler with two workers, for tests that leave them as they are."""
    with dask_processes(tmp_path_factory.mktemp("two"), workers=2) as cluster:
        yield cluster
