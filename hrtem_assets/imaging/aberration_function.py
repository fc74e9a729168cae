"""The aberration function of the objective lens and its gradient, as polynomials in the spatial frequency."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.imaging.optics import Aberrations

_ORDER = 6
_UNIT_A = {"nm": 10.0, "um": 1e4, "mm": 1e7}


@dataclass(frozen=True)
class AberrationFunction:
    """chi(k) = sum of coefficients[q, p] ky^q kx^p, rad; the lens multiplies a wave's spectrum by exp(-i chi).

    Polynomials need no angle and no root on the grid: with w = lambda (kx + i ky), the term of c_nm is
    |w|^(n+1-m) Re(w^m exp(-i m phi_nm)) c_nm / (n + 1), whose first exponent is even.

    Attributes:
        coefficients: float64 (7, 7).
    """

    coefficients: NDArray[np.float64]

    @classmethod
    def of(
        cls, aberrations: Aberrations, wavelength_a: float, defocus_a: float = 0.0
    ) -> "AberrationFunction":
        """The function of a lens.

        Args:
            aberrations: in abTEM's polar convention.
            wavelength_a: electron wavelength, Å.
            defocus_a: underfocus positive, Å.
        """
        total = np.zeros((_ORDER + 1, _ORDER + 1))
        for n, m, coefficient_a, azimuth_rad in [(1, 0, -defocus_a, 0.0), *_terms(aberrations)]:
            if coefficient_a == 0:
                continue
            factor = 2 * math.pi * wavelength_a**n * coefficient_a / (n + 1)
            for (q, p), value in _polynomial(n, m, azimuth_rad).items():
                total[q, p] += factor * value
        return cls(total)

    def tilted(self, tilt_per_a: tuple[float, float]) -> "AberrationFunction":
        """The function about a tilted beam: chi(k + t) - chi(t) - k . grad chi(t), which leaves the image in its place.

        Args:
            tilt_per_a: t, the spatial frequency (y, x) of the beam, 1/Å.
        """
        moved = self.moved(tilt_per_a)
        moved.coefficients[0, 0] = moved.coefficients[1, 0] = moved.coefficients[0, 1] = 0
        return moved

    def moved(self, by_per_a: tuple[float, float]) -> "AberrationFunction":
        """chi(k + t), with t (y, x) in 1/Å."""
        moved = np.zeros_like(self.coefficients)
        for q, p in zip(*np.nonzero(self.coefficients), strict=True):
            along_y = [math.comb(q, i) * by_per_a[0] ** (q - i) for i in range(q + 1)]
            along_x = [math.comb(p, j) * by_per_a[1] ** (p - j) for j in range(p + 1)]
            moved[: q + 1, : p + 1] += self.coefficients[q, p] * np.multiply.outer(along_y, along_x)
        return AberrationFunction(moved)

    @property
    def gradient(self) -> tuple["AberrationFunction", "AberrationFunction"]:
        """Its derivatives along ky and kx, rad Å."""
        orders = np.arange(_ORDER + 1.0)
        along_y, along_x = np.zeros((2, _ORDER + 1, _ORDER + 1))
        along_y[:-1] = (self.coefficients * orders[:, None])[1:]
        along_x[:, :-1] = (self.coefficients * orders)[:, 1:]
        return AberrationFunction(along_y), AberrationFunction(along_x)

    def __call__(self, ky: NDArray[np.float64], kx: NDArray[np.float64], xp: Any = np) -> Any:
        """Its values, float64 (ny, nx), where the namespace's arrays are.

        Args:
            ky: (ny, 1), 1/Å.
            kx: (1, nx), 1/Å.
            xp: array namespace, NumPy's or CuPy's.
        """
        rows = [np.polynomial.polynomial.polyval(kx, row) for row in self.coefficients]
        used = [q for q, row in enumerate(self.coefficients) if row.any()]
        total = xp.zeros((ky.size, kx.size))
        along_y = xp.asarray(ky)
        for q in range(max(used, default=0), -1, -1):
            if q != max(used, default=0):
                total *= along_y
            if q in used:
                total += xp.asarray(rows[q])
        return total


def _terms(aberrations: Aberrations) -> Iterator[tuple[int, int, float, float]]:
    """Order, symmetry, coefficient in Å and azimuth in rad of each aberration."""
    for name in Aberrations.model_fields:
        if name.startswith("c"):
            nm, _, unit = name[1:].partition("_")
            azimuth = getattr(aberrations, f"phi{nm}_rad", 0.0)
            yield int(nm[0]), int(nm[1]), _UNIT_A[unit] * getattr(aberrations, name), azimuth


def _polynomial(n: int, m: int, azimuth_rad: float) -> dict[tuple[int, int], float]:
    """|k|^(n+1-m) Re((kx + i ky)^m exp(-i m phi)) by the powers (of ky, of kx)."""
    terms: dict[tuple[int, int], float] = {}
    half = (n + 1 - m) // 2
    for j in range(m + 1):
        # Re(i^j exp(-i m phi)) of (kx)^(m-j) (i ky)^j
        angle = j * math.pi / 2 - m * azimuth_rad
        real = math.comb(m, j) * math.cos(angle)
        for s in range(half + 1):
            key = (j + 2 * s, m - j + 2 * (half - s))
            terms[key] = terms.get(key, 0.0) + real * math.comb(half, s)
    return terms
