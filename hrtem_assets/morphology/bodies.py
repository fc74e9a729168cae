"""Bodies: convex domains of crystal within planes, whose volume, extents and path along the beam are exact.

A particle is one domain, or several that share faces, as those of a decahedron. All lies in the particle's frame: the
crystal's own, of its first domain, with the origin at the particle's centre.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.crystal.exact import length, product

Array = NDArray[np.float64]

# equal to all that matters: a millionth of the body's size
_FLAT = 1e-6
# points along a side for the volume of what has no formula: good to 1e-4
_GRID = 512


@dataclass(frozen=True, eq=False)
class Domain:
    """A convex piece of crystal: all r with normals . r <= distances, and within a ball if there is one.

    Attributes:
        normals: outward unit normals of its faces, float64 (M, 3).
        distances: of the faces from the particle's centre, float64 (M,); in Å, or in radii of the sphere of equal
            volume.
        frame: from the crystal's frame to the particle's, float64 (3, 3); no rotation alone where the domain is
            strained.
        origin: where the crystal's origin lies, float64 (3,), Å.
        inner: which faces are shared with another domain, bool (M,).
        ball: radius of a sphere about the particle's centre beyond which there is nothing.
    """

    normals: Array
    distances: Array
    frame: Array = field(default_factory=lambda: np.eye(3))
    origin: Array = field(default_factory=lambda: np.zeros(3))
    inner: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    ball: float = math.inf

    def __post_init__(self) -> None:
        if not len(self.inner):
            object.__setattr__(self, "inner", np.zeros(len(self.distances), bool))

    def scaled(self, factor: float) -> "Domain":
        """The same domain larger by a factor; the crystal in it stays."""
        return replace(self, distances=self.distances * factor, ball=self.ball * factor)

    def grown(self, by_a: float) -> "Domain":
        """With the outer faces moved out, Å; inner ones stay."""
        moved = self.distances + np.where(self.inner, 0.0, by_a)
        return replace(self, distances=moved, ball=self.ball + by_a)

    def cut(self, normal: Array, distance: float, inner: bool = False) -> "Domain":
        """The part of it with normal . r <= distance."""
        return replace(
            self,
            normals=np.concatenate([self.normals, normal[None]]),
            distances=np.append(self.distances, distance),
            inner=np.append(self.inner, inner),
        )

    def turned(self, rotation: Array) -> "Domain":
        """Turned as a whole about the particle's centre."""
        return replace(
            self,
            normals=product(self.normals, rotation.T),
            frame=product(rotation, self.frame),
            origin=product(rotation, self.origin),
        )

    def holds(self, points: Array, tolerance: float = _FLAT) -> NDArray[np.bool_]:
        """Which points (N, 3) lie in it or on its faces."""
        inside = np.ones(len(points), bool)
        for normal, distance in zip(self.normals, self.distances, strict=True):
            inside &= product(points, normal) <= distance + tolerance
        if math.isfinite(self.ball):
            inside &= np.square(points).sum(axis=1) <= (self.ball + tolerance) ** 2
        return inside

    def depth(self, points: Array) -> Array:
        """How far points (N, 3) lie below the nearest outer face; negative outside."""
        depth = np.full(len(points), np.inf)
        for normal, distance, inner in zip(self.normals, self.distances, self.inner, strict=True):
            if not inner:
                np.minimum(depth, distance - product(points, normal), out=depth)
        if math.isfinite(self.ball):
            np.minimum(depth, self.ball - length(points), out=depth)
        return depth

    def vertices(self) -> Array:
        """Corners of what the planes enclose, float64 (N, 3); of a ball without planes, those of a cube about it.

        Raises:
            ValueError: if the planes enclose nothing, or not everything.
        """
        return _corners(*self.enclosing())

    def enclosing(self) -> tuple[Array, Array]:
        """Normals (M, 3) and distances (M,) of planes that enclose it."""
        if not math.isfinite(self.ball):
            return self.normals, self.distances
        # a cube about the ball, which encloses what the planes alone need not
        normals = np.concatenate([self.normals, np.eye(3), -np.eye(3)])
        return normals, np.concatenate([self.distances, np.full(6, self.ball)])

    def reach(self, direction: Array) -> float:
        """The largest r . direction of its points, for a unit vector."""
        most = float((product(self.vertices(), direction)).max())
        if not math.isfinite(self.ball):
            return most
        most = min(most, self.ball)
        for normal, distance in zip(self.normals, self.distances, strict=True):
            cosine = float(product(normal, direction))
            if cosine * self.ball > distance > -self.ball:
                # the circle that the plane cuts out of the sphere
                rim = math.sqrt(max(0.0, self.ball**2 - distance**2))
                most = min(most, distance * cosine + rim * math.sqrt(max(0.0, 1 - cosine**2)))
        return most

    def volume(self) -> float:
        """Its volume: of a polyhedron exact, of a ball and its caps by formula, else by quadrature to 1e-4."""
        if not math.isfinite(self.ball):
            return _hull(self.vertices())[0]
        planes = self.distances[self.distances < self.ball]
        if len(planes) == 0:
            return 4 / 3 * math.pi * self.ball**3
        if len(planes) == 1:
            height = self.ball - max(float(planes[0]), -self.ball)
            return 4 / 3 * math.pi * self.ball**3 - math.pi * height**2 * (3 * self.ball - height) / 3
        at: Array = (np.arange(_GRID, dtype=np.float64) + 0.5) * (2 * self.ball / _GRID) - self.ball
        return float(path([self], at, at).sum() * (2 * self.ball / _GRID) ** 2)


