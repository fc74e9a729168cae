"""Files of atoms: every format that ASE reads, each frame checked."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.base.files import shown
from hrtem_assets.crystal.elements import LAST_NUMBER, covalent_radius_a

MOST_ATOMS = 5_000_000
MOST_FILES = 100_000
# beyond, threads are worth their start
MANY_ATOMS = 50_000
# of the sum of two covalent radii: nearer atoms are a slip of units or an overlap
LEAST_OF_RADII = 0.5


@dataclass(frozen=True, eq=False)
class Frame:
    """Atoms of one frame.

    Attributes:
        positions_a: float64 (N, 3), Å.
        numbers: atomic numbers, uint8 (N,).
        cell_a: sides of its cell, Å; None where it has none, or one that is not a box along the axes.
        columns: further columns of numbers, by name, each (N,).
    """

    positions_a: NDArray[np.float64]
    numbers: NDArray[np.uint8]
    cell_a: tuple[float, float, float] | None
    columns: dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Facts:
    """What a frame amounts to.

    Attributes:
        atoms: their number.
        numbers: atomic numbers in it, ascending.
        radius_a: of a sphere of the same mean square distance of atoms from their centre, Å.
        extent_a: the greatest distance of an atom from their centre, Å.
        sides_a: of the box around the atoms, Å.
        shortest_a: shortest distance between two atoms, Å.
        shortest_words: which, and whether they overlap; empty if they do not.
        cell_a: of the frame, if it is a box along the axes.
        columns: further columns of numbers, by name: one more than their greatest value.
    """

    atoms: int
    numbers: tuple[int, ...]
    radius_a: float
    extent_a: float
    sides_a: tuple[float, float, float]
    shortest_a: float
    shortest_words: str
    cell_a: tuple[float, float, float] | None
    columns: tuple[tuple[str, int], ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of further columns of numbers."""
        return tuple(name for name, _ in self.columns)

    def most(self, column: str) -> int:
        """How many things a column numbers from 0."""
        return dict(self.columns)[column]


def find_files(pattern: str) -> tuple[Path, ...]:
    """The files that a pattern such as `frames/*.xyz` names, in the order of their names.

    Raises:
        ValueError: if there is none.
    """
    parts = Path(pattern).parts
    fixed = next((k for k, part in enumerate(parts) if any(sign in part for sign in "*?[")), len(parts) - 1)
    found = tuple(
        path for path in sorted(Path(*parts[:fixed]).glob(str(Path(*parts[fixed:])))) if path.is_file()
    )
    if not found:
        raise ValueError(
            f"atoms = {shown(pattern)} names no file; correct the path, relative to the campaign's file"
        )
    if len(found) > MOST_FILES:
        raise ValueError(
            f"atoms = {shown(pattern)} names {len(found):,} files, more than {MOST_FILES:,}; name fewer"
        )
    return found


def digest(path: Path) -> str:
    """What a file holds, as 16 hexadecimal digits; read again only when it has changed."""
    stat = path.stat()
    return _digest(path, stat.st_mtime_ns, stat.st_size)


@dataclass(frozen=True)
class Reading:
    """How files are read.

    Attributes:
        index: which frames, as Python writes slices: `:`, `::10`, `-1`.
        elements_by_type: elements of atom types 1, 2, ..., for files that tell types only.
        format: ASE's name of the format; None to tell by the file.
    """

    index: str = ":"
    elements_by_type: tuple[str, ...] | None = None
    format: str | None = None


def facts(path: Path, reading: Reading) -> tuple[Facts, ...]:
    """What each frame of a file amounts to; read again only when the file has changed.

    Args:
        path: the file.
        reading: how.

    Raises:
        ValueError: if it cannot be read, or a frame cannot be simulated; names file and frame.
    """
    stat = path.stat()
    return _facts(path, reading, stat.st_mtime_ns, stat.st_size)


def read_frame(path: Path, reading: Reading, number: int) -> Frame:
    """One frame of a file.

    Args:
        path: the file.
        reading: how.
        number: of the frame among those that it names.
    """
    stat = path.stat()
    return _frames(path, reading, stat.st_mtime_ns, stat.st_size)[number]


@lru_cache(maxsize=4096)
def _digest(path: Path, _time: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:16]


