"""Crystals of the literature: cell, sites, and what they must weigh and measure, none of it from the reader."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import spglib
import yaml

from hrtem_assets_tests.crystal.writing import kind_of

FILES = Path(__file__).parents[1] / "data" / "crystals"


@dataclass(frozen=True)
class Known:
    """A crystal with its published figures, as `literature.yaml` lists them."""

    symbol: str
    cell: list[float]
    sites: list[list]
    formula: str
    units: int
    density: float
    bond: list

    @cached_property
    def hall_number(self) -> int:
        """The setting's place in spglib's list, by its symbol."""
        symbol, _, choice = self.symbol.partition(":")
        for number in range(1, 531):
            kind = kind_of(number)
            names = [*kind.international.split("="), kind.international_full]
            if symbol in [name.strip().replace("_", "") for name in names] and choice in kind.choice:
                if len(names) == 3 and symbol != kind.international_full.replace("_", ""):
                    continue
                return number
        raise LookupError(self.symbol)

    @property
    def kind(self) -> spglib.SpaceGroupType:
        """What spglib knows of the setting."""
        return kind_of(self.hall_number)

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """Type symbol and coordinates of each site, as text with six digits."""
        return [(kind, [f"{float(Fraction(str(x))):.6g}" for x in xyz]) for kind, *xyz in self.sites]


KNOWN = {
    name: Known(**entry)
    for name, entry in yaml.safe_load((FILES / "literature.yaml").read_text(encoding="utf-8")).items()
}
