"""Stacking of close-packed layers: twins and stacking faults as half-turns about the normal at a layer.

In fcc a half-turn at one layer is a twin, at two neighbouring layers an intrinsic and at every other layer an extrinsic
stacking fault; in wurtzite and hcp one half-turn is the fault I1.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.exact import inverse, length, product
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.crystals_of_shapes import need_stacking
from hrtem_assets.morphology.defect import Piece

# between atoms, which lie on layers
_BETWEEN_A = 1e-3


def layers(piece: Piece) -> tuple[NDArray[np.float64], float, float, float]:
    """Close-packed layers of a particle of one domain.

    Args:
        piece: the particle.

    Returns:
        their normal, float64 (3,); their spacing in Å; the least and the greatest height that the particle reaches, in
        Å above the first layer of the crystal's first atom.
    """
    (domain,) = piece.domains
    plane = need_stacking(piece.crystal, "it")
    normal = _across(domain, piece.crystal.normal(plane))
    spacing = piece.crystal.spacing_a(plane)
    if plane == (0, 0, 1):
        # two layers along c
        spacing /= 2
    zero = float(product(_anchor(piece.crystal, domain), normal))
    return normal, spacing, -domain.reach(-normal) - zero, domain.reach(normal) - zero


def turned_at(piece: Piece, heights: Sequence[int]) -> tuple[Domain, ...]:
    """A particle of one domain parted at layers, all above each turned by 180 degrees about the normal there.

    Args:
        piece: the particle.
        heights: ascending numbers of layers, as `layers` counts them.
    """
    (domain,) = piece.domains
    if not len(heights):
        return piece.domains
    normal, spacing, _, _ = layers(piece)
    zero = float(product(_anchor(piece.crystal, domain), normal))
    half_turn = 2 * np.outer(normal, normal) - np.eye(3)
    parts, frame, origin = [], domain.frame, domain.origin
    below = -np.inf
    for height in (*heights, None):
        above = np.inf if height is None else zero + height * spacing - _BETWEEN_A
        part = replace(domain, frame=frame, origin=origin)
        if np.isfinite(below):
            part = part.cut(-normal, -below, inner=True)
        if height is not None:
            part = part.cut(normal, above, inner=True)
            at = _atom_on(
                piece.crystal, replace(domain, frame=frame, origin=origin), normal, above + _BETWEEN_A
            )
            frame, origin = product(half_turn, frame), product(half_turn, origin - at) + at
        parts.append(part)
        below = above
    return tuple(parts)


def chosen_heights(
    rng: np.random.Generator, wanted: int, low: float, high: float, apart: int, from_surface: int
) -> list[int]:
    """Whole numbers drawn between two heights, uniform over all choices that keep their distances.

    Args:
        rng: random numbers.
        wanted: how many are asked for; as many as fit are returned.
        low: least height, in layers.
        high: greatest.
        apart: least difference of two.
        from_surface: least distance from both heights.
    """
    lowest, highest = int(np.ceil(low + from_surface)), int(np.floor(high - from_surface))
    slots = max(0, highest - lowest + 1)
    placed = min(wanted, -(-slots // apart))
    if not placed:
        return []
    # with the space that the distances use up taken out, any distinct choice is valid
    free = slots - (placed - 1) * (apart - 1)
    chosen = np.sort(rng.choice(free, size=placed, replace=False))
    return [int(lowest + p + i * (apart - 1)) for i, p in enumerate(chosen)]


def _across(domain: Domain, normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """A plane's normal in the particle's frame: of a strained crystal, normals turn by the inverse transpose."""
    turned = product(inverse(domain.frame).T, normal)
    return np.asarray(turned / length(turned))


def _anchor(crystal: Crystal, domain: Domain) -> NDArray[np.float64]:
    return np.asarray(
        domain.origin + product(domain.frame, product(crystal.atoms.fractions[0], crystal.vectors_a))
    )


def _atom_on(
    crystal: Crystal, domain: Domain, normal: NDArray[np.float64], height: float
) -> NDArray[np.float64]:
    """An atom of the first one's element on a layer, near the particle's centre."""
    atoms = crystal.atoms
    steps = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    # the unit cell that holds the middle of the layer
    middle = np.linalg.solve((product(domain.frame, crystal.vectors_a.T)), height * normal - domain.origin)
    first = np.array([s == atoms.symbols[0] for s in atoms.symbols])
    places = (np.floor(middle) + steps)[:, None] + atoms.fractions[first]
    places = product(places.reshape(-1, 3), crystal.vectors_a, domain.frame.T) + domain.origin
    on = places[np.abs(product(places, normal) - height) < 5e-3]
    return np.asarray(on[length(on - height * normal).argmin()])
