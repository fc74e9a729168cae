"""What every imaging effect is, and what it is told of an image."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.backend.processor import PROCESSOR_BACKEND
from hrtem_assets.base.model import Model
from hrtem_assets.imaging.detector import Detector
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.imaging.optics import Optics
from hrtem_assets.imaging.stage import Stage

Signal = Literal["waves", "intensity", "counts"]
"""What an effect acts on; an image passes through them in this order."""
UNITS: dict[Signal, str] = {
    "waves": "1: spectra of the exit waves of all frozen phonons, whose vacuum amplitude is 1",
    "intensity": "1: the incident beam's is 1",
    "counts": "electrons per pixel; counts, behind the gain",
}


@dataclass(frozen=True)
class Exposure:
    """One image: the values drawn for it, and where it is computed.

    Attributes:
        microscope: its settings, all drawn.
        wavelength_a: electron wavelength, Å.
        sampling_a: pixel of the waves, Å.
        defocus_a: from the exit plane, Å, underfocus positive.
        dose_e_per_a2: effective dose, e/Å².
        seed: of the image.
        backend: where its arrays are.
        side_px: pixels along a side of the detector before binning; None for those of the waves.
    """

    microscope: Microscope
    wavelength_a: float
    sampling_a: float
    defocus_a: float = 0.0
    dose_e_per_a2: float = 1.0
    seed: int = 0
    backend: Backend = PROCESSOR_BACKEND
    side_px: int | None = None

    @property
    def optics(self) -> Optics:
        """The lens and the beam."""
        return self.microscope.optics

    @property
    def stage(self) -> Stage:
        """What moves."""
        return self.microscope.stage

    @property
    def detector(self) -> Detector:
        """The detector."""
        return self.microscope.detector

    @property
    def pixel_a(self) -> float:
        """Pixel of the detector before binning, Å."""
        sampling_a = self.microscope.frame.sampling_a
        return self.sampling_a if sampling_a is None else sampling_a

    @property
    def dose_e_per_px(self) -> float:
        """Electrons per pixel of the detector before binning, where the intensity is 1."""
        return self.dose_e_per_a2 * self.pixel_a**2

    def generator(self, effect: str) -> np.random.Generator:
        """An effect's own random numbers: they depend on the image's seed and its name, not on other effects."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=tuple(effect.encode())))


class ImagingEffect(Model, ABC):
    """One effect between exit wave and stored counts; its fields are its settings.

    An effect is one file in `imaging.effects`. A campaign names it in its list `imaging`.

    Attributes:
        effect: the name, in a campaign's words; a class gives it as a `Literal` with that default.
        takes: what it acts on. Waves become intensities of themselves before the first effect that takes these.
        equation: what it computes.
        source: where that is published.
        code_version: raised when a change of its code changes its numbers; part of the recipe.
        place: where it stands among all effects in the order in which they act in a microscope, unless a campaign
            lists effects in an order of its own.
        packages: distributions whose versions decide its numbers; part of the recipe.
        of_detector: whether a clean image, as the intensity in front of the detector, is without it.
        without: what images lack where it does not act, in a word or two for dataset cards; empty for nothing.
        records: values that it draws or derives for an image, and `apply` returns: unit and description by name.
    """

    effect: str
    name: ClassVar[str]
    takes: ClassVar[Signal]
    equation: ClassVar[str]
    source: ClassVar[str]
    place: ClassVar[int] = 0
    of_detector: ClassVar[bool] = False
    without: ClassVar[str] = ""
    code_version: ClassVar[str] = "1"
    packages: ClassVar[tuple[str, ...]] = ("numpy",)
    records: ClassVar[Mapping[str, tuple[str, str]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls.name = cls.model_fields["effect"].default

    def acts(self, microscope: Microscope) -> bool:
        """Whether a campaign that lists no effects has it: whether its settings, drawn or not, ask for it.

        Args:
            microscope: before anything is drawn.
        """
        return False

    def gives(self, microscope: Microscope) -> Signal:
        """What comes out of it."""
        return self.takes

    def version(self, microscope: Microscope) -> str:
        """The code version that a recipe names, where it depends on the settings.

        Args:
            microscope: before anything is drawn.
        """
        return self.code_version

    def mean_bounds(self, least: float, most: float, exposure: Exposure) -> tuple[float, float]:
        """Between which values the mean of an image lies behind it, but for noise.

        Args:
            least: of the mean before it; of waves, of their intensity.
            most: likewise.
            exposure: the image.
        """
        return least, most

    @abstractmethod
    def apply(
        self, image: Any, exposure: Exposure, rng: np.random.Generator
    ) -> tuple[Any, Mapping[str, float]]:
        """Act on one image, without changing the array that is given.

        Args:
            image: of the exposure's array namespace. Waves: complex64 (phonon, ky, kx), spectra in FFT order.
                Intensity or counts: real (y, x). Units are those of `UNITS`.
            exposure: the image.
            rng: the effect's own random numbers for this image.

        Returns:
            the array of what the effect gives, and the values of its `records`.
        """

    @abstractmethod
    def sentence(self, microscope: Microscope, dose_e_per_a2: Any) -> str:
        """What it did, with its values or what they are drawn from, in one sentence for dataset cards.

        Args:
            microscope: before anything is drawn; `distributions.in_words` writes its numbers.
            dose_e_per_a2: effective dose, e/Å², or its distribution.
        """


def beam_tilt_per_a(optics: Optics, wavelength_a: float) -> tuple[float, float]:
    """Spatial frequency (y, x) of the beam from the axis of the lens, 1/Å.

    Args:
        optics: tilt and its azimuth, from x to y.
        wavelength_a: electron wavelength, Å.
    """
    tilt = 1e-3 * optics.tilt_mrad / wavelength_a
    return tilt * math.sin(optics.tilt_azimuth_rad), tilt * math.cos(optics.tilt_azimuth_rad)


def frequencies(shape: tuple[int, ...], sampling_a: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Spatial frequencies of rows (ny, 1) and columns (1, nx), float64, 1/Å, in FFT order.

    Args:
        shape: of an array whose last two axes are y and x.
        sampling_a: pixel, Å.
    """
    ky, kx = (np.fft.fftfreq(n, sampling_a) for n in shape[-2:])
    return ky[:, None], kx[None, :]
