"""Images from spectra at one defocus after the other: the inner loop of zero defocus and micrographs.

Spectra are kept as transforms of blocks leave and want them, so nothing is reordered between a defocus and its image:
column blocks of LANES columns, real and imaginary parts apart, frequencies in plan order.
"""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from hrtem_assets.fft import (
    LANES,
    ROW,
    SOURCES,
    Memory,
    Plan,
    aligned,
    aligned_zeros,
    at,
    gather_tile,
    intrinsic,
    inverse,
    kernel,
    loop,
    plan,
)


@dataclass(frozen=True)
class PackedSpectra:
    """Spectra of several configurations, ready to be defocused and transformed back.

    Attributes:
        values: float32 (configuration, column blocks x padded rows x ROW).
        shape: pixels (y, x) of an image.
    """

    values: NDArray[np.float32]
    shape: tuple[int, int]

    @classmethod
    def of(cls, spectra: NDArray[np.complex64]) -> "PackedSpectra":
        """Pack spectra.

        Args:
            spectra: complex64 (configuration, ky, kx), in FFT order.

        Raises:
            ValueError: if a side is below 16 pixels or has a prime factor above 7.
        """
        count, ny, nx = spectra.shape
        values = aligned_zeros(count * _blocks(nx) * _padded(ny) * ROW).reshape(count, -1)
        _pack(spectra, plan(ny).frequencies, plan(nx).frequencies, _padded(ny), values)
        return cls(values, (ny, nx))

    def intensity(
        self, phase_y: NDArray[np.complex64], phase_x: NDArray[np.complex64]
    ) -> NDArray[np.float32]:
        """Sum over configurations of |inverse transform of (spectrum x phase_y x phase_x)|^2.

        Args:
            phase_y: complex64 (ky,), in FFT order.
            phase_x: complex64 (kx,), in FFT order.

        Returns:
            float32 (y, x); the inverse transform carries the factor 1 / pixels.
        """
        ny, nx = self.shape
        y, x = plan(ny), plan(nx)
        factors = np.zeros((2, _blocks(nx) * LANES), np.float32)
        factors[:, :nx] = phase_x.real[x.frequencies], phase_x.imag[x.frequencies]
        columns = aligned(factors.reshape(2, -1, LANES).swapaxes(0, 1))
        rows = (phase_y[y.frequencies] / np.float32(nx * ny)).view(np.float32)
        slots = np.minimum(np.arange(_blocks(nx) * LANES), nx)
        sums = aligned_zeros(_padded(ny) * nx)
        _add_intensities((y, x), self.values, rows, columns, slots, sums)
        tiles = sums.reshape(-1, nx, LANES).transpose(0, 2, 1)
        return tiles.reshape(-1, nx)[:ny]


def _blocks(columns: int) -> int:
    return -(-columns // LANES)


def _padded(rows: int) -> int:
    return -(-rows // LANES) * LANES


@numba.njit(nogil=True, cache=True)
def _pack(
    spectra: NDArray[np.complex64],
    ky: NDArray[np.int64],
    kx: NDArray[np.int64],
    padded_rows: int,
    packed: NDArray[np.float32],
) -> None:
    for w in range(len(spectra)):
        for c in range(len(kx)):
            first = (c // LANES) * padded_rows * ROW + c % LANES
            for r in range(len(ky)):
                value = spectra[w, ky[r], kx[c]]
                packed[w, first + r * ROW] = value.real
                packed[w, first + r * ROW + LANES] = value.imag


@numba.njit(nogil=True, cache=True)
def _add_intensities(
    plans: tuple[Plan, Plan],
    spectra: NDArray[np.float32],
    rows: NDArray[np.float32],
    columns: NDArray[np.float32],
    slots: NDArray[np.int64],
    sums: NDArray[np.float32],
    sources: int = SOURCES,
) -> None:
    """Add the configurations' intensities to `sums`: tiles of LANES image rows, transposed.

    `rows` holds one complex factor per row, `columns` one per column in the form of complex rows.
    """
    y, x = plans
    padded_rows = len(sums) // x.size
    wave = np.empty(spectra.shape[1], np.float32)
    # one row more for columns that do not exist
    block = np.empty((x.size + 1) * ROW, np.float32)
    for w in range(len(spectra)):
        for k in range(len(slots) // LANES):
            _defocus(spectra[w], k * padded_rows, y.size, rows, columns, k, wave)
            inverse(y, wave, k * padded_rows)
        for row in range(0, y.size, LANES):
            for k in range(len(slots) // LANES):
                gather_tile(wave, k * padded_rows + row, slots, k * LANES, block)
            inverse(x, block, 0)
            _add_squares(block, x.size, sums, row // LANES * x.size)


@intrinsic
def _defocus(
    _context: Any, spectrum: Any, first: Any, count: Any, rows: Any, columns: Any, block: Any, wave: Any
) -> Any:
    """Multiply complex rows first ... first + count - 1 by one factor per row and one per column of the block."""

    def emit(
        b: Any,
        spectrum: Memory,
        first: Any,
        count: Any,
        rows: Memory,
        columns: Memory,
        block: Any,
        wave: Memory,
    ) -> None:
        of_columns = columns.load_complex(b.mul(block, at(ROW)))
        with loop(b, count) as r:
            offset = b.mul(b.add(first, r), at(ROW))
            factor = rows.splat_complex(b.mul(r, at(2))) * of_columns
            wave.store_complex(offset, spectrum.load_complex(offset) * factor)

    return kernel(emit, spectrum, first, count, rows, columns, block, wave)


@intrinsic
def _add_squares(_context: Any, block: Any, count: Any, sums: Any, first: Any) -> Any:
    """Add |row|^2 of a block's first `count` complex rows to real rows from `first` on."""

    def emit(b: Any, block: Memory, count: Any, sums: Memory, first: Any) -> None:
        with loop(b, count) as j:
            value = block.load_complex(b.mul(j, at(ROW)))
            offset = b.mul(b.add(first, j), at(LANES))
            sums.store(offset, sums.load(offset) + value.re * value.re + value.im * value.im)

    return kernel(emit, block, count, sums, first)
