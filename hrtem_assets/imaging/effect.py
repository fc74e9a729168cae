"""What every imaging effect is, and what it is told of an image."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.backend.processor import PROCESSOR_BACKEND
from hrtem_assets.base.model import Model
from hrtem_assets.imaging.optics import Optics

Signal = Literal["waves", "intensity", "counts"]
UNITS: dict[Signal, str] = {
    "waves": "1: spectra of the exit waves of all frozen phonons, whose vacuum amplitude is 1",
    "intensity": "1: the incident beam's is 1",
    "counts": "electrons per pixel",
}


@dataclass(frozen=True)
class Exposure:
    """One image: the values drawn for it, and where it is computed.

    Attributes:
        optics: the microscope.
        wavelength_a: electron wavelength, Å.
        sampling_a: pixel, Å.
        defocus_a: from the exit plane, Å, underfocus positive.
        dose_e_per_a2: effective dose, e/Å².
        seed: of the image.
        backend: where its arrays are.
    """

    optics: Optics
    wavelength_a: float
    sampling_a: float
    defocus_a: float = 0.0
    dose_e_per_a2: float = 1.0
    seed: int = 0
    backend: Backend = PROCESSOR_BACKEND

    @classmethod
    def of_recipe(cls, settings: Mapping[str, Any], sampling_a: float) -> "Exposure":
        """What a recipe of micrographs says of all its images.

        Args:
            settings: of the recipe.
            sampling_a: pixel, Å; NaN where it does not matter.
        """
        optics, dose = Optics.model_validate(settings["optics"]), settings["condition"]["dose_e_per_a2"]
        return cls(optics, np.nan, sampling_a, dose_e_per_a2=dose)

    @property
    def dose_e_per_px(self) -> float:
        """Electrons per pixel where the intensity is 1."""
        return self.dose_e_per_a2 * self.sampling_a**2

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
        packages: distributions whose versions decide its numbers; part of the recipe.
        records: values that it draws or derives for an image, and `apply` returns: unit and description by name.
    """

    effect: str
    name: ClassVar[str]
    takes: ClassVar[Signal]
    equation: ClassVar[str]
    source: ClassVar[str]
    code_version: ClassVar[str] = "1"
    packages: ClassVar[tuple[str, ...]] = ("numpy",)
    records: ClassVar[Mapping[str, tuple[str, str]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls.name = cls.model_fields["effect"].default

    def gives(self, optics: Optics) -> Signal:
        """What comes out of it."""
        return self.takes

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
    def sentence(self, exposure: Exposure) -> str:
        """What it did, with its values, in one sentence for dataset cards."""


def frequencies(shape: tuple[int, ...], sampling_a: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Spatial frequencies of rows (ny, 1) and columns (1, nx), float64, 1/Å, in FFT order.

    Args:
        shape: of an array whose last two axes are y and x.
        sampling_a: pixel, Å.
    """
    ky, kx = (np.fft.fftfreq(n, sampling_a) for n in shape[-2:])
    return ky[:, None], kx[None, :]
