"""Contamination: an amorphous layer over film and particles."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign.settings import Contamination
from hrtem_assets.morphology.bodies import reach
from hrtem_assets.specimen.film import Unevenness
from hrtem_assets.specimen.particles import domains_of
from hrtem_assets.specimen.structure import Particle
from hrtem_assets.specimen.substrate import random_sequential

UP = np.array([0.0, 0.0, 1.0])


def contamination(
    rule: Contamination,
    thickness_a: float,
    uneven: Unevenness | None,
    faces_a: tuple[float, float],
    particles: Sequence[Particle],
    cell_a: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Atoms within a thickness of the film's faces and the particles', outside of both, float64 (N, 3), Å.

    Args:
        rule: side, density and least distance.
        thickness_a: of the layer.
        uneven: the film's relief, at its back.
        faces_a: z of the film's deepest place and of the face under the particles.
        particles: bodies; periodic in x and y.
        cell_a: side of the cell.
        rng: random numbers.
    """
    layers = []
    back, front = faces_a
    if rule.on("particles"):
        heights = [p.center_a[2] + reach(domains_of(p), UP) - front for p in particles]
        layer = _filled(rule, cell_a, max([0.0, *heights]) + thickness_a, rng)
        layer[:, 2] += front
        near = layer[:, 2] <= front + thickness_a
        inside = np.zeros(len(layer), dtype=bool)
        for particle in particles:
            apart = layer - np.array(particle.center_a)
            apart[:, :2] -= cell_a * np.rint(apart[:, :2] / cell_a)
            if particle.is_sphere:
                distance = np.linalg.norm(apart, axis=1)
                near |= distance <= particle.radius_a + thickness_a
                inside |= distance < particle.radius_a
                continue
            depth = np.max([domain.depth(apart) for domain in domains_of(particle)], axis=0)
            near |= depth >= -thickness_a
            inside |= depth > 0
        layers.append(layer[near & ~inside])
    if rule.on("back"):
        deepest_a = uneven.deepest_a if uneven else 0.0
        highest_a = deepest_a - float(uneven.relief_a.min()) if uneven else 0.0
        layer = _filled(rule, cell_a, thickness_a + highest_a, rng)
        layer[:, 2] += back - thickness_a
        face = np.full(len(layer), back)
        if uneven is not None:
            n = len(uneven.relief_a)
            at = np.minimum((layer[:, :2] / cell_a * n).astype(np.int64), n - 1)
            face = back + deepest_a - uneven.relief_a[at[:, 0], at[:, 1]]
        below = (layer[:, 2] < face) & (layer[:, 2] >= face - thickness_a)
        layers.append(layer[below])
    return np.concatenate(layers)


def _filled(
    rule: Contamination, cell_a: float, height_a: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    box = np.array([cell_a, cell_a, height_a])
    return random_sequential(box, rule.density_atoms_per_a3, rule.min_distance_a, rng)
