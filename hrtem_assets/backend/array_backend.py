"""What device code needs of a device: an array namespace, kernels and Fourier transforms."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Triple = tuple[int, int, int]
BLOCK: Triple = (32, 8, 1)
# fused products and sums are the compiler's default; nothing that changes results further is allowed
COMPILER_OPTIONS = ("-std=c++17",)


class Backend(Protocol):
    """A device, or what takes its place."""

    @property
    def name(self) -> str:
        """What it is, for the record: the device and the library that drives it."""
        ...

    @property
    def xp(self) -> Any:
        """The array namespace, NumPy's or CuPy's; its arrays are what kernels take."""
        ...

    def __hash__(self) -> int: ...

    def launch(
        self, source: Path, kernel: str, grid: Triple, block: Triple, arguments: tuple[Any, ...]
    ) -> None:
        """Start a kernel; returns before it ends.

        Args:
            source: CUDA C file that holds it.
            kernel: name of the function.
            grid: blocks along x, y, z.
            block: threads of a block along x, y, z.
            arguments: contiguous arrays of the namespace and numpy scalars, in the order of its parameters.
        """
        ...

    def fft2(self, waves: Any, inverse: bool = False) -> None:
        """Transform complex64 (..., y, x) along its last two axes, in place and without any factor.

        Args:
            waves: contiguous array of the namespace.
            inverse: with exp(+2 pi i jk / n) instead of exp(-2 pi i jk / n).
        """
        ...

    def fft(self, rows: Any, inverse: bool = False) -> None:
        """As `fft2`, along the last axis alone.

        Args:
            rows: contiguous complex64 array of the namespace.
            inverse: with exp(+2 pi i jk / n).
        """
        ...

    def rfft2(self, image: Any) -> Any:
        """The spectrum of a real image, complex64 (y, x // 2 + 1), without any factor.

        Args:
            image: float32 (y, x), contiguous, of the namespace.
        """
        ...

    def irfft2(self, spectrum: Any, columns: int) -> Any:
        """The image of such a spectrum, float32 (y, x), divided by its pixels.

        Args:
            spectrum: as from `rfft2`; its content is lost.
            columns: x.
        """
        ...

    def gaussian_filter(self, image: Any, sigma_px: float) -> Any:
        """Smooth float32 (y, x) with a Gaussian; beyond the edge the nearest pixel goes on.

        Args:
            image: array of the namespace.
            sigma_px: standard deviation in pixels.
        """
        ...

    def free_bytes(self) -> int:
        """Memory that this process may still take."""
        ...

    def to_host(self, array: Any) -> NDArray[Any]:
        """A numpy array of the same content, once it has been computed."""
        ...


def pixel_grid(nx: int, ny: int, waves: int) -> Triple:
    """Blocks of `BLOCK` threads that cover the pixels of some waves."""
    return -(-nx // BLOCK[0]), -(-ny // BLOCK[1]), waves


def integers(*values: int) -> tuple[np.int32, ...]:
    """Arguments of kernels that are `int`."""
    return tuple(np.int32(v) for v in values)
