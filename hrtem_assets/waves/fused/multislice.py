"""One configuration through all slices, whole and its particles alone."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.fft import LANES, ROW, aligned_zeros
from hrtem_assets.waves.fused.atoms import SlicedAtoms, Stencils
from hrtem_assets.waves.fused.passes import (
    Blocks,
    Layout,
    propagate,
    transmission_function,
    transmit_directly,
    transmit_filtered,
)
from hrtem_assets.waves.fused.spectrum import Spectrum
from hrtem_assets.waves.resampling import crop_spectrum

Mode = Literal["exact", "fast"]
# which of the two waves, in the order of `Multislice._values`
_FULL, _VACUUM, _BOTH = slice(0, 1), slice(1, 2), slice(0, 2)


@dataclass
class _Wave:
    """A wave on its way; `behind` counts the slices it still has to be propagated through.

    `gain` is what the rounding of scale factors has done to its amplitude.
    """

    values: NDArray[np.float32]
    entered: bool = False
    behind: int = 0
    gain: float = 1.0


@dataclass
class Multislice:
    """Work space and tables for one thread.

    Attributes:
        spectrum: grid and filters, shared by threads.
        stencils: of all elements, shared by threads.
        mode: `exact` band-limits the transmission function as abTEM does; `fast` leaves that out.
    """

    spectrum: Spectrum
    stencils: Stencils
    mode: Mode
    _layout: Layout = field(init=False)
    _blocks: Blocks = field(init=False)
    _values: NDArray[np.float32] = field(init=False)
    _full: _Wave = field(init=False)
    _vacuum: _Wave = field(init=False)
    _transmission: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        s = self.spectrum
        self._layout = Layout(s.x, s.y, s.padded_rows, s.slots, s.dropped)
        # one row more for columns that do not exist
        rows = s.nx + 1
        self._blocks = Blocks(
            aligned_zeros(rows * ROW), aligned_zeros(rows * ROW), aligned_zeros(rows * LANES)
        )
        size = s.column_blocks * s.padded_rows * ROW
        self._values = aligned_zeros(2 * size).reshape(2, size)
        self._full, self._vacuum = (_Wave(values) for values in self._values)
        self._transmission = aligned_zeros(size if self.mode == "exact" else 0)

    def exit_waves(
        self, atoms: SlicedAtoms, shape: tuple[int, int]
    ) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
        """Exit waves of all atoms and of the particles alone.

        Slices without atoms only add to the distance of the next propagation; before its first atom a wave is
        still the incident one.

        Args:
            atoms: one configuration in slices.
            shape: output grid (y, x).

        Returns:
            complex64 arrays of `shape`.
        """
        full, vacuum = self._full, self._vacuum
        self._start(full)
        self._start(vacuum)
        for begin, substrate, end in atoms.edges.tolist():
            if begin < substrate < end:
                self._transmit(_VACUUM, atoms, (begin, substrate, substrate))
                self._transmit(_FULL, atoms, (begin, substrate, end))
            elif begin < end:
                self._transmit(_BOTH if substrate == end else _FULL, atoms, (begin, substrate, end))
            for wave in (full, vacuum):
                wave.behind += wave.entered
        return self._finish(full, shape), self._finish(vacuum, shape)

    def _start(self, wave: _Wave) -> None:
        s = self.spectrum
        wave.values[:] = 0.0
        wave.entered, wave.behind, wave.gain = False, 0, 1.0
        column = int(np.flatnonzero((s.column_kx == 0) & (s.slots < s.nx))[0])
        self._columns(wave)[column // LANES, : s.ny, 0, column % LANES] = s.nx

    def _columns(self, wave: _Wave) -> NDArray[np.float32]:
        return wave.values.reshape(self.spectrum.column_blocks, self.spectrum.padded_rows, 2, LANES)

    @property
    def _transmission_gain(self) -> float:
        s = self.spectrum
        exact = s.nx**2 * s.ny if self.mode == "exact" else s.nx
        return float(np.float32(1 / exact)) * exact

    @property
    def _propagator_gain(self) -> float:
        return float(np.float32(1 / self.spectrum.ny)) * self.spectrum.ny

    def _transmit(self, which: slice, atoms: SlicedAtoms, group: tuple[int, int, int]) -> None:
        for wave in [self._full, self._vacuum][which]:
            self._catch_up(wave)
            wave.entered = True
            wave.gain *= self._transmission_gain
        values = self._values[which]
        if self.mode == "fast":
            transmit_directly(self._layout, self._blocks, values, atoms, group, self.stencils)
            return
        transmission_function(self._layout, self._blocks, self._transmission, atoms, group, self.stencils)
        propagate(self._layout, self._transmission, self.spectrum.transmission_filter)
        transmit_filtered(self._layout, self._blocks, values, self._transmission)

    def _catch_up(self, wave: _Wave) -> None:
        if wave.behind:
            propagate(self._layout, wave.values, self.spectrum.propagator(wave.behind))
            wave.behind = 0
            wave.gain *= self._propagator_gain

    def _finish(self, wave: _Wave, shape: tuple[int, int]) -> NDArray[np.complex64]:
        import ducc0

        self._catch_up(wave)
        s = self.spectrum
        kept = np.flatnonzero((np.abs(s.column_kx) <= shape[1] // 2) & (s.slots < s.nx))
        columns = self._columns(wave)
        rows = np.zeros((s.ny, s.nx), np.complex64)
        for column in kept:
            block, lane = divmod(int(column), LANES)
            target = rows[:, s.column_kx[column] % s.nx]
            target.real, target.imag = columns[block, : s.ny, 0, lane], columns[block, : s.ny, 1, lane]
        spectrum = crop_spectrum(rows, 1, shape[1])
        spectrum = ducc0.fft.c2c(spectrum, axes=(0,), out=spectrum)
        spectrum = crop_spectrum(spectrum, 0, shape[0])
        spectrum *= np.float32(1 / (s.nx * s.ny * wave.gain))
        return ducc0.fft.c2c(spectrum, axes=(0, 1), forward=False, out=spectrum)
