"""The processor behind the interface of devices, so that array code is written once."""

from pathlib import Path
from typing import Any

import ducc0
import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Triple


class ProcessorBackend:
    """NumPy's arrays and ducc0's transforms, on one thread; no kernels of CUDA C.

    >>> ProcessorBackend().name
    'cpu'
    """

    name = "cpu"
    xp = np

    def launch(
        self, source: Path, kernel: str, grid: Triple, block: Triple, arguments: tuple[Any, ...]
    ) -> None:
        """Refused; see `Backend`."""
        raise NotImplementedError(f"{kernel} of {source.name} runs on a CUDA device only")

    def fft2(self, waves: Any, inverse: bool = False) -> None:
        """Transform along the last two axes in place; see `Backend`."""
        ducc0.fft.c2c(
            waves, axes=(waves.ndim - 2, waves.ndim - 1), forward=not inverse, out=waves, nthreads=1
        )

    def fft(self, rows: Any, inverse: bool = False) -> None:
        """Transform along the last axis in place; see `Backend`."""
        ducc0.fft.c2c(rows, axes=(rows.ndim - 1,), forward=not inverse, out=rows, nthreads=1)

    def rfft2(self, image: Any) -> Any:
        """Transform a real image; see `Backend`."""
        return ducc0.fft.r2c(image, axes=(0, 1), forward=True, nthreads=1)

    def irfft2(self, spectrum: Any, columns: int) -> Any:
        """Transform back to a real image; see `Backend`."""
        return ducc0.fft.c2r(
            spectrum,
            axes=(0, 1),
            lastsize=columns,
            forward=False,
            inorm=2,
            nthreads=1,
            allow_overwriting_input=True,
        )

    def free_bytes(self) -> int:
        """Not counted here; see `Backend`."""
        raise NotImplementedError("memory of the processor is planned in execution")

    def gaussian_filter(self, image: Any, sigma_px: float) -> Any:
        """Smooth an image; see `Backend`."""
        from scipy.ndimage import gaussian_filter

        # not periodic: a particle cut by the frame must not be smeared onto the opposite edge
        return gaussian_filter(image, sigma_px, mode="nearest")

    def to_host(self, array: Any) -> NDArray[Any]:
        """The array itself."""
        return np.asarray(array)


PROCESSOR_BACKEND = ProcessorBackend()
