"""What multiplies a spectrum: antialias aperture and Fresnel propagator, and which columns survive them."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.fft import LANES, Plan, aligned, plan, to_block

# abTEM's antialias aperture: cut-off as a fraction of the Nyquist frequency, taper as one of the sampling frequency
_CUTOFF = 0.6666666
_TAPER = 0.01


def antialias_aperture(k: NDArray[np.float64], sampling_a: float) -> NDArray[np.float64]:
    """abTEM's aperture: 1 inside, a cosine edge, 0 beyond the cut-off.

    Args:
        k: spatial frequencies in 1/Å.
        sampling_a: the coarser of the two pixel sides in Å.
    """
    cutoff, taper = _CUTOFF / (2 * sampling_a), _TAPER / sampling_a
    edge = 0.5 * (1 + np.cos(np.pi * (k - cutoff + taper) / taper))
    return np.where(k > cutoff, 0.0, np.where(k > cutoff - taper, edge, 1.0))


@dataclass
class Spectrum:
    """Filters of one grid, in the layout of a wave's columns.

    A wave is float32 (column blocks, padded rows, 2, LANES): the Fourier transform along x, for every y, of the
    columns within the aperture; real and imaginary parts apart.

    Attributes:
        nx, ny: grid points.
        x, y: plans along the two axes.
        extent_a: sides (x, y) of the cell in Å.
        slice_thickness_a: thickness of a slice in Å.
        wavelength_a: of the electrons, in Å.
        slots: int64 (column blocks * LANES,), position of each column in a transformed row; nx where there is none.
        dropped: int64, positions outside the aperture.
        column_kx: signed frequency number of each column, 0 where there is none.
    """

    nx: int
    ny: int
    extent_a: tuple[float, float]
    slice_thickness_a: float
    wavelength_a: float
    x: Plan = field(init=False)
    y: Plan = field(init=False)
    slots: NDArray[np.int64] = field(init=False)
    dropped: NDArray[np.int64] = field(init=False)
    column_kx: NDArray[np.int64] = field(init=False)
    _propagators: dict[int, NDArray[np.float32]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.x, self.y = plan(self.nx), plan(self.ny)
        kx = self.x.signed_frequencies
        kept = antialias_aperture(np.abs(kx) / self.extent_a[0], self.sampling_a) > 0
        self.slots = np.flatnonzero(kept)
        self.dropped = np.flatnonzero(~kept)
        self.slots = np.append(self.slots, np.full(-len(self.slots) % LANES, self.nx))
        self.column_kx = np.append(kx, 0)[self.slots]

    @property
    def sampling_a(self) -> float:
        """The coarser pixel side in Å, which decides the aperture."""
        return max(self.extent_a[0] / self.nx, self.extent_a[1] / self.ny)

    @property
    def column_blocks(self) -> int:
        """Groups of LANES columns in a wave."""
        return len(self.slots) // LANES

    @property
    def padded_rows(self) -> int:
        """Rows of a wave, rounded up to whole groups of LANES."""
        return self.ny + -self.ny % LANES

    @cached_property
    def _aperture(self) -> NDArray[np.float64]:
        """(column blocks, ny, LANES); 0 where there is no column."""
        kx = (self.column_kx / self.extent_a[0]).reshape(-1, 1, LANES)
        ky = (self.y.signed_frequencies / self.extent_a[1])[:, None]
        present = (self.slots < self.nx).reshape(-1, 1, LANES)
        return antialias_aperture(np.hypot(kx, ky), self.sampling_a) * present

    @cached_property
    def transmission_filter(self) -> NDArray[np.float32]:
        """Aperture for the transmission function, float32 (column blocks * ny * LANES,).

        It also undoes the factors of its own transforms (nx ny) and of the wave's row transforms (nx).
        """
        return aligned(self._aperture / (self.nx**2 * self.ny))

    def propagator(self, slices: int) -> NDArray[np.float32]:
        """Free space over a number of slices, float32 (1, column blocks * ny * 2 * LANES).

        It also undoes the factor ny of its own transforms; the aperture enters once for every slice, as in abTEM.
        """
        if slices not in self._propagators:
            step = -1j * np.pi * self.wavelength_a * self.slice_thickness_a * slices
            along_x = np.exp(step * (self.column_kx / self.extent_a[0]) ** 2).reshape(-1, 1, LANES)
            along_y = np.exp(step * (self.y.signed_frequencies / self.extent_a[1]) ** 2)[:, None]
            values = along_x * along_y * (self._aperture**slices / self.ny)
            self._propagators[slices] = to_block(values).reshape(1, -1)
        return self._propagators[slices]
