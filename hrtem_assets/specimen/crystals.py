"""Perfect crystals: a lattice as a Construction Zone generator, and how many atoms a sphere of it can hold."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Lattice
from hrtem_assets.campaign.materials import Phase
from hrtem_assets.crystal.atoms import Listed
from hrtem_assets.crystal.cells import Cell
from hrtem_assets.crystal.choices import unit_cell
from hrtem_assets.specimen.czone_compat import Generator, crystal_axes_as_columns


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
        ValueError: if Construction Zone's crystal is not the one that was checked when the campaign was loaded.
    """
    generator = _expanded(lattice.space_group, lattice.choice, lattice.cell, lattice.listed)
    if len(generator.species) != len(lattice.atoms):
        raise ValueError(
            f"lattices.{name}: Construction Zone puts {len(generator.species)} atoms into the unit cell, but "
            f"{lattice.setting} puts {len(lattice.atoms)}; give coordinates of special positions exactly"
        )
    # callers may move theirs
    return generator.from_generator()


def atoms_per_a3(lattice: Lattice) -> float:
    """Number density of a lattice in atoms/Å³."""
    generator = crystal_generator(lattice)
    return len(generator.species) / generator.lattice.volume


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


def most_atoms_in_body(phase: Phase, radius_a: float, cuts: int = 0) -> int:
    """As `most_atoms_in_sphere`, for the bodies that a phase's rule makes.

    Args:
        phase: a crystal, and how its particles are made.
        radius_a: of the sphere of equal volume, Å.
        cuts: planes that part a particle, besides those of its rule.
    """
    crystal, rule = phase.lattice.crystal, phase.rule
    signs = np.array([(1, 1, 1), (1, 1, -1), (1, -1, 1), (-1, 1, 1)])
    margin = float(np.linalg.norm(signs @ crystal.vectors_a, axis=1).max() / 2) + 2e-3
    volume = rule.most_volume(crystal, radius_a, margin, cuts)
    # strains shorten a crystal by a fifth at most
    dense = 1 / (1 - rule.most_strain) ** 3
    return int(np.ceil(volume * crystal.atoms_per_a3 * (1 + rule.most_extra) * dense))


@lru_cache(maxsize=256)
def _expanded(space_group: int, choice: str, cell: Cell, listed: Listed) -> CrystalGenerator:
    # the expansion by a cubic group takes nearly a second
    if choice in ("2", "R"):
        # pymatgen has the other origin and axes
        atoms = unit_cell(space_group, choice, cell, listed)
        space_group, elements, positions = 1, list(atoms.symbols), atoms.fractions.tolist()
    else:
        elements, positions = [element for element, _ in listed], [position for _, position in listed]
    generator = CrystalGenerator.from_spacegroup(
        Z=elements, coords=positions, cellDims=cell[:3], cellAngs=cell[3:], sgn=space_group
    )
    crystal_axes_as_columns(generator)
    return generator
