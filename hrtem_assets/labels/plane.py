"""What a label plane is, and what it is made from."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.labels.columns import Columns, columns
from hrtem_assets.labels.phase_label import Label, phase_label
from hrtem_assets.labels.silhouettes import Silhouette, instances, silhouettes
from hrtem_assets.specimen.silhouette import outline
from hrtem_assets.specimen.structure import Particle, Structure
from hrtem_assets.store import Variable

Wave = Literal["full", "vacuum"]
"""Exit waves of particles and substrate, or of the particles alone."""


@dataclass(frozen=True)
class LabelSource:
    """One structure, as labels are made from it.

    Attributes:
        campaign: settings.
        specimen: which.
        read_waves: gives exit waves, complex64 (phonon, y, x); read when a label asks for them.
        read_structure: gives the atomic model; likewise.
        particles: as they were made.
        mask_cutoff: soft label at which masks are cut.
        device: computes on it; None for the processor.
    """

    campaign: Campaign
    specimen: Specimen
    read_waves: Callable[[Wave], NDArray[np.complex64]]
    read_structure: Callable[[], Structure]
    particles: tuple[Particle, ...]
    mask_cutoff: float
    device: Backend | None = None

    @property
    def sampling_a(self) -> float:
        """Pixel in Å."""
        return self.campaign.simulation.output_sampling_a

    @property
    def side_px(self) -> int:
        """Pixels along a side."""
        return self.campaign.simulation.output_grid

    @cached_property
    def vacuum_waves(self) -> NDArray[np.complex64]:
        """Exit waves of the particles alone, (phonon, y, x)."""
        return self.read_waves("vacuum")

    @cached_property
    def structure(self) -> Structure:
        """The atomic model."""
        return self.read_structure()

    @cached_property
    def silhouettes(self) -> list[Silhouette]:
        """Where each particle lies, seen along the beam."""
        return silhouettes(self.structure, self.sampling_a, self.side_px)

    @cached_property
    def outline(self) -> NDArray[np.bool_]:
        """Pixels that a particle's body covers, bool (y, x); of atoms from files, their silhouettes."""
        if self.specimen.phases:
            return outline(self.particles, self.campaign.simulation.cell_a, self.side_px)
        covered = np.zeros((self.side_px, self.side_px), bool)
        for shape in self.silhouettes:
            covered[shape.box] |= shape.covered
        return covered

    @cached_property
    def instances(self) -> NDArray[np.int64]:
        """To which particle each pixel of the mask belongs: 1 for the first, 0 for none."""
        return instances(self.phase_label.mask, self.silhouettes, self.structure, self.sampling_a)

    @cached_property
    def columns(self) -> Columns:
        """Columns of atoms that stand along the beam."""
        return columns(self.structure, [phase.lattice for phase in self.specimen.phases])

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


@dataclass(frozen=True)
class ImageSource:
    """One image, as labels are made from it.

    Attributes:
        read_intensity: gives the intensity that reaches the detector from exit waves of one kind, through the same
            lens and stage, before the detector blurs it and electrons are counted: float32 (y, x) on the pixels of
            the image, 1 for the incident beam.
    """

    read_intensity: Callable[[Wave], NDArray[np.float32]]


class Plane(ABC):
    """A value for every pixel of the images, aligned with them to the pixel."""

    name: ClassVar[str]
    """As a campaign names it, and as it is stored; that of its file."""
    definition: ClassVar[str]
    """What a pixel's value says, in one line."""
    dtype: ClassVar[str]
    units: ClassVar[str] = "1"
    attributes: ClassVar[Mapping[str, Any]] = {}
    """Further attributes, such as CF `scale_factor`: what stored values are multiplied by."""
    stored_part: ClassVar[float] = 0.05
    """Roughly what compression leaves of its bytes, as measured."""
    code_version: ClassVar[str] = "1"
    """Raised when a change of its code changes its values; part of the recipe, but for the source's own two."""

    def variable(self, side_px: int, specimen: Specimen) -> Variable:
        """The plane in a store's schema.

        Args:
            side_px: of the square images.
            specimen: whose store it is.
        """
        return Variable(
            self.name,
            ("y", "x"),
            (side_px, side_px),
            self.dtype,
            self.units,
            self.definition,
            attributes={**self.attributes, **self.attributes_of(specimen)},
        )

    def refusal(self, campaign: Campaign) -> str | None:
        """Why it cannot be made of a campaign's structures, with the setting, its range and the repair; None if it can.

        Args:
            campaign: settings.
        """
        return None

    def attributes_of(self, specimen: Specimen) -> Mapping[str, Any]:
        """Further attributes that depend on the specimen.

        Args:
            specimen: whose store it is.
        """
        return {}


LEVELS = 255
IN_LEVELS: Mapping[str, float] = {"scale_factor": 1 / LEVELS, "add_offset": 0.0}
"""Attributes of planes from 0 to 1 that are stored in levels."""


def in_levels(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Values from 0 to 1 as they are stored."""
    return np.rint(values * LEVELS).astype(np.uint8)


class LabelPlane(Plane):
    """A plane of a structure, the same for every image of it; kept by the asset `labels`."""

    @abstractmethod
    def make(self, source: LabelSource) -> NDArray[Any]:
        """The plane of a structure, (y, x) on the grid of the stored waves, as stored."""

    def on_image(self, plane: NDArray[Any], regrid: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[Any]:
        """The plane on the pixels of an image, of the same type.

        Args:
            plane: as made.
            regrid: interpolates amounts, and takes what lies nearest of whole numbers that name something.
        """
        return regrid(plane)


class ImagePlane(Plane):
    """A plane of an image; kept by the asset `micrographs`."""

    @abstractmethod
    def make(self, source: ImageSource) -> NDArray[Any]:
        """The plane of an image, (y, x) on its pixels, as stored."""
