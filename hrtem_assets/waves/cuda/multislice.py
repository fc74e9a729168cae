"""A batch of structures through all slices on a device."""

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hrtem_assets.backend.array_backend import BLOCK, Backend, integers, pixel_grid
from hrtem_assets.waves.cuda.atoms import BatchAtoms, DeviceStencils, bins
from hrtem_assets.waves.cuda.filters import Grid, free_space
from hrtem_assets.waves.cuda.schedule import Step, Transmission, runs, schedule

KERNELS = Path(__file__).with_name("multislice.cu")
# as in multislice.cu
ROWS = 16
# pixels that keep a device busy: transforms of more at a time gain nothing and need larger work areas
FILLING_PIXELS = 2**24


class Multislice:
    """The waves of a batch on their way; made anew for every batch.

    Args:
        grid: where waves are computed.
        atoms: of all configurations.
        stencils: of all elements.
        phonons: configurations of a structure.
        mode: `exact` band-limits the transmission function as abTEM does; `fast` leaves that out.
        aperture: float32 (y, x), antialias aperture.
        backend: where.
    """

    def __init__(
        self,
        grid: Grid,
        atoms: BatchAtoms,
        stencils: DeviceStencils,
        phonons: int,
        mode: Literal["exact", "fast"],
        aperture: Any,
        backend: Backend,
    ) -> None:
        self._grid, self._atoms, self._stencils = grid, atoms, stencils
        self._phonons, self._aperture, self._backend = phonons, aperture, backend
        configurations, self._slices, _ = atoms.counts.shape
        self._structures = configurations // phonons
        self._exact = mode == "exact"
        nx, ny = grid.points
        xp = backend.xp
        self._waves = xp.ones((2 * self._structures, phonons, ny, nx), np.complex64)
        shape = (self._structures if self._exact else 0, phonons, ny, nx)
        self._transmission = xp.empty(shape, np.complex64)
        # the fast mode leaves the mean of what was cut off from potentials out
        self._everywhere = atoms.everywhere if self._exact else xp.zeros_like(atoms.everywhere)
        self._steps = schedule(atoms.counts, phonons)
        self._upload()

    def _upload(self) -> None:
        """All that kernels need to know about the steps, so that nothing is sent between them."""
        xp = self._backend.xp
        distances = np.array([s.distance for s in self._steps]).reshape(-1, 2 * self._structures)
        kinds = np.unique(distances[distances > 0])
        self._free_space = free_space(self._grid, kinds, self._backend)
        which = np.where(distances > 0, np.searchsorted(kinds, distances), -1)
        self._which = xp.asarray(which.astype(np.int32))
        flags = [[t.flags for t in s.transmissions] for s in self._steps]
        # where one transmission function does for all, the second place stays empty
        padded = [[*f, np.zeros_like(f[0])][:2] for f in flags]
        self._flags = xp.asarray(np.array(padded, np.int32).reshape(-1, 2, self._structures))

    def exit_waves(self, shape: tuple[int, int]) -> Any:
        """Exit waves of all atoms and of the particles alone.

        Args:
            shape: output grid (y, x).

        Returns:
            complex64 (structures, 2, phonons, *shape), full before vacuum, on the device.
        """
        xp, phonons = self._backend.xp, self._phonons
        spectra = xp.zeros((2 * self._structures, phonons, *shape), np.complex64)
        steps = np.zeros(2 * self._structures, int)
        for number, step in enumerate(self._steps):
            for transmission, flags in zip(step.transmissions, self._flags[number], strict=False):
                self._transmit(step.slice, transmission, flags)
            self._propagate(step, self._which[number])
            steps += step.distance > 0
            for half in np.flatnonzero(step.ends).tolist():
                self._crop(self._waves[half], spectra[half], steps[half])
            self._fft(self._waves, (step.distance > 0) & ~step.ends, inverse=True)
        self._fft(spectra, steps > 0, inverse=True)
        for half in np.flatnonzero(steps == 0).tolist():
            spectra[half] = 1.0
        return spectra.reshape(self._structures, 2, phonons, *shape)

    def _transmit(self, slice_number: int, transmission: Transmission, flags: Any) -> None:
        grid, size, scale = self._pixels(self._structures)
        nx, ny = self._grid.points
        columns = pixel_grid(nx, -(-ny // ROWS), self._structures * self._phonons)
        group = integers(slice_number, self._slices, transmission.with_substrate)
        atoms = (flags, self._everywhere, *size, *group, *self._atoms.arguments, *self._stencils.arguments)
        if not self._exact:
            self._launch("transmit_directly", columns, (self._waves, *atoms))
            return
        self._launch("transmission_function", columns, (self._transmission, *atoms))
        chosen = transmission.flags > 0
        self._fft(self._transmission, chosen)
        self._launch("filter_spectra", grid, (self._transmission, flags, self._aperture, *size, scale))
        self._fft(self._transmission, chosen, inverse=True)
        self._launch("transmit", grid, (self._waves, self._transmission, flags, *size))

    def _propagate(self, step: Step, which: Any) -> None:
        grid, size, scale = self._pixels(2 * self._structures)
        self._fft(self._waves, step.distance > 0)
        free = self._free_space
        tables = (which, free.slices, self._aperture, free.along_x, free.along_y)
        self._launch("propagate", grid, (self._waves, *tables, *size, scale))

    def _crop(self, wide: Any, cropped: Any, steps: int) -> None:
        # what the rounding of the factors of so many steps has done to the amplitude
        gain = (float(self._pixels(1)[2]) * math.prod(self._grid.points)) ** (steps * (1 + self._exact))
        (wide_y, wide_x), (ny, nx) = wide.shape[-2:], cropped.shape[-2:]
        grid, sizes = pixel_grid(nx, ny, self._phonons), integers(wide_x, wide_y, nx, ny)
        self._launch("crop_spectra", grid, (wide, cropped, *sizes, np.float32(1 / gain)))

    def _pixels(self, groups: int) -> tuple[tuple[int, int, int], tuple[np.int32, ...], np.float32]:
        """Blocks, sizes as kernels take them, and what undoes the factor of a pair of transforms."""
        nx, ny = self._grid.points
        grid = pixel_grid(nx, ny, groups * self._phonons)
        return grid, integers(nx, ny, self._phonons), np.float32(1 / (nx * ny))

    def _fft(self, waves: Any, chosen: np.ndarray, inverse: bool = False) -> None:
        longest = longest_run(waves.shape[-2] * waves.shape[-1] * self._phonons)
        for first, count in runs(chosen, longest):
            self._backend.fft2(waves[first : first + count], inverse)

    def _launch(self, kernel: str, grid: tuple[int, int, int], arguments: tuple[Any, ...]) -> None:
        self._backend.launch(KERNELS, kernel, grid, BLOCK, arguments)


def longest_run(pixels: int) -> int:
    """How many neighbours are transformed at a time: the greatest power of two that fills a device, at least 1.

    Args:
        pixels: of one of them.
    """
    return 1 << (max(1, FILLING_PIXELS // pixels).bit_length() - 1)


def bytes_needed(
    points: tuple[int, int], shape: tuple[int, int], phonons: int, slices: int, atoms: int
) -> tuple[int, int]:
    """Device memory of a batch: of each structure, and once.

    Args:
        points: grid points (x, y).
        shape: output grid (y, x).
        phonons: configurations of a structure.
        slices: of the deepest structure.
        atoms: of the largest structure.

    Returns:
        bytes for each structure, and bytes however many there are.
    """
    pixels, output = points[0] * points[1], shape[0] * shape[1]
    waves = 8 * phonons * (3 * pixels + 2 * output)
    tables = bins(points)[0] * bins(points)[1] * 2 * slices * phonons
    # starts int32 beside the int64 they come from; positions, keys and their sorted copies
    sorting = 20 * tables + 200 * atoms * phonons
    work_areas = 2 * 8 * max(FILLING_PIXELS, phonons * pixels)
    return waves + sorting, 2 * work_areas + 4 * pixels
