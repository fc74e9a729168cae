"""Bodies of several twins: decahedra and icosahedra, whose facets WulffPack finds, and mirrored halves."""

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.exact import determinant, product, unit
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.orientation import frame as axes_of

# WulffPack allows half the least surface energy
MOST_TWIN = 0.5
_DIGITS = 9


def check_twin_energy(twin_energy: float, surfaces: Mapping[str, float]) -> None:
    """Refuse a twin energy at which a particle would rather be one crystal.

    Raises:
        ValueError: names the settings and the repair.
    """
    name = min(surfaces, key=lambda k: surfaces[k])
    if twin_energy >= MOST_TWIN * surfaces[name]:
        raise ValueError(
            f"twin_energy = {twin_energy:g} must be below half of {name} = {surfaces[name]:g}; lower it"
        )


def mirrored_halves(domain: Domain, normal: NDArray[np.float64]) -> tuple[Domain, Domain]:
    """The half of a domain above a plane through the centre, and the same turned by 180 degrees about its normal.

    Args:
        domain: symmetric about the centre.
        normal: of the plane, unit vector.
    """
    upper = domain.cut(-normal, 0.0, inner=True)
    half_turn = 2 * np.outer(normal, normal) - np.eye(3)
    lower = domain.turned(half_turn).cut(normal, 0.0, inner=True)
    return upper, lower


def decahedron(
    crystal: Crystal, energy_111: float, energy_100: float, twin_energy: float
) -> tuple[Domain, ...]:
    """Five domains about [110] of the first, in its frame.

    Args:
        crystal: of a face-centred cubic lattice.
        energy_111: surface energy of {111}.
        energy_100: of {100}.
        twin_energy: of a twin boundary.
    """
    normals, distances, inner = _decahedral_grain(energy_111, energy_100, twin_energy)
    # crystal to WulffPack's frame: [110] along z, [001] along -y, and stretched along x until five fill the circle
    axes = np.array([crystal.direction(v) for v in ((1, -1, 0), (0, 0, -1), (1, 1, 0))])
    stretch = math.tan(math.pi / 5) / math.tan(math.asin(1 / math.sqrt(3)))
    frame = _of_equal_volume(product(np.diag([stretch, 1.0, 1.0]), axes))
    grain = Domain(normals, distances, frame, inner=inner)
    # back into the first domain's frame, so that its directions mean the particle's
    turns = [product(axes.T, Rotation.from_euler("z", 2 * math.pi * k / 5).as_matrix()) for k in range(5)]
    return tuple(grain.turned(turn) for turn in turns)


@lru_cache(maxsize=64)
def _decahedral_grain(
    energy_111: float, energy_100: float, twin_energy: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Normals and distances of one grain in WulffPack's frame, the axis along z; which are twin boundaries."""
    from wulffpack import Decahedron

    found = Decahedron({(1, 1, 1): energy_111, (1, 0, 0): energy_100}, twin_energy)
    return _first_grain(found.forms, 5)


def icosahedron(crystal: Crystal) -> tuple[Domain, ...]:
    """Twenty domains about the centre, in the frame of the first.

    Args:
        crystal: of a face-centred cubic lattice.
    """
    # three edges of a tetrahedron meet at the centre; stretched across [111], they are fivefold axes
    along = crystal.direction((1, 1, 1))
    edges = np.array([crystal.direction(v) for v in ((0, 1, 1), (1, 0, 1), (1, 1, 0))])
    height = float(product(edges[0], along))
    # of an icosahedron: from its centre to a corner and to the middle of a face
    cosine = math.sqrt((5 + 2 * math.sqrt(5)) / 15)
    stretch = math.sqrt(1 / cosine**2 - 1) / math.sqrt(1 / height**2 - 1)
    flat = np.outer(along, along)
    frame = _of_equal_volume(flat + stretch * (np.eye(3) - flat))
    corners = product(edges, frame.T)
    corners = unit(corners)
    sides = np.array([-np.cross(corners[i], corners[(i + 1) % 3]) for i in range(3)])
    # outward: away from the third corner
    sides = np.array([-s * np.sign(product(s, corners[(i + 2) % 3])) for i, s in enumerate(sides)])
    sides = unit(sides)
    grain = Domain(
        np.concatenate([along[None], sides]),
        np.array([1.0, 0.0, 0.0, 0.0]),
        frame,
        inner=np.array([False, True, True, True]),
    )
    turns = [np.eye(3)]
    generators = [Rotation.from_rotvec(2 * math.pi / 5 * corner).as_matrix() for corner in corners[:2]]
    faces = [along]
    # each new face by a fifth of a turn of one already there
    for turn in turns:
        for generator in generators:
            new = product(generator, turn)
            if not any(np.allclose(product(new, along), face, atol=1e-6) for face in faces):
                faces.append(product(new, along))
                turns.append(new)
    # strain has moved the fivefold axis by two degrees: back onto [110]
    back = product(axes_of(edges[2], along), axes_of(corners[2], along).T)
    return tuple(grain.turned(product(back, turn)) for turn in turns)


def _of_equal_volume(frame: NDArray[np.float64]) -> NDArray[np.float64]:
    """A strain that leaves the density as it is: what is stretched along the boundaries is shortened across."""
    return np.asarray(frame / abs(determinant(frame)) ** (1 / 3))


def _first_grain(  # type: ignore[no-untyped-def]  # WulffPack has no types
    forms, grains: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    normals, distances, inner = [], [], []
    for form in forms:
        for facet in form.facets[: len(form.facets) // grains]:
            # its last digits depend on the processor
            normals.append(unit(np.round(unit(facet.normal), _DIGITS)))
            distances.append(round(float(np.mean(product(np.array(facet.vertices), normals[-1]))), _DIGITS))
            inner.append(form.parent_miller_indices == "twin")
    return np.array(normals), np.array(distances), np.array(inner)