@lru_cache(maxsize=4)
def _frames(path: Path, reading: Reading, _time: int, _size: int) -> tuple[Frame, ...]:
    from ase.io import read

    index = reading.index
    try:
        parsed = read(
            path, index=index if ":" in index else f"{index}:{int(index) + 1 or ''}", format=reading.format
        )
    except Exception as error:
        raise ValueError(
            f"atoms: {shown(str(path))} cannot be read by ASE: {type(error).__name__}: {error}; name its format by "
            "ASE's name as `format`, such as lammps-data or lammps-dump-text, or correct the file"
        ) from None
    frames = parsed if isinstance(parsed, list) else [parsed]
    if not frames:
        raise ValueError(f"atoms: {shown(str(path))} holds no frame {index!r}; correct `frames`")
    return tuple(_frame(path, number, atoms, reading.elements_by_type) for number, atoms in enumerate(frames))


def _frame(path: Path, number: int, atoms: Any, elements_by_type: tuple[str, ...] | None) -> Frame:
    where = f"atoms: frame {number} of {shown(str(path))}"
    numbers = np.asarray(atoms.numbers)
    if not len(numbers):
        raise ValueError(f"{where} holds no atoms; leave it out")
    if len(numbers) > MOST_ATOMS:
        raise ValueError(f"{where} holds {len(numbers):,} atoms, more than {MOST_ATOMS:,}; cut out a part")
    if elements_by_type is not None:
        from ase.data import atomic_numbers

        types = np.asarray(atoms.arrays.get("type", numbers)).astype(int)
        if types.min() < 1 or types.max() > len(elements_by_type):
            raise ValueError(
                f"{where} has atom types {types.min()} to {types.max()}, and elements_by_type names "
                f"{len(elements_by_type)} elements; name one for each type, from 1"
            )
        numbers = np.array([atomic_numbers[e] for e in elements_by_type])[types - 1]
    if numbers.min() < 1 or numbers.max() > LAST_NUMBER:
        raise ValueError(
            f"{where} has an atom of number {int(numbers.min() if numbers.min() < 1 else numbers.max())}; elements "
            f"from H (1) to Lr ({LAST_NUMBER}) can be simulated: correct the file, or name elements_by_type"
        )
    positions = np.asarray(atoms.positions, np.float64)
    if not np.isfinite(positions).all():
        raise ValueError(f"{where} has positions that are not numbers; correct the file")
    box = np.asarray(atoms.cell)
    along_axes = np.allclose(box, np.diag(np.diag(box)), atol=1e-6) and (np.diag(box)[:2] > 0).all()
    columns = {
        name: np.asarray(values)
        for name, values in atoms.arrays.items()
        if np.ndim(values) == 1 and name != "numbers" and np.asarray(values).dtype.kind in "biuf"
    }
    a, b, c = (float(x) for x in np.diag(box))
    return Frame(positions, numbers.astype(np.uint8), (a, b, c) if along_axes else None, columns)


@lru_cache(maxsize=4096)
def _facts(path: Path, reading: Reading, time: int, size: int) -> tuple[Facts, ...]:
    return tuple(_facts_of(frame) for frame in _frames(path, reading, time, size))


def _facts_of(frame: Frame) -> Facts:
    from ase.data import chemical_symbols
    from scipy.spatial import cKDTree

    positions, numbers = frame.positions_a, frame.numbers
    from_centre = positions - positions.mean(axis=0)
    squared = np.einsum("ij,ij->i", from_centre, from_centre)
    shortest, words = np.inf, ""
    if len(positions) > 1:
        workers = -1 if len(positions) > MANY_ATOMS else 1
        distances, other = cKDTree(positions).query(positions, k=2, workers=workers)
        distances, other = distances[:, 1], other[:, 1]
        shortest = float(distances.min())
        radius = np.zeros(LAST_NUMBER + 1)
        for number in np.unique(numbers):
            radius[number] = covalent_radius_a(chemical_symbols[number])
        ratio = distances / (radius[numbers] + radius[numbers[other]])
        worst = int(ratio.argmin())
        if ratio[worst] < LEAST_OF_RADII:
            pair = "-".join(chemical_symbols[int(n)] for n in (numbers[worst], numbers[other[worst]]))
            words = f"atoms {worst} and {int(other[worst])} ({pair}) are {distances[worst]:.3f} Å apart"
    low, high = positions.min(axis=0), positions.max(axis=0)
    x, y, z = (float(v) for v in high - low)
    return Facts(
        atoms=len(numbers),
        numbers=tuple(int(n) for n in np.unique(numbers)),
        # a ball's mean square distance is 3/5 of its radius squared
        radius_a=float(np.sqrt(5 / 3 * squared.mean())),
        extent_a=float(np.sqrt(squared.max())),
        sides_a=(x, y, z),
        shortest_a=shortest,
        shortest_words=words,
        cell_a=frame.cell_a,
        columns=tuple(
            (name, 1 if values.dtype.kind == "b" else int(np.floor(values.max())) + 1)
            for name, values in frame.columns.items()
            if np.isfinite(values).all()
        ),
    )
