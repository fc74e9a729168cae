"""Projected potentials of single atoms on the grid, cut off where what is left no longer matters."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.fft import LANES
from hrtem_assets.imaging.electrons import scattering_factors

# atoms of one element per Å² that an error bound assumes, all slices together: 70 Å of carbon, 130 Å of silver
_ATOMS_PER_A2 = 8.0
# width of the cosine edge at a stencil's rim; without it heavy atoms lose ten times more
_EDGE_PIXELS = 8.0
# zeros before a stencil's row, for strips that begin before it
PAD = LANES + 1


@dataclass(frozen=True)
class Stencil:
    """The phase that one atom on a grid point gives to the points around it.

    Attributes:
        phases: float32 (rows, width), rad; row p + before_x + 1, column q + before_y + PAD belongs to the point p
            pixels in x and q pixels in y from the atom. Beyond the cut-off radius it is zero.
        before_x, after_x, before_y, after_y: how many pixels it reaches to either side.
        chords: int64, how many pixels it reaches in x for a distance of 0, 1, 2 ... pixels in y.
        remainder: phase in rad that, given to the whole grid, makes the atom's mean phase that of abTEM.
    """

    phases: NDArray[np.float32]
    before_x: int
    after_x: int
    before_y: int
    after_y: int
    chords: NDArray[np.int64]
    remainder: float


@lru_cache(maxsize=128)
def stencil(
    number: int,
    parametrization: str,
    points: tuple[int, int],
    extent_a: tuple[float, float],
    sigma: float,
    error: float,
) -> Stencil:
    """The stencil of an element.

    The potential is abTEM's infinite projection (Van den Broek et al., Ultramicroscopy 158 (2015) 89): scattering
    factors on the periodic grid, divided by the transform of a pixel as abTEM writes it. Its cut-off radius is the
    smallest for which the phase outside it, added up over all atoms, stays below `error`; the mean of what is cut
    off is kept as `remainder`.

    Args:
        number: atomic number, 1 to 103.
        parametrization: `lobato` or `kirkland`.
        points: grid points (x, y).
        extent_a: sides (x, y) of the cell in Å.
        sigma: interaction parameter in rad/(V Å).
        error: phase in rad that may be lost, for 8 atoms of the element per Å².

    Raises:
        ValueError: if the parametrization lacks the element.
    """
    phase = sigma * projected_potential(number, parametrization, points, extent_a)
    sampling = np.array(extent_a) / points
    px, py = (np.fft.fftfreq(n, 1 / n) for n in points)
    distance = np.hypot(px[:, None] * sampling[0], py * sampling[1])
    radius = _cutoff_radius(phase, distance, error / (_ATOMS_PER_A2 * sampling.prod()))
    if radius < distance.max():
        # a sharp edge would turn what alternates from point to point into something the aperture lets pass
        edge = np.clip((radius - distance) / (_EDGE_PIXELS * sampling.max()), 0.0, 1.0)
        phase *= 0.5 - 0.5 * np.cos(np.pi * edge)
    reach = np.floor(radius / sampling + 1e-9).astype(int)
    # an even grid has one more point before the atom than after it
    (before_x, before_y), (after_x, after_y) = (
        [min(int(r), (n - after) // 2) for r, n in zip(reach, points, strict=True)] for after in (0, 1)
    )
    rows, columns = np.arange(-before_x, after_x + 1), np.arange(-before_y, after_y + 1)
    phases = np.zeros((len(rows) + 2, before_y + after_y + 1 + PAD + LANES), np.float32)
    phases[1:-1, PAD : PAD + len(columns)] = phase[np.ix_(rows, columns)]
    heights = np.arange(max(before_y, after_y) + LANES + 2) * sampling[1]
    chords = np.floor(np.sqrt(np.maximum(radius**2 - heights**2, 0)) / sampling[0] + 1e-9).astype(np.int64)
    # at single precision abTEM's parameters of light elements nearly cancel: its mean differs by up to 1e-4
    mean = sigma * float(scattering_factors(number, parametrization, np.zeros(1, np.float32))[0])
    area = extent_a[0] * extent_a[1]
    remainder = mean / area - float(phases.sum(dtype=np.float64)) / (points[0] * points[1])
    return Stencil(phases, before_x, after_x, before_y, after_y, chords, remainder)


def projected_potential(
    number: int, parametrization: str, points: tuple[int, int], extent_a: tuple[float, float]
) -> NDArray[np.float64]:
    """abTEM's infinite projected potential of one atom at the origin, float64 (x, y), in V Å."""
    sampling = [side / n for side, n in zip(extent_a, points, strict=True)]
    kx, ky = np.fft.fftfreq(points[0], sampling[0])[:, None], np.fft.rfftfreq(points[1], sampling[1])
    factors = scattering_factors(number, parametrization, kx**2 + ky**2)
    # abTEM takes sin(a) / a with a = |(kx dx, ky dy)|, without pi
    a = np.hypot(kx * sampling[0], ky * sampling[1])
    pixel = np.sinc(a / np.pi) * sampling[0] * sampling[1]
    return np.fft.irfft2(factors / pixel, s=points)


def _cutoff_radius(phase: NDArray[np.float64], distance: NDArray[np.float64], allowed: float) -> float:
    """The smallest radius outside which the absolute values sum up to `allowed` or less."""
    # neighbours cancel what alternates from point to point: it lies beyond the antialias aperture
    for axis in (0, 1):
        phase = (np.roll(phase, 1, axis) + 2 * phase + np.roll(phase, -1, axis)) / 4
    order = np.argsort(distance, axis=None)[::-1]
    outside = np.cumsum(np.abs(phase).ravel()[order])
    kept = int(np.searchsorted(outside, allowed, side="right"))
    return float(distance.ravel()[order[min(kept, order.size - 1)]])
