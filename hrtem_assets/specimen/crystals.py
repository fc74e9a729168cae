"""Perfect crystals: a lattice of the campaign as a Construction Zone generator, and what it must weigh and measure."""

from functools import lru_cache

import numpy as np
from ase.data import atomic_masses
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hrtem_assets.campaign import Lattice
from hrtem_assets.specimen.czone_compat import Generator, crystal_axes_as_columns

LEAST_DISTANCE_A = 0.7
ATOMIC_MASS_G_PER_CM3_A3 = 1.66053907

_Sites = tuple[tuple[str, tuple[float, float, float]], ...]


class CrystalGenerator(Generator):
    """czone's generator of crystals, with the axes of its cell as columns and atoms supplied by array arithmetic."""

    def supply_atoms(self, bbox: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Atoms of all unit cells that reach into the convex hull of some points.

        Args:
            bbox: points, (N, 3), Å.

        Returns:
            positions, float64 (M, 3), Å, and atomic numbers, int64 (M,).
        """
        low, high = self.voxel.get_extents(bbox)
        bases = self.voxel.sbases
        # sums along each axis and no large matrix product, whose last bit may depend on the number of threads
        steps = [
            np.arange(a, b + 1)[:, None] * bases[:, i] for i, (a, b) in enumerate(zip(low, high, strict=True))
        ]
        cells = steps[0][:, None, None] + steps[1][:, None] + steps[2]
        positions = cells[..., None, :] + (self.coords @ bases.T + self.voxel.origin)
        numbers = np.broadcast_to(np.array(self.species, dtype=np.int64), positions.shape[:-1])
        return positions.reshape(-1, 3), numbers.reshape(-1)


def crystal_generator(lattice: Lattice, name: str = "lattice") -> CrystalGenerator:
    """The Construction Zone generator of a lattice, its origin at 0, c along z.

    Args:
        lattice: space group, cell and sites.
        name: how error messages name the lattice.

    Raises:
        ValueError: if the space group does not suit the cell, or two atoms nearly coincide.
    """
    sites = tuple((site.element, site.position) for site in lattice.sites)
    try:
        generator = _expanded(lattice.space_group, lattice.cell, sites)
    except ValueError as error:
        raise ValueError(
            f"lattices.{name}: space group {lattice.space_group} does not suit its cell "
            f"{lattice.cell}: {error}; correct either"
        ) from error
    distance = _shortest_distance(generator)
    if distance < LEAST_DISTANCE_A:
        raise ValueError(
            f"lattices.{name}: two atoms are {distance:.3f} Å apart, less than {LEAST_DISTANCE_A} Å; "
            f"{_repair(lattice.space_group)}"
        )
    # callers may move theirs
    return generator.from_generator()


def density_g_per_cm3(lattice: Lattice) -> float:
    """Mass density of a lattice in g/cm³."""
    generator = crystal_generator(lattice)
    mass = float(atomic_masses[list(generator.species)].sum())
    return mass * ATOMIC_MASS_G_PER_CM3_A3 / generator.lattice.volume


def atoms_per_a3(lattice: Lattice) -> float:
    """Number density of a lattice in atoms/Å³."""
    generator = crystal_generator(lattice)
    return len(generator.species) / generator.lattice.volume


def shortest_distance_a(lattice: Lattice) -> float:
    """Shortest distance between two atoms of a lattice in Å."""
    return _shortest_distance(crystal_generator(lattice))


def most_atoms_in_sphere(lattice: Lattice, radius_a: float, faults: int = 0, name: str = "lattice") -> int:
    """An upper bound on the atoms of a spherical particle, wherever its centre lies in the unit cell.

    The unit cells centred on the points of a Bravais lattice within a region do not overlap and lie within
    that region widened by half the cell's longest diagonal; the ratio of volumes bounds their number. A
    fault plane parts the sphere into two such regions.

    Args:
        lattice: the crystal.
        radius_a: radius of the sphere in Å.
        faults: number of stacking faults.
        name: how error messages name the lattice.
    """
    bases = crystal_generator(lattice, name).voxel.bases
    signs = np.array([(1, 1, 1), (1, 1, -1), (1, -1, 1), (-1, 1, 1)])
    margin = np.linalg.norm(signs @ bases.T, axis=1).max() / 2
    # czone counts atoms up to 1e-5 Å beyond a surface
    wide = radius_a + margin + 1e-4
    volume = 4 / 3 * np.pi * wide**3 + faults * np.pi * wide**2 * 2 * (margin + 1e-4)
    return int(np.ceil(volume * atoms_per_a3(lattice)))


@lru_cache(maxsize=256)
def _expanded(
    space_group: int, cell: tuple[float, float, float, float, float, float], sites: _Sites
) -> CrystalGenerator:
    # the expansion by a cubic group takes nearly a second
    generator = CrystalGenerator.from_spacegroup(
        Z=[element for element, _ in sites],
        coords=[position for _, position in sites],
        cellDims=cell[:3],
        cellAngs=cell[3:],
        sgn=space_group,
    )
    crystal_axes_as_columns(generator)
    return generator


def _shortest_distance(generator: CrystalGenerator) -> float:
    """Over what the generator supplies, not over pymatgen's cell: the two have differed."""
    bases = generator.voxel.bases
    home = np.mod(generator.coords, 1.0)
    shifts = np.stack(np.meshgrid(*[(-1, 0, 1)] * 3), axis=-1).reshape(-1, 1, 3)
    around = cKDTree((home + shifts).reshape(-1, 3) @ bases.T)
    distances, _ = around.query(home @ bases.T, k=2)
    return float(distances[:, 1].min())


def _repair(space_group: int) -> str:
    if space_group == 227:
        return (
            "space group 227 is read in origin choice 1 (spinel: 8a at 0, 0, 0, 16d at 5/8, 5/8, 5/8): "
            "if the sites are given in origin choice 2, add 1/8 to x, y and z of each, or supply a CIF"
        )
    return (
        f"check that the sites are those of space group {space_group} in its standard setting (origin "
        f"choice 1 where there are two), list each symmetry-independent site once, or supply a CIF"
    )
