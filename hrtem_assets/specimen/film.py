"""What makes a film uneven: random relief and density, periodic over the cell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign.settings import MOST_SIGMAS, Fluctuations

STEP_A = 1.0
COLUMN_A = 4.0


@dataclass(frozen=True)
class Unevenness:
    """How a film differs from an even one, over a grid of the cell.

    Attributes:
        relief_a: by how much it is thicker than its mean, float64 (n, n): x, y, Å.
        density: density by its mean, float64 (n, n).
        columns: along a side of the cell, over which atoms are shared out; divides n.
    """

    relief_a: NDArray[np.float64]
    density: NDArray[np.float64]
    columns: int

    @property
    def deepest_a(self) -> float:
        """How far it reaches below an even film, Å."""
        return float(self.relief_a.max())

    def atoms(self, thickness_a: float) -> NDArray[np.float64]:
        """Atoms of each column by those of an even film, float64 (columns, columns).

        Args:
            thickness_a: mean thickness, Å.
        """
        share = np.maximum(1 + self.relief_a / max(thickness_a, 1e-9), 0.0) * self.density
        block = len(share) // self.columns
        shares = share.reshape(self.columns, block, self.columns, block).mean(axis=(1, 3))
        return np.asarray(shares / shares.mean())


def unevenness(
    rule: Fluctuations, thickness_a: float, cell_a: float, rng: np.random.Generator
) -> Unevenness | None:
    """An uneven film, drawn; None, and no random number, for an even one.

    Args:
        rule: fluctuations of thickness and density.
        thickness_a: mean thickness, Å; no place is thinner than nothing.
        cell_a: side of the cell, Å.
        rng: random numbers.
    """
    if rule.is_even:
        return None
    columns = max(1, int(cell_a // COLUMN_A))
    n = columns * max(1, round(cell_a / columns / STEP_A))
    relief, density = np.zeros((2, n, n))
    if rule.thickness_rms_a:
        relief = rule.thickness_rms_a * random_field(rule, n, cell_a, rng)
        relief = np.maximum(relief, -thickness_a)
    if rule.density_rms:
        density = rule.density_rms * random_field(rule, n, cell_a, rng)
    return Unevenness(relief, 1 + density, columns)


def random_field(rule: Fluctuations, n: int, cell_a: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A Gaussian random field of mean 0 and variance 1, periodic, cut at three standard deviations, float64 (n, n).

    Args:
        rule: correlation length and spectrum.
        n: points along a side.
        cell_a: side of the cell, Å.
        rng: random numbers.
    """
    k = np.fft.fftfreq(n, cell_a / n)
    turns = (2 * np.pi * rule.correlation_length_a) ** 2 * (k[:, None] ** 2 + k[None] ** 2)
    # Fourier transforms of the correlations exp(-r^2 / (2 L^2)) and exp(-r / L) in the plane
    power = np.exp(-turns / 2) if rule.spectrum == "gaussian" else (1 + turns) ** -1.5
    power[0, 0] = 0
    noise = np.fft.fft2(rng.standard_normal((n, n)))
    field = np.fft.ifft2(noise * np.sqrt(power / power.mean())).real
    return np.asarray(np.clip(field, -MOST_SIGMAS, MOST_SIGMAS))


def shared_out(
    counts: NDArray[np.int64], shares: NDArray[np.float64], total: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Whole numbers of atoms for columns, of a given sum.

    Args:
        counts: of an even film, whose own fluctuations stay.
        shares: by what each is multiplied.
        total: atoms of the film.
        rng: decides about fractions.
    """
    wanted = counts * shares
    wanted *= total / max(wanted.sum(), 1e-9)
    whole = np.floor(wanted).astype(np.int64)
    fractions = (wanted - whole).ravel()
    left = total - int(whole.sum())
    if left > 0:
        chosen = rng.choice(fractions.size, left, replace=False, p=fractions / fractions.sum())
        whole.ravel()[chosen] += 1
    return whole
