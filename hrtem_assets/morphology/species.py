"""Atomic numbers of symbols that settings name, and checks of those names."""

from collections.abc import Iterable

from ase.data import atomic_numbers

from hrtem_assets.crystal.crystal import Crystal


def number(symbol: str) -> int:
    """Atomic number of a chemical symbol."""
    return int(atomic_numbers[symbol])


def absent(field: str, symbols: Iterable[str], crystal: Crystal) -> str | None:
    """A fault for elements that a crystal does not hold; None if it holds all."""
    for symbol in symbols:
        if symbol not in crystal.elements:
            return f"{field} names {symbol}, and the lattice holds {', '.join(crystal.elements)} alone; correct it"
    return None
