"""How much of a device's memory a process may take, and how much of the work fits into it."""

from hrtem_assets.base.environment import environment
from hrtem_assets.base.errors import HrtemError


class DeviceMemoryError(HrtemError, MemoryError):
    """What is to be computed does not fit into a process's share of the device."""


def share_bytes(total: int, processes: int) -> int:
    """One process's share of a device's memory.

    Args:
        total: memory of the device in bytes.
        processes: how many share it.

    Raises:
        ValueError: if there are fewer than one.
    """
    if processes < 1:
        raise ValueError(f"processes = {processes} must be at least 1")
    return int(total * environment().gpu_memory_fraction / processes)


def how_many_fit(bytes_each: int, bytes_once: int, free_bytes: int, what: str, repair: str) -> int:
    """How many equal things fit into the memory that is left; at least 1.

    Args:
        bytes_each: memory of each.
        bytes_once: memory taken however many there are.
        free_bytes: what may still be taken.
        what: one of them, in words, for the error.
        repair: how to make it smaller, in words.

    Raises:
        DeviceMemoryError: if not even one fits.
    """
    count = (free_bytes - bytes_once) // bytes_each
    if count < 1:
        raise DeviceMemoryError(
            f"{what} needs {(bytes_each + bytes_once) / 1e9:.2f} GB of device memory, and this process may take "
            f"{max(free_bytes, 0) / 1e9:.2f} GB more: {repair}, use fewer worker processes, raise "
            f"HRTEM_GPU_MEMORY_FRACTION (now {environment().gpu_memory_fraction:g}), or set device to cpu"
        )
    return count
