"""Imaging conditions: distributions of images, and their partition keys."""

import re
from typing import Any, Self

from pydantic import (
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from hrtem_assets.campaign.names import check_name
from hrtem_assets.imaging.detector import Detector
from hrtem_assets.imaging.distributions import Distribution
from hrtem_assets.imaging.draws import DefocusAndDose
from hrtem_assets.imaging.frame import Frame
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.imaging.optics import Optics
from hrtem_assets.imaging.stage import Stage

_DECIMALS = 6
_LIKE_A_KEY = re.compile(r"df\+[0-9.]+nm_[0-9.]+e")
_GROUPS = tuple(Microscope.model_fields)


class Condition(DefocusAndDose):
    """A distribution of images: defocus relative to a structure's zero defocus, dose, and whatever of the microscope
    is not as the campaign says; each a number or a distribution.
    """

    name: str | None = Field(
        None, description="partition key; by default made from defocus and dose, where both are numbers"
    )
    optics: Optics = Field(Optics(), description="what differs from the campaign's optics")
    stage: Stage = Field(Stage(), description="what differs from the campaign's stage")
    detector: Detector = Field(Detector(), description="what differs from the campaign's detector")
    frame: Frame = Field(Frame(), description="what differs from the campaign's frame")

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.name is not None:
            check_name("condition", self.name)
            if _LIKE_A_KEY.fullmatch(self.name):
                raise ValueError(
                    f"name {self.name} reads like a key made from defocus and dose; choose another"
                )
            return self
        for name in ("defocus_nm", "dose_e_per_a2"):
            value: Any = getattr(self, name)
            if isinstance(value, Distribution):
                raise ValueError(
                    f"{name} is drawn, so the condition needs a name; add name: drawn, or another"
                )
            if value and round(value, _DECIMALS) == 0:
                raise ValueError(
                    f"{name} = {value} is less than a condition's key can show ({_DECIMALS} decimals); write 0 or more"
                )
        if self.differs:
            groups = ", ".join(self.differs)
            raise ValueError(
                f"{groups} of its own: the key of defocus and dose does not tell it; give the condition a name"
            )
        return self

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        # a default that was not written must not replace what the campaign says
        whole = handler(self)
        groups = {g: getattr(self, g).model_dump(mode=info.mode, exclude_unset=True) for g in self.differs}
        plain = {k: v for k, v in whole.items() if k not in _GROUPS and (k != "name" or v is not None)}
        return plain | groups

    @property
    def differs(self) -> tuple[str, ...]:
        """The groups of settings of which it has its own."""
        return tuple(g for g in _GROUPS if getattr(self, g).model_fields_set)

    @property
    def key(self) -> str:
        """Its name, or a partition key such as `df-10nm_400e` or `df+05nm_075e`; fractions as in `df+02.5nm_400e`."""
        if self.name is not None:
            return self.name
        defocus = _padded(abs(self.defocus_nm), 2)
        sign = "-" if self.defocus_nm < 0 else "+"
        return f"df{sign}{defocus}nm_{_padded(self.dose_e_per_a2, 3)}e"

    @property
    def aim(self) -> dict[str, Any]:
        """Its defocus and dose as a recipe names them."""
        return self.model_dump(mode="json", include=set(DefocusAndDose.model_fields))

    def microscope(self, usual: Microscope) -> Microscope:
        """The microscope of its images.

        Args:
            usual: the campaign's.

        Raises:
            ValidationError: if its settings do not go with the campaign's.
        """
        return usual.model_copy(
            update={g: getattr(usual, g).overlaid(getattr(self, g)) for g in self.differs}
        )


def _padded(value: float, width: int) -> str:
    whole, _, fraction = f"{value:.{_DECIMALS}f}".partition(".")
    fraction = fraction.rstrip("0")
    return whole.zfill(width) + (f".{fraction}" if fraction else "")
