"""What a label plane is, and what it is made from."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.labels.phase_label import Label, phase_label
from hrtem_assets.store import Variable


@dataclass(frozen=True)
class LabelSource:
    """One structure, as labels are made from it.

    Attributes:
        campaign: settings.
        specimen: which.
        read_waves: gives the exit waves `full` (particles and substrate) or `vacuum` (particles alone), complex64
            (phonon, y, x); read when a plane asks for them.
        center_a: centre of each particle in Å, (particle, 3): x, y, z.
        radius_a: of each in Å.
        mask_cutoff: soft label at which masks are cut.
        device: computes on it; None for the processor.
    """

    campaign: Campaign
    specimen: Specimen
    read_waves: Callable[[str], NDArray[np.complex64]]
    center_a: NDArray[np.float64]
    radius_a: NDArray[np.float64]
    mask_cutoff: float
    device: Backend | None = None

    @property
    def sampling_a(self) -> float:
        """Pixel in Å."""
        return self.campaign.simulation.output_sampling_a

    @property
    def vacuum_waves(self) -> NDArray[np.complex64]:
        """Exit waves of the particles alone, (phonon, y, x)."""
        return self.read_waves("vacuum")

    @cached_property
    def phase_label(self) -> Label:
        """The source's rule: where the phase of the vacuum wave passes its threshold, smoothed."""
        return phase_label(
            self.vacuum_waves,
            self.sampling_a,
            self.campaign.labels.phase_threshold_rad,
            self.specimen.lattice.label_blur_a,
            self.mask_cutoff,
            self.device,
        )


class LabelPlane(ABC):
    """One label: a value for every pixel of the images, aligned with them to the pixel."""

    name: ClassVar[str]
    """As a campaign names it, and as it is stored; that of its file."""
    definition: ClassVar[str]
    """What a pixel's value says, in one line."""
    dtype: ClassVar[str]
    units: ClassVar[str] = "1"
    attributes: ClassVar[Mapping[str, Any]] = {}
    """Further attributes, such as CF `scale_factor`: what stored values are multiplied by."""
    code_version: ClassVar[str] = "1"
    """Raised when a change of its code changes its values; part of the recipe, but for the source's own two."""

    @abstractmethod
    def make(self, source: LabelSource) -> NDArray[Any]:
        """The plane of a structure, (y, x) on the grid of the images, as stored."""

    def variable(self, side_px: int) -> Variable:
        """The plane in a store's schema.

        Args:
            side_px: of the square images.
        """
        return Variable(
            self.name,
            ("y", "x"),
            (side_px, side_px),
            self.dtype,
            self.units,
            self.definition,
            attributes=self.attributes,
        )
