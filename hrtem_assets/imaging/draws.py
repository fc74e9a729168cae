"""What the images of a condition are drawn from, and one image's draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hrtem_assets.base.model import recipe_settings
from hrtem_assets.imaging.detector import Detector
from hrtem_assets.imaging.distributions import Distribution, Drawable, Drawn, drawn
from hrtem_assets.imaging.frame import Frame
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.imaging.optics import Optics
from hrtem_assets.imaging.stage import Stage

# groups whose fields are known by their own names
_UNNAMED_GROUPS = ("optics", "aberrations", "chromatic", "stage", "detector", "frame")


class DefocusAndDose(Drawable):
    """What every condition says of its images."""

    defocus_nm: Drawn = drawn(
        ...,
        "nm",
        "defocus from zero, underfocus positive; a number is nominal, and images jitter about it",
        ge=-1000.0,
        le=1000.0,
    )
    dose_e_per_a2: Drawn = drawn(..., "e/Å²", "effective dose", gt=0.0, le=1.0e5)


@dataclass(frozen=True)
class ImageDraw:
    """The values of one image.

    Attributes:
        microscope: with a number in every place.
        defocus_nm: from zero defocus, underfocus positive.
        dose_e_per_a2: effective dose.
        values: of the microscope what was drawn, by the name of its record.
    """

    microscope: Microscope
    defocus_nm: float
    dose_e_per_a2: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class ImageDistribution:
    """What the images of a condition are drawn from.

    Attributes:
        microscope: its numbers may be distributions.
        defocus_nm: from zero defocus, underfocus positive; about a number images jitter, a distribution holds as it is.
        dose_e_per_a2: effective dose, or its distribution.
    """

    microscope: Microscope
    defocus_nm: Any
    dose_e_per_a2: Any

    @classmethod
    def of_recipe(cls, settings: Mapping[str, Any]) -> "ImageDistribution":
        """From the recipe of micrographs.

        Args:
            settings: of the recipe.
        """
        optics = settings["optics"] | {"defocus_jitter_nm": settings["defocus_jitter_nm"]}
        microscope = Microscope(
            optics=Optics.model_validate(optics),
            stage=Stage.model_validate(settings.get("stage", {})),
            detector=Detector.model_validate(settings.get("detector", {})),
            frame=Frame.model_validate(settings.get("frame", {})),
        )
        aim = DefocusAndDose.model_validate(
            {name: settings["condition"][name] for name in DefocusAndDose.model_fields}
        )
        return cls(microscope, aim.defocus_nm, aim.dose_e_per_a2)

    @property
    def records(self) -> dict[str, tuple[str, str]]:
        """What is drawn of the microscope: unit and description by the name of its record."""
        return {
            record_name(path): (unit, description(self.microscope, path))
            for path, (_, unit) in self.microscope.distributions().items()
        }

    def draw(self, seed: int) -> ImageDraw:
        """The values of one image; each is drawn by itself, so that a setting more or less changes no other value.

        Args:
            seed: of the image.
        """
        values: dict[str, float] = {}

        def by_path(path: str, distribution: Distribution) -> float:
            return distribution.draw(
                np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(path.encode())))
            )

        def recorded(path: str, distribution: Distribution) -> float:
            values[record_name(path)] = value = by_path(path, distribution)
            return value

        microscope = self.microscope.drawn(recorded)
        if isinstance(self.defocus_nm, Distribution):
            defocus_nm = by_path("defocus_nm", self.defocus_nm)
        else:
            jitter_nm = microscope.optics.defocus_jitter_nm
            defocus_nm = float(np.random.default_rng(seed).normal(self.defocus_nm, jitter_nm))
        dose: Any = self.dose_e_per_a2
        if isinstance(dose, Distribution):
            dose = by_path("dose_e_per_a2", dose)
        return ImageDraw(microscope, defocus_nm, dose, values)


def microscope_settings(microscope: Microscope) -> dict[str, Any]:
    """The microscope as the recipe of micrographs names it: a group that is as if it did not exist is not named.

    Args:
        microscope: before anything is drawn.
    """
    groups = {
        name: recipe_settings(getattr(microscope, name))
        for name in ("stage", "detector", "frame")
        if getattr(microscope, name) != getattr(Microscope(), name)
    }
    return {"optics": recipe_settings(microscope.optics, exclude={"defocus_jitter_nm"}), **groups}


def record_name(path: str) -> str:
    """The record that holds what was drawn for a field: `optics.aberrations.c30_um` is `c30`, `detector.mtf.c1` is
    `mtf_c1`.
    """
    *groups, name = path.split(".")
    stem, _, unit = name.rpartition("_")
    named = stem if stem and unit in _UNITS else name
    return "_".join([*(g for g in groups if g not in _UNNAMED_GROUPS), named])


_UNITS = ("a", "nm", "um", "mm", "rad", "mrad", "e", "ev", "ppm")


def description(model: Microscope, path: str) -> str:
    """What a field means, without its unit.

    Args:
        model: that holds it.
        path: where.
    """
    holder: Any = model
    *groups, name = path.split(".")
    for group in groups:
        holder = getattr(holder, group)
    text = type(holder).model_fields[name].description or name
    return text.rpartition(" [")[0] if text.endswith("]") else text
