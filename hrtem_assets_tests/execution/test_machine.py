"""Memory of a machine, of the control groups that it divides, and of the workers of a cluster."""

import os

import pytest

from hrtem_assets.execution import machine
from hrtem_assets.execution.machine import MASTER_BYTES, machine_bytes, room_for_workers
from hrtem_assets.execution.settings import ClusterCompute, LocalCompute
from hrtem_assets_tests.execution.dask_cluster import scheduler_at

JOBS = "dask_jobqueue.SLURMCluster"
PHYSICAL = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def cgroups(tmp_path, monkeypatch):
    """A function that writes limits by path, and says which group this process is in."""
    root, own = tmp_path / "cgroup", tmp_path / "own"
    monkeypatch.setattr(machine, "_CGROUPS", root)
    monkeypatch.setattr(machine, "_OWN_CGROUP", own)

    def write(line: str, limits: dict[str, str]) -> None:
        own.write_text(f"{line}\n")
        for path, text in limits.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(f"{text}\n")

    return write


@pytest.mark.parametrize(
    ("line", "limits", "least"),
    [
        ("0::/", {"memory.max": "2000000000"}, 2_000_000_000),
        ("0::/job/step", {"job/memory.max": "3000000000", "job/step/memory.max": "max"}, 3_000_000_000),
        (
            "0::/job/step",
            {"job/memory.max": "3000000000", "job/step/memory.max": "1000000000"},
            1_000_000_000,
        ),
        # in a container the path may be the host's
        ("0::/kubepods/pod7", {"memory.max": "1500000000"}, 1_500_000_000),
        ("5:cpu,memory:/job", {"memory/job/memory.limit_in_bytes": "1200000000"}, 1_200_000_000),
        ("5:memory:/", {"memory/memory.limit_in_bytes": str(2**63 - 4096)}, PHYSICAL),
        ("3:cpu:/job", {"memory.max": "1000"}, PHYSICAL),
    ],
)
def test_the_tightest_limit_of_the_control_groups_counts(cgroups, line, limits, least):
    cgroups(line, limits)
    assert machine_bytes() == least


def test_workers_of_this_machine_share_what_its_master_leaves(cgroups):
    cgroups("0::/", {"memory.max": "2500000000"})
    room = room_for_workers(LocalCompute(workers=4))
    assert room.bytes == 2_500_000_000 - MASTER_BYTES
    assert (room.sharing, room.may_shrink) == (4, True)
    assert [room.workers(each) for each in (400_000_000, 900_000_000, 2_100_000_000)] == [4, 2, 0]


@pytest.mark.parametrize(
    ("text", "size"),
    [("32 GB", 32e9), ("500 MiB", 500 * 2**20), ("1.5TB", 1.5e12), ("8 kB", 8e3), ("64GiB", 64 * 2**30)],
)
def test_a_worker_of_a_cluster_has_the_memory_that_settings_say(text, size):
    room = room_for_workers(ClusterCompute(opener=JOBS, workers=16, memory_per_worker=text))
    assert (room.bytes, room.sharing, room.may_shrink) == (size, 1, False)


def test_of_workers_whose_memory_is_not_said_nothing_is_known_unless_they_are_of_this_machine(cgroups):
    cgroups("0::/", {"memory.max": "2500000000"})
    assert room_for_workers(scheduler_at("tcp://host:8786")).bytes is None
    assert room_for_workers(ClusterCompute(opener=JOBS, workers=3)).bytes is None
    assert room_for_workers(scheduler_at("tcp://host:8786", at_once=3)).workers(10**18) == 3
    here = room_for_workers(
        ClusterCompute(opener="dask_cuda.LocalCUDACluster", workers=3, on_this_machine=True)
    )
    assert (here.bytes, here.sharing, here.may_shrink) == (2_500_000_000 - MASTER_BYTES, 3, False)
