"""Small structures and atoms for the tests of the waves room."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_assets.campaign import Campaign, Simulation, load_campaign
from hrtem_assets.specimen.structure import SUBSTRATE, Structure
from hrtem_assets.waves.engine import Atoms

CELL_A = 32.0
REFERENCE = Path(__file__).parents[1] / "data" / "reference_waves.npz"
REFERENCE_LATTICES = ("CdSe", "Cu", "Si", "Fe3O4", "Fe")


@cache
def small_campaign(**simulation: Any) -> Campaign:
    """The demo campaign in a cell of 32 Å with two phonons."""
    sizes = {"small": None, "large": None, "medium": {"radius_min_a": 5.0, "radius_max_a": 6.0}}
    settings = {"cell_a": CELL_A, "frozen_phonons": 2} | simulation
    return load_campaign("demo", {"sizes": sizes, "series": None, "simulation": settings})


def small_structure(substrate_atoms: int = 150, particle_atoms: int = 60, seed: int = 1) -> Structure:
    """CdSe-like random atoms above a random carbon substrate."""
    rng = np.random.default_rng(seed)
    particle = rng.uniform((8, 8, 12), (22, 24, 22), (particle_atoms, 3))
    substrate = rng.uniform((0, 0, 0), (CELL_A, CELL_A, 8), (substrate_atoms, 3))
    return Structure(
        positions_a=np.concatenate([particle, substrate]).astype(np.float32),
        numbers=np.r_[rng.choice([34, 48], particle_atoms), np.full(substrate_atoms, 6)].astype(np.uint8),
        particle=np.r_[np.zeros(particle_atoms), np.full(substrate_atoms, SUBSTRATE)].astype(np.int16),
        particles=(),
        requested_particles=1,
        substrate_thickness_a=8.0,
        cell_a=CELL_A,
        seed=seed,
    )


def reference_atoms(lattice: str) -> tuple[Atoms, dict[str, np.ndarray]]:
    """A particle of the reference file and its exit waves [y, x] by calculation."""
    with np.load(REFERENCE) as data:
        positions, numbers = data[f"{lattice}/positions"], data[f"{lattice}/numbers"].astype(np.uint8)
        names = ("prismatic", "abtem_infinite", "abtem_finite")
        waves = {name: data[f"{lattice}/{name}"].T for name in names}
    return Atoms(positions[None], numbers, len(numbers), (CELL_A,) * 3), waves


def reference_simulation(**changes: Any) -> Simulation:
    """The settings under which the reference waves were calculated."""
    settings = {
        "engine": "abtem",
        "cell_a": CELL_A,
        "slice_thickness_a": 2.0,
        "parametrization": "kirkland",
    }
    return Simulation.model_validate(settings | changes)


def agreement(wave: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Mean-removed correlation and rms phase difference (rad) of two waves at 0.2 Å, below 2 /Å."""
    k = np.fft.fftfreq(wave.shape[0], 0.2)
    inside = np.hypot(k[:, None], k) < 2.0
    a, b = (np.fft.ifft2(np.fft.fft2(w.astype(np.complex128)) * inside) for w in (wave, reference))
    difference = np.angle(a * b.conj())
    a, b = a - a.mean(), b - b.mean()
    correlation = abs(np.vdot(a, b)) / (np.linalg.norm(a) * np.linalg.norm(b))
    return float(correlation), float(np.sqrt(np.mean(difference**2)))


def relative_difference(wave: np.ndarray, reference: np.ndarray) -> float:
    """Norm of the difference over the norm of the reference."""
    return float(np.linalg.norm(wave - reference) / np.linalg.norm(reference))