def volume(domains: Sequence[Domain]) -> float:
    """Of all domains together, in the cube of their unit."""
    return sum(domain.volume() for domain in domains)


def of_unit_size(domains: Sequence[Domain]) -> tuple[Domain, ...]:
    """Scaled to the volume of a sphere of radius 1."""
    factor = (4 / 3 * math.pi / volume(domains)) ** (1 / 3)
    return tuple(domain.scaled(factor) for domain in domains)


def reach(domains: Sequence[Domain], direction: Array) -> float:
    """The largest r . direction of a body, for a unit vector."""
    return max(domain.reach(direction) for domain in domains)


def circumradius(domains: Sequence[Domain]) -> float:
    """Radius of the smallest sphere about the centre that holds the body."""
    return max(min(domain.ball, float(length(domain.vertices()).max())) for domain in domains)


def inradius(domains: Sequence[Domain]) -> float:
    """Radius of the largest sphere within any one domain."""
    return max(_inscribed(*domain.enclosing())[1] for domain in domains)


def most_cells(domains: Sequence[Domain], margin: float) -> float:
    """An upper bound on the volume within a margin of any of some domains (Steiner's formula), by their own units.

    Args:
        domains: of a body.
        margin: of the same unit.
    """
    total = 0.0
    for domain in domains:
        corners = domain.vertices()
        radius = min(float(length(corners - corners.mean(axis=0)).max()), 2 * domain.ball)
        if math.isfinite(domain.ball):
            inside, surface = domain.volume(), 4 * math.pi * domain.ball**2
        else:
            inside, surface = _hull(corners)
        # a convex body in a sphere has no larger surface and mean width than that
        total += inside + surface * margin + 4 * math.pi * radius * margin**2 + 4 / 3 * math.pi * margin**3
    return total


def path(domains: Sequence[Domain], x: Array, y: Array, centre: tuple[float, float] = (0.0, 0.0)) -> Array:
    """Length along z within a body, float64 (y, x).

    Args:
        domains: turned into the frame whose z is the beam's.
        x: where, float64 (nx,), of the domains' unit.
        y: float64 (ny,).
        centre: where the body's centre lies.
    """
    x, y = x - centre[0], y - centre[1]
    total = np.zeros((len(y), len(x)))
    for domain in domains:
        low, high = np.full_like(total, -np.inf), np.full_like(total, np.inf)
        if math.isfinite(domain.ball):
            half = np.sqrt(np.maximum(domain.ball**2 - y[:, None] ** 2 - x[None] ** 2, 0.0))
            low, high = -half, half
        for (nx, ny, nz), distance in zip(domain.normals, domain.distances, strict=True):
            left = distance - nx * x[None] - ny * y[:, None]
            if nz > 1e-9:
                high = np.minimum(high, left / nz)
            elif nz < -1e-9:
                low = np.maximum(low, left / nz)
            else:
                high = np.where(left < 0, -np.inf, high)
        total += np.maximum(high - low, 0.0)
    return total


def _inscribed(normals: Array, distances: Array) -> tuple[Array, float]:
    """Middle and radius of the largest sphere within planes."""
    from scipy.optimize import linprog

    found = linprog(
        [0, 0, 0, -1],
        A_ub=np.column_stack([normals, np.ones(len(normals))]),
        b_ub=distances,
        bounds=[(None, None)] * 3 + [(0, None)],
    )
    size = float(np.abs(distances).max())
    if found.status == 3:
        raise ValueError("its faces leave it open: name faces on all sides")
    if found.status != 0 or found.x[3] < _FLAT * size:
        raise ValueError("its faces enclose nothing")
    return found.x[:3], float(found.x[3])


def _corners(normals: Array, distances: Array) -> Array:
    from scipy.spatial import HalfspaceIntersection, QhullError

    size = float(np.abs(distances).max())
    middle, _ = _inscribed(normals, distances)
    try:
        corners = HalfspaceIntersection(np.column_stack([normals, -distances]), middle).intersections
    except QhullError:
        raise ValueError("its faces enclose nothing, or leave it open") from None
    if not np.isfinite(corners).all() or np.abs(corners).max() > 1e3 * size:
        raise ValueError("its faces leave it open: name faces on all sides")
    return np.asarray(corners)


def _hull(corners: Array) -> tuple[float, float]:
    """Volume and surface of a convex polyhedron."""
    from scipy.spatial import ConvexHull

    hull = ConvexHull(corners)
    return float(hull.volume), float(hull.area)
