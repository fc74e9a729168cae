"""The CUDA device, driven by CuPy: kernels compiled at run time, cuFFT plans made once per shape."""

from functools import cached_property
from pathlib import Path
from typing import Any

import cupy
import numpy as np
from cupyx.scipy.fft import get_fft_plan
from cupyx.scipy.ndimage import gaussian_filter
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import COMPILER_OPTIONS, Triple
from hrtem_assets.backend.memory import share_bytes

# each keeps a work area
_MOST_PLANS = 16


class CudaBackend:
    """The current CUDA device of this process.

    The memory pool is held to the process's share, so that processes on one device do not starve each other.

    Args:
        processes: worker processes that share the device.

    Raises:
        ValueError: if HRTEM_GPU_MEMORY_FRACTION is no fraction.
    """

    xp = cupy

    def __init__(self, processes: int = 1) -> None:
        _, total = cupy.cuda.runtime.memGetInfo()
        self._share = share_bytes(total, processes)
        cupy.get_default_memory_pool().set_limit(size=self._share)
        self._modules: dict[Path, Any] = {}
        self._kernels: dict[tuple[Path, str], Any] = {}
        self._plans: dict[tuple[int, ...], Any] = {}

    @cached_property
    def name(self) -> str:
        """The device and the library that drives it."""
        properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.runtime.getDevice())
        return f"{properties['name'].decode()}, cupy {cupy.__version__}"

    def launch(
        self, source: Path, kernel: str, grid: Triple, block: Triple, arguments: tuple[Any, ...]
    ) -> None:
        """Start a kernel; see `Backend`."""
        if (source, kernel) not in self._kernels:
            if source not in self._modules:
                self._modules[source] = cupy.RawModule(code=source.read_text(), options=COMPILER_OPTIONS)
            self._kernels[source, kernel] = self._modules[source].get_function(kernel)
        self._kernels[source, kernel](grid, block, arguments)

    def fft2(self, waves: Any, inverse: bool = False) -> None:
        """Transform along the last two axes in place; see `Backend`."""
        waves = waves.reshape(-1, *waves.shape[-2:])
        if waves.shape not in self._plans:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            self._plans[waves.shape] = get_fft_plan(waves, axes=(1, 2), value_type="C2C")
        direction = cupy.cuda.cufft.CUFFT_INVERSE if inverse else cupy.cuda.cufft.CUFFT_FORWARD
        self._plans[waves.shape].fft(waves, waves, direction)

    def fft(self, rows: Any, inverse: bool = False) -> None:
        """Transform along the last axis in place; see `Backend`."""
        transformed = cupy.fft.ifft(rows, norm="forward") if inverse else cupy.fft.fft(rows)
        rows[...] = transformed

    def rfft2(self, image: Any) -> Any:
        """Transform a real image; see `Backend`."""
        return cupy.fft.rfft2(image)

    def irfft2(self, spectrum: Any, columns: int) -> Any:
        """Transform back to a real image; see `Backend`."""
        return cupy.fft.irfft2(spectrum, s=(spectrum.shape[0], columns))

    def gaussian_filter(self, image: Any, sigma_px: float) -> Any:
        """Smooth an image; see `Backend`."""
        # not periodic: a particle cut by the frame must not be smeared onto the opposite edge
        return gaussian_filter(image, sigma_px, mode="nearest")

    def free_bytes(self) -> int:
        """What is left of the process's share, and no more than the device has free."""
        free, _ = cupy.cuda.runtime.memGetInfo()
        pool = cupy.get_default_memory_pool()
        return int(min(self._share - pool.used_bytes(), free + pool.free_bytes()))

    def to_host(self, array: Any) -> NDArray[Any]:
        """A numpy array of the same content."""
        return np.asarray(cupy.asnumpy(array))
