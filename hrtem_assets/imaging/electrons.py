"""Electrons of an energy, and how atoms scatter them: abTEM's formulas and tables, without loading abTEM.

Loading it takes 2.6 CPU seconds and compiling its scattering factors another 1.2, in every process that computes
waves.
"""

import json
import math
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from ase import units
from ase.data import chemical_symbols
from numpy.typing import NDArray

# between the published parameters and potentials in V, as abTEM has it
_KAPPA = (
    4 * np.pi * (units._eps0 * units.A**2 * units.s**4 / (units.kg * units.m**3))
    / (2 * np.pi * units.Bohr * units._e * units.C)
)  # fmt: skip


def wavelength_a(beam_energy_kev: float) -> float:
    """Relativistic electron wavelength in Å.

    Args:
        beam_energy_kev: beam energy in keV.
    """
    energy = beam_energy_kev * 1e3
    root = math.sqrt(energy * (2 * units._me * units._c**2 / units._e + energy))
    return units._hplanck * units._c / root / units._e * 1e10


def interaction_parameter(beam_energy_kev: float) -> float:
    """Relativistic interaction parameter in rad/(V Å): the phase that a projected potential of 1 V Å gives.

    Args:
        beam_energy_kev: beam energy in keV.
    """
    energy = beam_energy_kev * 1e3
    mass = (1 + units._e * energy / (units._me * units._c**2)) * units._me
    planck = units._hplanck * units.s * units.J
    return 2 * np.pi * mass * units.kg * units._e * units.C * wavelength_a(beam_energy_kev) / planck**2


def scattering_factors(number: int, parametrization: str, k2: NDArray[Any]) -> NDArray[Any]:
    """Projected scattering factors in V Å³, in the precision of `k2`: the transforms of projected potentials.

    abTEM's numbers, its single-precision constants included: Lobato's bit for bit in either precision, Kirkland's to
    the last bit of the exponential.

    Args:
        number: atomic number, 1 to 103.
        parametrization: `lobato` (Lobato and Van Dyck, Acta Cryst. A 70 (2014) 636) or `kirkland` (Advanced
            Computing in Electron Microscopy, 2nd edition, 2010).
        k2: squared spatial frequencies in 1/Å², float32 or float64.

    Raises:
        ValueError: if the parametrization lacks the element.
    """
    tabulated = _table(parametrization)
    symbol = chemical_symbols[number] if 0 < number < len(chemical_symbols) else ""
    if symbol not in tabulated:
        raise ValueError(
            f"parametrization {parametrization!r} has no element of atomic number {number}; "
            f"use elements from H (1) to Lr (103)"
        )
    published = np.array(tabulated[symbol])
    return _lobato(k2, published) if parametrization == "lobato" else _kirkland(k2, published)


def _lobato(k2: NDArray[Any], published: NDArray[np.float64]) -> NDArray[Any]:
    weights = np.pi**2 * published[0] / published[1] ** (3 / 2.0) / _KAPPA
    decays = 2 * np.pi / np.sqrt(published[1])
    k2 = 4 * np.float32(np.pi**2) * k2
    total: Any = 0
    for weight, decay in zip(weights.astype(k2.dtype), decays.astype(k2.dtype), strict=True):
        denominator = k2 + decay * decay
        total = total + (weight / decay / denominator + weight * decay / (denominator * denominator))
    return 8 * np.float32(np.pi) * total


def _kirkland(k2: NDArray[Any], published: NDArray[np.float64]) -> NDArray[Any]:
    weights, shapes = np.pi * published[0] / _KAPPA, 2.0 * np.pi * np.sqrt(published[1])
    heights = np.pi ** (3.0 / 2.0) * published[2] / published[3] ** (3.0 / 2.0) / _KAPPA
    widths = np.pi**2 / published[3]
    rows = (part.astype(k2.dtype) for part in (weights, shapes, heights, widths))
    # what one of these multiplies is float64 there, whatever the precision
    pi, single = np.float64(np.pi), np.float32(np.pi)
    total: Any = 0
    for a, b, c, d in zip(*rows, strict=True):
        total = total + 4 * pi * a / (4 * (single * single) * k2 + b * b)
        total = total + np.sqrt(pi / d) * c * pi / d * np.exp(-(single * single) * k2 / d)
    return total


@cache
def _table(parametrization: str) -> dict[str, Any]:
    spec = find_spec("abtem")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("abtem is not installed; install it with: pip install 'abtem==1.0.11'")
    path = Path(spec.origin).parent / "parametrizations" / "data" / f"{parametrization}.json"
    return dict(json.loads(path.read_text()))
