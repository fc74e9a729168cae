"""A stand-in for a CUDA device: the kernels' own source, compiled by g++, on numpy's arrays.

It proves what a kernel computes and that it is called with what it expects; not how fast a device would be.
"""

import ctypes
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import ducc0
import numpy as np
from numpy.typing import NDArray

from hrtem_assets.device.backend import Triple

COMPILER = "g++"
SHIM = Path(__file__).with_name("emulated.h")


def kernel_names(source: Path) -> list[str]:
    """Kernels of a CUDA C file."""
    return re.findall(r"__global__ void (\w+)\(", source.read_text())


class Place(ctypes.Structure):
    """Three numbers, as CUDA's dim3."""

    _fields_ = [(axis, ctypes.c_uint) for axis in "xyz"]


@cache
def _library(source: Path) -> ctypes.CDLL:
    names = kernel_names(source)
    lines = [f'#include "{SHIM}"', f'#include "{source}"', *(f"EMULATE({name})" for name in names)]
    with tempfile.TemporaryDirectory() as folder:
        code, library = Path(folder, "kernels.cpp"), Path(folder, "kernels.so")
        code.write_text("\n".join(lines) + "\n")
        # warnings are errors: what a strict compiler doubts is looked at
        options = [
            "-std=c++17",
            "-O3",
            "-shared",
            "-fPIC",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wno-sign-compare",
        ]
        subprocess.run([COMPILER, *options, str(code), "-o", str(library)], check=True)
        return ctypes.CDLL(str(library))


class EmulatedBackend:
    """A device without a device.

    Args:
        free_bytes: memory that it pretends to have.
    """

    name = "emulated"
    xp = np

    def __init__(self, free_bytes: int = 10**12) -> None:
        self._free_bytes = free_bytes
        self.launched: list[str] = []
        self.transformed: list[tuple[int, ...]] = []

    def launch(
        self, source: Path, kernel: str, grid: Triple, block: Triple, arguments: tuple[Any, ...]
    ) -> None:
        library = _library(source)
        text = ctypes.create_string_buffer(4096)
        getattr(library, f"signature_{kernel}")(text)
        given = [f"{'*' * isinstance(a, np.ndarray)}{a.dtype}" for a in arguments]
        assert given == text.value.decode().split(), (kernel, given, text.value.decode().split())
        assert all(a.flags.c_contiguous for a in arguments if isinstance(a, np.ndarray)), kernel
        # as the hardware: 1024 threads in a block, 65535 blocks along y and z
        assert np.prod(block) <= 1024 and max(grid[1:]) < 2**16 and min(grid) > 0, (kernel, grid, block)
        held = [
            ctypes.c_void_p(a.ctypes.data)
            if isinstance(a, np.ndarray)
            else np.ctypeslib.as_ctypes_type(a.dtype)(a.item())
            for a in arguments
        ]
        addresses = (ctypes.c_void_p * len(held))(*(ctypes.addressof(h) for h in held))
        getattr(library, f"launch_{kernel}")(Place(*grid), Place(*block), addresses)
        self.launched.append(kernel)

    def fft2(self, waves: NDArray[np.complex64], inverse: bool = False) -> None:
        assert waves.dtype == np.complex64
        assert waves.flags.c_contiguous
        axes = (waves.ndim - 2, waves.ndim - 1)
        ducc0.fft.c2c(waves, axes=axes, forward=not inverse, out=waves)
        self.transformed.append(waves.shape)

    def free_bytes(self) -> int:
        return self._free_bytes

    def to_host(self, array: NDArray[Any]) -> NDArray[Any]:
        return array


def no_compiler() -> str:
    """Why kernels cannot be emulated here; empty where they can."""
    return (
        ""
        if shutil.which(COMPILER)
        else f"{COMPILER} is not installed (Debian: g++), so no kernel can be emulated"
    )
