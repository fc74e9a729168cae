"""What every defect is, and the particle that it changes."""

from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.imaging.distributions import Drawable
from hrtem_assets.morphology.bodies import Domain

Record = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Atoms:
    """Atoms of a particle, in its frame.

    Attributes:
        positions_a: float64 (N, 3), Å.
        numbers: atomic numbers, int64 (N,).
        domain: index of the domain of each, int64 (N,); -1 for those outside of all.
    """

    positions_a: NDArray[np.float64]
    numbers: NDArray[np.int64]
    domain: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    def kept(self, keep: NDArray[Any]) -> "Atoms":
        """Those of a mask, or of indices."""
        return Atoms(self.positions_a[keep], self.numbers[keep], self.domain[keep])


@dataclass(frozen=True, eq=False)
class Piece:
    """A particle before it is turned and placed.

    Attributes:
        crystal: what it is made of.
        domains: where, in Å.
        radius_a: of the sphere of equal volume.
        fill: the atoms of some domains.
        scatter: atoms at random in a box of some sides (3,), at a density in atoms/Å³ and a least distance in Å:
            positions.
    """

    crystal: Crystal
    domains: tuple[Domain, ...]
    radius_a: float
    fill: Callable[[Sequence[Domain]], Atoms]
    scatter: Callable[[NDArray[np.float64], float, float, np.random.Generator], NDArray[np.float64]]

    def of(self, domains: Sequence[Domain]) -> "Piece":
        """The same with other domains."""
        return replace(self, domains=tuple(domains))

    def depth(self, atoms: Atoms) -> NDArray[np.float64]:
        """How far each atom lies below the surface, Å."""
        depth = np.empty(len(atoms))
        for k, domain in enumerate(self.domains):
            of = atoms.domain == k
            depth[of] = domain.depth(atoms.positions_a[of])
        depth[atoms.domain < 0] = 0.0
        return depth


class Defect(Drawable, ABC):
    """Something about a particle that a perfect crystal is not; settings that are distributions are drawn for each."""

    name: ClassVar[str]
    defect: str
    records: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """What is kept of each particle: unit and meaning by name; not a number where a particle has none of it."""
    faulted: ClassVar[bool] = False
    """Whether it makes a particle faulted, as labels of classes tell it."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls.name = cls.model_fields["defect"].default

    def refusal(self, crystal: Crystal, domains: Sequence[Domain]) -> str | None:
        """Why a crystal cannot have it, beginning with the setting; None if it can.

        Args:
            crystal: of the particle.
            domains: of one of its bodies.
        """
        return None

    @property
    def added_elements(self) -> tuple[str, ...]:
        """Elements that it brings into the crystal."""
        return ()

    @property
    def growth(self) -> float:
        """Atoms that it may add, by those that are there."""
        return 0.0

    @property
    def most_strain(self) -> float:
        """By how much it may shorten the crystal along a direction."""
        return 0.0

    @property
    def cuts(self) -> int:
        """The most planes along which it parts a particle."""
        return 0

    def cut(self, piece: Piece, rng: np.random.Generator) -> tuple[Piece, Record]:
        """The particle parted into other domains, and what is recorded of it.

        Args:
            piece: before it is filled with atoms.
            rng: random numbers.
        """
        return piece, {}

    def change(self, piece: Piece, atoms: Atoms, rng: np.random.Generator) -> tuple[Atoms, Record]:
        """Other atoms, and what is recorded of them.

        Args:
            piece: the particle.
            atoms: that fill it.
            rng: random numbers.
        """
        return atoms, {}
