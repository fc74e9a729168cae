"""How much memory and disk there is for the work: of this machine or its container, or of a cluster's worker."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hrtem_assets.execution.loading import expected_workers
from hrtem_assets.execution.settings import (
    ON_THIS_MACHINE,
    Compute,
    CudaCompute,
    KubernetesCompute,
    SlurmCompute,
)

# interpreter, Dagster and a page of records: what the process takes that hands out the work
MASTER_BYTES = 500_000_000
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")
_FACTORS = {
    **{"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12},
    **{"ki": 2**10, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40},
}


@dataclass(frozen=True)
class Room:
    """Memory that worker processes may take.

    Attributes:
        bytes: of all workers of a place together; None where it is not known.
        sharing: how many workers share it.
        place: what it is, in words.
        may_shrink: whether fewer workers than asked for may be started.
    """

    bytes: int | None
    sharing: int
    place: str
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
    match compute:
        case SlurmCompute():
            return Room(_quantity(compute.memory), compute.cores, "a Slurm job (memory)")
        case KubernetesCompute():
            limit = compute.resources.get("limits", {}).get("memory")
            size = None if limit is None else _quantity(str(limit))
            return Room(size, 1, "a worker's pod (resources.limits.memory)")
        case _ if compute.kind in ON_THIS_MACHINE:
            return Room(
                max(0, machine_bytes() - MASTER_BYTES),
                _here(compute),
                "this machine",
                compute.kind == "local",
            )
        case _:
            return Room(None, expected_workers(compute), "the cluster")


def _here(compute: Compute) -> int:
    """Workers of this machine; of GPUs that are not named, one's."""
    if isinstance(compute, CudaCompute) and compute.devices is None:
        return compute.workers_per_device
    return expected_workers(compute)


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


def _quantity(text: str) -> int | None:
    """Bytes of a text such as `32 GB`, `500 MiB`, `8Gi`, `129e6`; None for what Kubernetes alone can read."""
    found = re.fullmatch(r"([0-9.]+(?:[eE][0-9]+)?) ?([kKMGT]?i?)B?", text)
    if not found or found[2] not in _FACTORS:
        return None
    return int(float(found[1]) * _FACTORS[found[2]])
