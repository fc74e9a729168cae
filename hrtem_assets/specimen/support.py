"""What particles lie on: the film's or slab's faces, its edge, and the atoms of a slab."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign
from hrtem_assets.campaign.settings import Edge, Substrate
from hrtem_assets.crystal.slabs import planes, slab_atoms
from hrtem_assets.morphology.orientation import DOWN, Surroundings
from hrtem_assets.morphology.species import number

_BESIDE = np.array([-1.0, 0.0, 0.0])
# points of an edge per Å
_STEPS_PER_A = 1.0


@dataclass(frozen=True, eq=False)
class Slab:
    """Atoms of a crystalline support, its lowest plane at z = 0.

    Attributes:
        positions_a: float64 (N, 3), Å.
        numbers: atomic numbers, int64 (N,).
        thickness_a: from the lowest to the uppermost plane.
    """

    positions_a: NDArray[np.float64]
    numbers: NDArray[np.int64]
    thickness_a: float


@dataclass(frozen=True, eq=False)
class EdgeLine:
    """Where a support ends.

    Attributes:
        at_a: mean x, Å.
        line_a: x at equal steps of y over the cell, float64 (n,), Å.
        cell_a: side of the cell, Å.
    """

    at_a: float
    line_a: NDArray[np.float64]
    cell_a: float

    def beyond(self, positions_a: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which atoms (N, 3) would lie in the vacuum beside it."""
        return np.asarray(positions_a[:, 0] > self.x_a(positions_a[:, 1]))

    def x_a(self, y_a: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where it lies at some y (N,), Å."""
        steps = len(self.line_a)
        return self.line_a[
            np.minimum((np.mod(y_a, self.cell_a) / self.cell_a * steps).astype(np.int64), steps - 1)
        ]


def surroundings(campaign: Campaign) -> Surroundings:
    """What particles of a campaign are laid on."""
    substrate = campaign.substrate
    at_edge = substrate.edge is not None and substrate.edge.particles == "edge"
    support = None
    if substrate.crystal is not None:
        fit = substrate.crystal.fit(campaign.simulation.cell_a, substrate.edge is not None)
        support = fit.crystal, fit.rotation
    return Surroundings(_BESIDE if at_edge else DOWN, support)


def drawn_slab(substrate: Substrate, cell_a: float, rng: np.random.Generator) -> Slab | None:
    """The atoms of a crystalline support; None where no plane of it is drawn.

    Args:
        substrate: names a crystal.
        cell_a: side of the cell, Å.
        rng: number of planes, uppermost plane and shift.
    """
    support = substrate.crystal
    assert support is not None
    is_open = substrate.edge is not None
    least, most = support.plane_counts(substrate.thickness_min_a, substrate.thickness_max_a)
    count = int(rng.integers(least, most + 1))
    if not count:
        return None
    stack = planes(support.lattice.crystal, support.zone_axis)
    top = int(rng.integers(len(stack.heights_a)))
    if support.termination is not None:
        top = support.termination
    # what ends at an edge has its seam in the vacuum
    shift = rng.random(2) * (0.0 if is_open else 1.0, 1.0)
    fit = support.fit(cell_a, is_open)
    positions, symbols = slab_atoms(fit, support.zone_axis, cell_a, count, top, shift)
    numbers = np.array([number(s) for s in symbols], np.int64)
    return Slab(positions, numbers, float(positions[:, 2].max()))


def drawn_edge(rule: Edge | None, cell_a: float, rng: np.random.Generator) -> EdgeLine | None:
    """Where the support ends; None if it does not.

    Args:
        rule: the edge.
        cell_a: side of the cell, Å.
        rng: its place and its roughness.
    """
    if rule is None:
        return None
    at_a = cell_a * rule.drawn(lambda _, of: of.draw(rng)).supported
    n = max(8, round(cell_a * _STEPS_PER_A))
    line = np.zeros(n)
    if rule.roughness_a:
        turns = (2 * np.pi * rule.correlation_length_a * np.fft.rfftfreq(n, cell_a / n)) ** 2
        # the Fourier transform of the correlation exp(-y^2 / (2 L^2))
        amplitude = np.exp(-turns / 4)
        amplitude[0] = 0.0
        line = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * amplitude, n)
        line *= rule.roughness_a / max(float(line.std()), 1e-9)
    return EdgeLine(at_a, np.clip(at_a + line, 0.0, cell_a), cell_a)
