"""Classes of several specimens under one numbering."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

CLASSES = "classes"
"""The plane that holds them."""
BACKGROUND = ("vacuum", "substrate")
"""Classes without particles: first, and alike for all specimens."""


def common_classes(meanings: Iterable[Mapping[int, str]]) -> tuple[str, ...]:
    """The names of all classes, those of the background first; the place of each is its common number.

    Args:
        meanings: of each specimen, the names of its classes by their numbers.
    """
    names = {name for of in meanings for name in of.values()}
    background = [name for name in BACKGROUND if name in names]
    return (*background, *sorted(names.difference(background)))


def common_numbers(meanings: Mapping[int, str], names: tuple[str, ...]) -> NDArray[np.int64]:
    """The common number of each number of a specimen: an array to be indexed with its classes.

    Args:
        meanings: names of a specimen's classes by their numbers.
        names: from `common_classes`.
    """
    numbers = np.zeros(max(meanings) + 1, np.int64)
    for number, name in meanings.items():
        numbers[number] = names.index(name)
    return numbers
