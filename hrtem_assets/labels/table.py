"""What a label table is, and what it is made from."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.imaging.detector import Detector
from hrtem_assets.labels.plane import LabelSource
from hrtem_assets.store import Variable

PARTS = "parts"
"""The attribute of a column of several numbers that names each."""


@dataclass(frozen=True)
class CropSource:
    """One image of a training set, as tables are made from it.

    Attributes:
        planes: its label planes by name, (y, x) on its pixels.
        particles: how many the structure holds.
        pixel_a: after binning, Å.
        dose_e_per_a2: effective dose.
        detector: drawn.
    """

    planes: Mapping[str, NDArray[Any]]
    particles: int
    pixel_a: float
    dose_e_per_a2: float
    detector: Detector


class Table(ABC):
    """Values for each particle, or each column of atoms, of an image."""

    name: ClassVar[str]
    """As a campaign names it; that of its file."""
    definition: ClassVar[str]
    """What its rows are, in one line."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Label planes that it is made from."""
    is_array: ClassVar[bool] = False
    """Whether it is too long to be kept among the records of a store."""
    code_version: ClassVar[str] = "1"
    """Raised when a change of its code changes its values; part of the recipe."""

    @abstractmethod
    def variables(self, campaign: Campaign, specimen: Specimen) -> tuple[Variable, ...]:
        """Its columns in a store's schema; all have the same first dimension, longer than any table.

        Args:
            campaign: settings.
            specimen: whose store it is.
        """


class LabelTable(Table):
    """A table of a structure, the same for every image of it; kept by the asset `labels`."""

    @abstractmethod
    def make(self, source: LabelSource) -> Mapping[str, Any]:
        """Values of each column, a row each; fewer than its dimension holds."""


class CropTable(Table):
    """A table of an image of a training set; kept there."""

    @abstractmethod
    def make(self, source: CropSource) -> Mapping[str, Any]:
        """Values of each column, a row each; fewer than its dimension holds."""
