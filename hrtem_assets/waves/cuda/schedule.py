"""What happens in which slice: who is multiplied by which transmission function, and how far it goes on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TO_FULL, TO_VACUUM = 1, 2


@dataclass(frozen=True)
class Transmission:
    """One transmission function per configuration of some structures.

    Attributes:
        with_substrate: whether it is that of all atoms of the slice, or of its particle atoms alone.
        flags: int32 (structures,), who is multiplied by it: the sum of TO_FULL and TO_VACUUM, or 0.
    """

    with_substrate: bool
    flags: NDArray[np.int32]


@dataclass(frozen=True)
class Step:
    """A slice in which at least one structure has atoms. Halves are (structure, full or vacuum), counted through.

    Attributes:
        slice: its number.
        transmissions: one, or two where substrate atoms and particle atoms share the slice.
        distance: int32 (halves,), slices to go afterwards; 0 for a half that has no atoms here.
        ends: bool (halves,), whether that takes it to the exit plane.
    """

    slice: int
    transmissions: tuple[Transmission, ...]
    distance: NDArray[np.int32]
    ends: NDArray[np.bool_]


def schedule(counts: NDArray[np.int64], phonons: int) -> list[Step]:
    """The slices of a batch that hold atoms, in the order of the beam.

    A slice counts as empty for a structure where it is empty in all of its configurations. A wave that has met no
    atom is still the incident one and does not move.

    Args:
        counts: int64 (structures * phonons, slices, 2), particle atoms and substrate atoms.
        phonons: configurations of a structure.
    """
    slices = counts.shape[1]
    held = np.any(counts.reshape(-1, phonons, slices, 2) > 0, axis=1)
    particles, substrate = held[..., 0], held[..., 1]
    active = np.stack([particles | substrate, particles], axis=1).reshape(-1, slices)
    distance, ends = _distances(active)
    steps = []
    for s in np.flatnonzero(active.any(axis=0)).tolist():
        mixed = particles[:, s] & substrate[:, s]
        everything = TO_FULL * (particles[:, s] | substrate[:, s]) + TO_VACUUM * (particles[:, s] & ~mixed)
        transmissions = [Transmission(True, everything.astype(np.int32))]
        if mixed.any():
            transmissions.append(Transmission(False, (TO_VACUUM * mixed).astype(np.int32)))
        steps.append(Step(s, tuple(transmissions), distance[:, s], ends[:, s]))
    return steps


def _distances(active: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Slices from each active one to the next active one or to the end, and whether it is the end."""
    distance, ends = np.zeros(active.shape, np.int32), np.zeros(active.shape, bool)
    for half, slices in enumerate(active):
        indices = np.flatnonzero(slices)
        distance[half, indices] = np.diff(np.append(indices, len(slices)))
        ends[half, indices[-1:]] = True
    return distance, ends


def runs(chosen: NDArray[np.bool_], longest: int) -> Iterator[tuple[int, int]]:
    """First and number of neighbours that are chosen, split into powers of two so that few Fourier plans will do.

    Args:
        chosen: bool (n,).
        longest: greatest length, a power of two.
    """
    edges = np.flatnonzero(np.diff(np.r_[False, chosen, False].astype(np.int8)))
    for begin, end in edges.reshape(-1, 2).tolist():
        while begin < end:
            length = min(longest, 1 << ((end - begin).bit_length() - 1))
            yield begin, length
            begin += length
