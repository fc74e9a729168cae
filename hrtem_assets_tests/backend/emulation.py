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
from scipy.ndimage import gaussian_filter

from hrtem_assets.backend.array_backend import Triple
from hrtem_assets.backend.processor import PROCESSOR_BACKEND

COMPILER = "g++"
SHIM = Path(__file__).with_name("emulated.h")


def kernel_names(source: Path) -> list[str]:
    """Kernels of a CUDA C file."""
    return re.findall(r"__global__ void (\w+)\(", source.read_text())


class StorePath(ctypes.Structure):
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
            "-Wno-unknown-pragmas",
            "-Wno-sign-compare",
        ]
        subprocess.run([COMPILER, *options, str(code), "-o", str(library)], check=True)
        return ctypes.CDLL(str(library))


class DeviceArray(np.ndarray):
    """An array of the emulated device: like CuPy's it never meets an array of the host unless it is sent there."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        plain = [_checked(i) for i in inputs]
        if out is not None:
            options["out"] = tuple(_checked(o) for o in out)
        return _on_device(getattr(ufunc, method)(*plain, **options))


def _checked(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_checked(v) for v in value)
    if isinstance(value, DeviceArray):
        return value.view(np.ndarray)
    assert not isinstance(value, np.ndarray) or value.ndim == 0, (
        "an array of the host meets one of the device"
    )
    return value


def _on_device(result: Any) -> Any:
    return result.view(DeviceArray) if type(result) is np.ndarray else result


class Namespace:
    """NumPy's functions on arrays of the emulated device."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        if not callable(found) or isinstance(found, type):
            return found
        sending = name in ("asarray", "array")

        def function(*arguments: Any, **options: Any) -> Any:
            plain = arguments if sending else [_checked(value) for value in arguments]
            return _on_device(found(*plain, **options))

        return function


class EmulatedBackend:
    """A device without a device.

    Args:
        free_bytes: memory that it pretends to have.
        last_first: run the last thread first; a device knows no order.
    """

    name = "emulated"
    xp = Namespace()

    def __init__(self, free_bytes: int = 10**12, last_first: bool = False) -> None:
        self._free_bytes, self._last_first = free_bytes, last_first
        self.launched: list[str] = []
        self.transformed: list[tuple[int, ...]] = []

    def launch(
        self, source: Path, kernel: str, grid: Triple, block: Triple, arguments: tuple[Any, ...]
    ) -> None:
        library = _library(source)
        text = ctypes.create_string_buffer(4096)
        getattr(library, f"signature_{kernel}")(text)
        assert all(isinstance(a, (DeviceArray, np.generic)) for a in arguments), (kernel, arguments)
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
        library.run_last_first(ctypes.c_bool(self._last_first))
        getattr(library, f"launch_{kernel}")(StorePath(*grid), StorePath(*block), addresses)
        self.launched.append(kernel)

    def fft2(self, waves: NDArray[np.complex64], inverse: bool = False) -> None:
        assert isinstance(waves, DeviceArray)
        assert waves.dtype == np.complex64
        assert waves.flags.c_contiguous
        axes = (waves.ndim - 2, waves.ndim - 1)
        plain = waves.view(np.ndarray)
        ducc0.fft.c2c(plain, axes=axes, forward=not inverse, out=plain)
        self.transformed.append(waves.shape)

    def fft(self, rows: NDArray[np.complex64], inverse: bool = False) -> None:
        assert isinstance(rows, DeviceArray)
        assert rows.flags.c_contiguous
        PROCESSOR_BACKEND.fft(rows.view(np.ndarray), inverse)

    def rfft2(self, image: NDArray[np.float32]) -> NDArray[np.complex64]:
        assert isinstance(image, DeviceArray)
        assert image.dtype == np.float32
        return PROCESSOR_BACKEND.rfft2(image.view(np.ndarray)).view(DeviceArray)

    def irfft2(self, spectrum: NDArray[np.complex64], columns: int) -> NDArray[np.float32]:
        assert isinstance(spectrum, DeviceArray)
        return PROCESSOR_BACKEND.irfft2(spectrum.view(np.ndarray), columns).view(DeviceArray)

    def gaussian_filter(self, image: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
        assert isinstance(image, DeviceArray)
        smoothed: NDArray[np.float32] = gaussian_filter(image.view(np.ndarray), sigma_px, mode="nearest")
        return smoothed.view(DeviceArray)

    def free_bytes(self) -> int:
        return self._free_bytes

    def to_host(self, array: NDArray[Any]) -> NDArray[Any]:
        assert isinstance(array, DeviceArray)
        return array.view(np.ndarray)


def no_compiler() -> str:
    """Why kernels cannot be emulated here; empty where they can."""
    return (
        ""
        if shutil.which(COMPILER)
        else f"{COMPILER} is not installed (Debian: g++), so no kernel can be emulated"
    )
