"""How much memory and disk there is for the work: of this machine or its container, or of a cluster's worker."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hrtem_assets.execution.loading import expected_workers
from hrtem_assets.execution.settings import Compute, LocalCompute, on_this_machine

# interpreter, Dagster and a page of records: what the process takes that hands out the work
MASTER_BYTES = 500_000_000
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")
_FACTORS = {
    **{"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12},
    **{"ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40},
}


@dataclass(frozen=True)
class Room:
    """Memory that worker processes may take.

    Attributes:
        bytes: of all workers of a place together; None where it is not known.
        sharing: how many workers share it.
        name: what it is, in words.
        may_shrink: whether fewer workers than asked for may be started.
    """

    bytes: int | None
    sharing: int
    name: str
    may_shrink: bool = False

    def workers(self, each: int) -> int:
        """How many workers of so many bytes each fit, at most those asked for."""
        return self.sharing if self.bytes is None else min(self.sharing, self.bytes // each)


def room_for_workers(compute: Compute) -> Room:
    """The memory that workers may take, as far as settings tell.

    Args:
        compute: where workers are. Of a Dask scheduler nothing is known before its workers are asked, which they are
            when they take up the work.
    """
    if not isinstance(compute, LocalCompute) and compute.memory_per_worker is not None:
        return Room(_quantity(compute.memory_per_worker), 1, "a worker (memory_per_worker)")
    if on_this_machine(compute):
        return Room(
            max(0, machine_bytes() - MASTER_BYTES),
            expected_workers(compute),
            "this machine",
            compute.kind == "local",
        )
    return Room(None, expected_workers(compute), "the cluster")


def machine_bytes() -> int:
    """Memory of this machine, or what the container or job that this process runs in may take of it."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([physical, *_cgroup_limits()])


def _cgroup_limits() -> Iterator[int]:
    """Limits of this process's control group and of all that it lies in, of either version."""
    if not _OWN_CGROUP.is_file():
        return
    for line in _OWN_CGROUP.read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, name = _CGROUPS, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = _CGROUPS / "memory", "memory.limit_in_bytes"
        else:
            continue
        # within a container the path may be the host's, whose groups are not there
        for folder in dict.fromkeys([*(root / path.lstrip("/")).parents, root / path.lstrip("/"), root]):
            if folder.is_relative_to(root) and (folder / name).is_file():
                text = (folder / name).read_text().strip()
                if text.isdecimal():
                    yield int(text)


def _quantity(text: str) -> int:
    """Bytes of a text such as `32 GB` or `500 MiB`."""
    number, unit = re.fullmatch(r"([0-9.]+) ?([kMGT]i?)B", text).groups()  # type: ignore[union-attr]
    return int(float(number) * _FACTORS[unit])
